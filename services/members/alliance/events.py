"""What is published of the founding and of roles. People are ids: names stand in the directory alone."""

from uuid import UUID

from events.envelope import Event
from standing import Role


class AllianceFounded(Event, type="alliance.members.alliance_founded.v1"):
    """The first event of an alliance; its effective date is the day of the founding."""

    name: str
    founder: str


class RoleGranted(Event, type="alliance.members.role_granted.v1"):
    """A person may act in a role from now on; for `company` where the role is one of a company."""

    person: str
    role: Role
    company: UUID | None


class RoleWithdrawn(Event, type="alliance.members.role_withdrawn.v1"):
    """What was granted no longer holds."""

    person: str
    role: Role
    company: UUID | None


EVENTS = (AllianceFounded, RoleGranted, RoleWithdrawn)
