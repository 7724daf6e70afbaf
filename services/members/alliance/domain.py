"""The founding of an alliance, and its roles: commands, state, decisions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, Refused
from events.ids import PersonId
from members.alliance.events import AllianceFounded, RoleGranted, RoleWithdrawn
from members.charter.domain import check
from members.charter.events import CharterPutInForce, Terms
from members.membership.events import FounderJoined
from standing import OF_A_COMPANY, Given, Role


@dataclass(frozen=True)
class Founder:
    """What a founding rests on, in place of an alliance that does not exist yet."""

    effective_on: date
    charter_version: int = 1


@dataclass(frozen=True)
class Found:
    """Founds an alliance with its first charter in force and its founding companies active at once."""

    name: str
    founder: PersonId
    terms: Terms
    preamble: Digest | None
    companies: Sequence[tuple[UUID, str]]


@dataclass(frozen=True)
class Grant:
    person: PersonId
    role: Role
    company: UUID | None


@dataclass(frozen=True)
class Withdraw:
    person: PersonId
    role: Role
    company: UUID | None


@dataclass(frozen=True)
class Alliance:
    roles: frozenset[tuple[str, Role, UUID | None]] = frozenset()


def decide(alliance: Alliance | None, command: Any, given: Any, now: datetime) -> Sequence[Event | Placed]:
    match command:
        case Found():
            return _found(command, given)
        case Grant():
            return _grant(alliance or Alliance(), command, given)
        case Withdraw():
            return _withdraw(alliance or Alliance(), command)
    raise TypeError(command)


def _found(command: Found, founder: Founder) -> Sequence[Event | Placed]:
    check(command.terms, "/charter")
    founded = AllianceFounded(name=command.name, founder=command.founder)
    charter = CharterPutInForce(
        version=1,
        from_day=founder.effective_on,
        terms=command.terms,
        preamble=command.preamble,
        decision=None,
    )
    return [
        founded,
        Placed(charter, stream="charter/1"),
        RoleGranted(person=command.founder, role=Role.COORDINATOR, company=None),
        *(
            Placed(FounderJoined(company=company, name=name), stream=f"member/{company}")
            for company, name in command.companies
        ),
    ]


def _grant(alliance: Alliance, command: Grant, given: Given) -> Sequence[Event]:
    if (command.role in OF_A_COMPANY) != (command.company is not None):
        raise Invalid("role_company_mismatch", pointer="/company")
    if command.company is not None:
        given.member(command.company)
    if (command.person, command.role, command.company) in alliance.roles:
        raise Refused("role_granted_already")
    return [RoleGranted(person=command.person, role=command.role, company=command.company)]


def _withdraw(alliance: Alliance, command: Withdraw) -> Sequence[Event]:
    if (command.person, command.role, command.company) not in alliance.roles:
        raise Refused("role_not_granted")
    others = [role for _, role, _ in alliance.roles if role is Role.COORDINATOR]
    if command.role is Role.COORDINATOR and len(others) == 1:
        # Without one nobody could grant the role again.
        raise Refused("last_coordinator")
    return [RoleWithdrawn(person=command.person, role=command.role, company=command.company)]


def evolve(alliance: Alliance | None, recorded: Recorded[Any]) -> Alliance:
    alliance = alliance or Alliance()
    match recorded.event:
        case RoleGranted(person=person, role=role, company=company):
            return replace(alliance, roles=alliance.roles | {(person, role, company)})
        case RoleWithdrawn(person=person, role=role, company=company):
            return replace(alliance, roles=alliance.roles - {(person, role, company)})
    return alliance


ALLIANCE: Aggregate[Alliance, Any] = Aggregate("alliance", evolve, decide, project=lambda stream: LIFE)
