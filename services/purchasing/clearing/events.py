"""What is published of clearing."""

from uuid import UUID

from events.envelope import Event


class MemberCleared(Event, type="alliance.purchasing.member_cleared.v1"):
    """Of the company that gave notice no commitment and no obligation is open here; `notice` is the id of
    its `notice_given`.
    """

    company: UUID
    notice: UUID


EVENTS = (MemberCleared,)
