"""What every decision rests on beside its own stream: the alliance as it stands, and who asks when."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from events.decision import Call
from events.errors import Invalid, NotFound
from events.ids import SYSTEM, CompanyId, PersonId
from standing.alliance import Charter, Member, Standing
from standing.roles import Role, Status


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

    @property
    def applying(self) -> frozenset[CompanyId]:
        """The companies of the caller that ask to be admitted: their people see these and no other."""
        return self.standing.companies_of(self.caller, {Status.APPLIED})

    @property
    def reads_all(self) -> bool:
        """Whether every company's figures open to the caller."""
        if self.has(Role.AUDITOR, Role.INDEPENDENT):
            return True
        latest = self.standing.charters[-1] if self.standing.charters else None
        return self.has(Role.COORDINATOR) and latest is not None and latest.coordinator_independent

    def may_read(self, owner: UUID) -> bool:
        """Whether a sealed figure of `owner` opens to the caller (domain.md, "What stays private").

        What no company owns opens to nobody: ballots are sealed to their decision until it is closed.
        """
        return owner in self.standing.members and (self.acts_for(owner) or self.reads_all)

    def member(self, company: UUID) -> Member:
        """Raises NotFound for a company that is not, and never was, of this alliance."""
        member = self.standing.members.get(company)
        if member is None:
            raise NotFound("company_unknown")
        return member

    def with_more(self, more: Any) -> "Given":
        return replace(self, more=more)


def given(standing: Standing | None, call: Call, *, strangers: bool = False) -> Given:
    """Raises NotFound to who has no role in the alliance: it must not even learn that it exists.

    `strangers` are let through where what they may do is judged later, command by command: they may apply.
    """
    if standing is None:
        raise NotFound("alliance_unknown")
    if not strangers and call.actor != SYSTEM and not standing.roles_of(call.actor):
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
