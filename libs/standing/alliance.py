"""An alliance as its members service has told it so far, and how its events change that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from events.envelope import Head
from events.ids import AllianceId, CompanyId, PersonId
from money import Money, Rate, Ratio
from standing.roles import PRESENT, Role, Status


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Floor(_Document):
    """Under which a member gets too little for what it gives: at the end of a window, ratio under `ratio` and
    net under minus `threshold`.
    """

    ratio: Ratio
    window: Literal["half_year", "year", "rolling_24_months"]
    threshold: Money


class Charter(_Document):
    """What the other services need of a charter: a part of the members service's own."""

    version: int
    from_day: date
    currency: str
    time_zone: str
    hourly_rates: Mapping[str, Money]
    money_rate: Rate
    tariffs: Mapping[str, Money] = {}
    purchase_sharing: str
    tender_sharing: str
    declaration_limit: Money
    backdating_days: int | None
    coordinator_independent: bool
    notice_days: int
    gain_to_attest: Money | None = None
    witnesses: tuple[str, ...] = ()
    """Verifier keys."""
    witness_quorum: int = 0
    floor: Floor | None = None
    """None only in what was kept of a charter before floors were."""


class Member(_Document):
    """A company in the alliance."""

    company: UUID
    name: str
    status: Status
    since: date


class Granted(_Document):
    """A role that a person has; of a company for directors and delegates."""

    person: str
    role: Role
    company: UUID | None = None


class Standing(_Document):
    """An alliance as its members service has told it so far."""

    alliance: UUID
    name: str
    founded_on: date
    charters: tuple[Charter, ...] = ()
    members: Mapping[UUID, Member] = {}
    roles: tuple[Granted, ...] = ()

    def charter_on(self, day: date) -> Charter | None:
        """The charter in force on a day; None before the first."""
        in_force = [charter for charter in self.charters if charter.from_day <= day]
        return max(in_force, key=lambda charter: charter.version, default=None)

    def charter_numbered(self, version: int) -> Charter:
        return next(charter for charter in self.charters if charter.version == version)

    def roles_of(self, person: PersonId) -> tuple[Granted, ...]:
        """Roles that count: those of companies that are not, or no longer, in the alliance do not."""
        return tuple(
            granted
            for granted in self.roles
            if granted.person == person
            and (granted.company is None or self.members[granted.company].status in PRESENT)
        )

    def companies_of(self, person: PersonId, statuses: Collection[Status]) -> frozenset[CompanyId]:
        """Companies in one of these statuses for which a person is, or once was, director or delegate."""
        return frozenset(
            CompanyId(granted.company)
            for granted in self.roles
            if granted.person == person
            and granted.company is not None
            and self.members[granted.company].status in statuses
        )

    def today(self, now: datetime) -> date:
        """The day it is for the alliance: in the time zone of its latest charter."""
        zone = self.charters[-1].time_zone if self.charters else "UTC"
        return now.astimezone(ZoneInfo(zone)).date()


STATUS_EVENTS: Final[Mapping[str, Status]] = {
    "alliance.members.founder_joined.v1": Status.ACTIVE,
    "alliance.members.company_applied.v1": Status.APPLIED,
    "alliance.members.member_admitted.v1": Status.PILOT,
    "alliance.members.member_activated.v1": Status.ACTIVE,
    "alliance.members.application_rejected.v1": Status.REJECTED,
    "alliance.members.member_suspended.v1": Status.SUSPENDED,
    "alliance.members.member_reinstated.v1": Status.ACTIVE,
    "alliance.members.notice_given.v1": Status.NOTICE,
    "alliance.members.member_left.v1": Status.LEFT,
    "alliance.members.member_expelled.v1": Status.EXPELLED,
}
FOUNDED: Final = "alliance.members.alliance_founded.v1"
CHARTER: Final = "alliance.members.charter_put_in_force.v1"
GRANTED: Final = "alliance.members.role_granted.v1"
WITHDRAWN: Final = "alliance.members.role_withdrawn.v1"
CARD: Final = "alliance.members.card_filled_in.v1"
TELLING: Final = frozenset({FOUNDED, CHARTER, GRANTED, WITHDRAWN, CARD, *STATUS_EVENTS})
"""The types that say something of it: `evolve` passes over all others."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is used of one event of the members service."""

    alliance: AllianceId
    sequence: int
    type: str
    effective_on: date
    data: Mapping[str, Any]

    @classmethod
    def by(cls, head: Head) -> "Told":
        day = date.fromisoformat(head.envelope["effectiveon"])
        return cls(head.alliance, head.sequence, head.type, day, head.envelope["data"])


def evolve(standing: Standing | None, told: Told) -> Standing | None:
    """Pure. Events that say nothing of who stands where leave it as it is; None before the founding."""
    data = told.data
    if told.type == FOUNDED:
        return Standing(alliance=told.alliance, name=data["name"], founded_on=told.effective_on)
    if standing is None:
        return None
    if told.type == CHARTER:
        charter = Charter.model_validate(
            {**data["terms"], "version": data["version"], "from_day": data["from_day"]}
        )
        return standing.model_copy(update={"charters": (*standing.charters, charter)})
    if told.type == GRANTED:
        return standing.model_copy(update={"roles": (*standing.roles, Granted.model_validate(data))})
    if told.type == WITHDRAWN:
        withdrawn = Granted.model_validate(data)
        return standing.model_copy(
            update={"roles": tuple(role for role in standing.roles if role != withdrawn)}
        )
    if told.type in STATUS_EVENTS or told.type == CARD:
        return standing.model_copy(update={"members": {**standing.members, **_member(standing, told)}})
    return standing


def _member(standing: Standing, told: Told) -> dict[UUID, Member]:
    company = UUID(told.data["company"])
    known = standing.members.get(company)
    name = told.data.get("name") or (known.name if known else "")
    if told.type == CARD:
        assert known is not None
        return {company: known.model_copy(update={"name": name})}
    return {
        company: Member(company=company, name=name, status=STATUS_EVENTS[told.type], since=told.effective_on)
    }
