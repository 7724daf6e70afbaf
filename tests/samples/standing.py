"""An alliance as it stands, for decisions taken without any server."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from events.envelope import LIFE, Event, Recorded
from events.ids import AllianceId, PersonId
from members.charter.events import Terms
from samples.charter import charter
from standing import Charter, Given, Granted, Member, Role, Standing, Status

FOUNDED_ON = date(2025, 1, 2)
CALLER = PersonId("c" * 32)


def given(
    companies: Iterable[UUID],
    *,
    role: str = "coordinator",
    company: UUID | None = None,
    status: Status = Status.ACTIVE,
    effective_on: date = date(2025, 1, 16),
    now: datetime = datetime(2025, 1, 16, 12, tzinfo=UTC),
    **terms: Any,
) -> Given:
    """All companies with one status, and a caller with one role; the sample's charter with `terms`."""
    whole = Terms.model_validate(charter(**terms)).model_dump(mode="json")
    standing = Standing(
        alliance=uuid4(),
        name="Alliance des Trois-Rives",
        founded_on=FOUNDED_ON,
        charters=(Charter.model_validate({**whole, "version": 1, "from_day": FOUNDED_ON}),),
        members={
            one: Member(company=one, name="A company", status=status, since=FOUNDED_ON) for one in companies
        },
        roles=(Granted(person=CALLER, role=Role(role), company=company),),
    )
    return Given(standing, CALLER, now, effective_on)


def recorded(event: Event, effective_on: date = FOUNDED_ON) -> Recorded[Any]:
    """An event as it is read back."""
    return Recorded(
        id=str(uuid4()),
        service="members",
        alliance=AllianceId(uuid4()),
        stream="stream/1",
        version=1,
        sequence=1,
        time=datetime(2025, 1, 2, tzinfo=UTC),
        actor=CALLER,
        correlation="",
        causation=None,
        effective_on=effective_on,
        charter_version=1,
        project=LIFE,
        event=event,
    )
