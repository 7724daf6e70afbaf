"""Who stands where in an alliance: charters, members, roles; folded from the members service's events.

Every service follows them, so that an expulsion bites everywhere; the members service folds its own in the
command's transaction. Events are known by wire name: no service's code is imported, and a test holds the
names and fields used here to the members service's published contract. One small document an alliance, kept
parsed in the process as long as its sequence stays the same.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from events.envelope import Head
from events.errors import Invalid, NotFound
from events.execute import Call
from events.ids import SYSTEM, AllianceId, CompanyId, PersonId
from events.store import Transaction
from money import Money, Rate

SCHEMA: Final = files(__package__).joinpath("standing.sql").read_text()
KEPT: Final = 1024


class Role(StrEnum):
    """What a person may be in an alliance; the last two for one company."""

    COORDINATOR = "coordinator"
    INDEPENDENT = "independent_person"
    AUDITOR = "auditor"
    DIRECTOR = "director"
    DELEGATE = "delegate"


OF_A_COMPANY: Final = frozenset({Role.DIRECTOR, Role.DELEGATE})


class Status(StrEnum):
    """Where a membership stands (domain.md, "Membership")."""

    APPLIED = "applied"
    PILOT = "pilot"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    NOTICE = "notice_given"
    LEFT = "left"
    REJECTED = "rejected"
    EXPELLED = "expelled"


COMMITTING: Final = frozenset({Status.PILOT, Status.ACTIVE})
"""Who may take on something new."""

PRESENT: Final = frozenset({*COMMITTING, Status.SUSPENDED, Status.NOTICE})
"""Who is in the alliance: its people see it."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


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


class Standings:
    """The documents of one service's database."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[AllianceId, tuple[int, Standing]] = OrderedDict()

    async def read(self, transaction: Transaction, alliance: AllianceId) -> Standing | None:
        """As committed, or as this transaction has changed it; None for an unknown alliance."""
        known = self._parsed.get(alliance)
        row = await transaction.raw.fetchrow(
            "SELECT sequence, CASE WHEN sequence <> $2 THEN document END AS document"
            " FROM standing WHERE alliance_id = $1",
            alliance,
            known[0] if known else 0,
        )
        if row is None:
            return None
        if known is None or row["document"] is not None:
            known = (row["sequence"], Standing.model_validate_json(row["document"]))
            self._parsed[alliance] = known
            if len(self._parsed) > KEPT:
                self._parsed.popitem(last=False)
        return known[1]

    async def apply(self, transaction: Transaction, alliance: AllianceId, told: Sequence[Told]) -> None:
        """Folds events in, in the transaction that records them or moves the position past them."""
        row = await transaction.raw.fetchrow(
            "SELECT document FROM standing WHERE alliance_id = $1 FOR UPDATE", alliance
        )
        before = Standing.model_validate_json(row["document"]) if row else None
        standing = before
        for event in told:
            standing = evolve(standing, event)
        if standing is None or standing is before:
            return
        await transaction.raw.execute(
            "INSERT INTO standing VALUES ($1, $2, $3) ON CONFLICT (alliance_id)"
            " DO UPDATE SET sequence = excluded.sequence, document = excluded.document",
            alliance,
            told[-1].sequence,
            standing.model_dump_json().encode(),
        )


@dataclass(frozen=True, slots=True)
class Given:
    """What every decision rests on beside its stream: the alliance as it stands, and who asks when."""

    standing: Standing
    caller: PersonId
    now: datetime
    effective_on: date
    more: Any = field(default=None)
    """What one command needs beyond this, loaded under the lock."""

    @property
    def charter(self) -> Charter:
        """In force on the effective date."""
        charter = self.standing.charter_on(self.effective_on)
        if charter is None:
            raise Invalid("effective_on_before_charter", pointer="/effective_on")
        return charter

    @property
    def charter_version(self) -> int:
        charter = self.standing.charter_on(self.effective_on)
        return charter.version if charter else 0

    @property
    def currency(self) -> str:
        return self.charter.currency

    @property
    def today(self) -> date:
        return self.standing.today(self.now)

    def has(self, *roles: Role) -> bool:
        return any(granted.role in roles for granted in self.standing.roles_of(self.caller))

    @property
    def companies(self) -> frozenset[CompanyId]:
        """The companies that the caller acts for."""
        return frozenset(
            CompanyId(granted.company)
            for granted in self.standing.roles_of(self.caller)
            if granted.company is not None
        )

    def acts_for(self, company: UUID) -> bool:
        return company in self.companies

    def may_read(self, owner: UUID) -> bool:
        """Whether a sealed figure of `owner` opens to the caller (domain.md, "What stays private")."""
        if self.acts_for(owner) or self.has(Role.AUDITOR, Role.INDEPENDENT):
            return True
        latest = self.standing.charters[-1] if self.standing.charters else None
        return self.has(Role.COORDINATOR) and latest is not None and latest.coordinator_independent

    def member(self, company: UUID) -> Member:
        """Raises NotFound for a company that is not, and never was, of this alliance."""
        member = self.standing.members.get(company)
        if member is None:
            raise NotFound("company_unknown")
        return member

    def with_more(self, more: Any) -> "Given":
        return replace(self, more=more)


def given(standing: Standing | None, call: Call) -> Given:
    """Raises NotFound to who has no role in the alliance: it must not even learn that it exists."""
    if standing is None:
        raise NotFound("alliance_unknown")
    if call.actor != SYSTEM and not standing.roles_of(call.actor):
        raise NotFound("alliance_unknown")
    return Given(standing, call.actor, call.now, effective_day(standing, call))


def effective_day(standing: Standing, call: Call) -> date:
    """The business date of a command: today unless it says otherwise; never before founding or in the
    future.
    """
    today = standing.today(call.now)
    day = call.effective_on
    if day is None:
        return today
    if day > today:
        raise Invalid("effective_on_in_future", pointer="/effective_on", today=today)
    if day < standing.founded_on:
        raise Invalid("effective_on_before_founding", pointer="/effective_on", founded_on=standing.founded_on)
    limit = standing.charters[-1].backdating_days if standing.charters else None
    if limit is not None and (today - day).days > limit:
        raise Invalid("effective_on_too_far_back", pointer="/effective_on", days=limit)
    return day


def told_of(heads: Iterable[Head]) -> list[Told]:
    return [Told.by(head) for head in heads]
