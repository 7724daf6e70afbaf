"""Memberships: applied → pilot → active ⇄ suspended → notice given → left; or rejected, or expelled. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import LIFE, Event, Recorded
from events.errors import NotFound, Refused
from events.ids import PersonId
from members.alliance.events import RoleGranted
from members.charter.events import Terms
from members.decision.domain import Decision, require_passed
from members.decision.events import Matter
from members.membership.card import (
    checked_activity_code,
    checked_siren,
    checked_siret,
    checked_vat_number,
)
from members.membership.events import (
    ApplicationRejected,
    Card,
    CardFilledIn,
    ClearanceNoted,
    CompanyApplied,
    FounderJoined,
    MemberActivated,
    MemberAdmitted,
    MemberExpelled,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    NoticeGiven,
)
from standing import COMMITTING, PRESENT, Given, Role, Status

MUST_CLEAR: Final = ("purchasing", "tenders")
"""Services in which a leaver may have something open. The ledger joins them with the hours of exchanges."""

GONE: Final = frozenset({Status.LEFT, Status.REJECTED, Status.EXPELLED})


@dataclass(frozen=True)
class Apply:
    """A company asks to be admitted; `applicant` becomes its director, unless the coordinator applies."""

    company: UUID
    name: str
    applicant: PersonId


@dataclass(frozen=True)
class ApplyAgain:
    """Who left, or was rejected or expelled, asks to come back under its old identity."""

    company: UUID


@dataclass(frozen=True)
class FillInCard:
    """Replaces the card as a whole; numbers as typed, spaces and all."""

    company: UUID
    name: str
    siren: str
    siret: str | None
    vat_number: str | None
    staff: int
    activity_code: str
    town: str
    offers: Digest | None
    seeks: Digest | None
    goals: tuple[Digest, ...]


@dataclass(frozen=True)
class Decided:
    """What a decision that passed says of a company is done; `given.more` is a `Basis`."""

    company: UUID
    decision: UUID


class Admit(Decided):
    """To the pilot phase [phase expérimentale]."""


class Activate(Decided):
    """The pilot phase is over, and well."""


class Reject(Decided):
    """The application is turned down."""


class Expel(Decided):
    """[exclusion]"""


@dataclass(frozen=True)
class Suspend:
    company: UUID
    reason: Digest


@dataclass(frozen=True)
class Reinstate:
    company: UUID


@dataclass(frozen=True)
class GiveNotice:
    company: UUID


@dataclass(frozen=True)
class NoteClearance:
    """A service has answered that nothing of this notice is open there."""

    company: UUID
    notice: UUID
    service: Literal["purchasing", "tenders", "ledger"]


@dataclass(frozen=True)
class Leave:
    """`given.more` is whether the company still owes, or is owed, something in this service."""

    company: UUID


@dataclass(frozen=True)
class Basis:
    """What a command that carries out a decision rests on."""

    decision: Decision | None
    terms: Terms


@dataclass(frozen=True)
class Notice:
    """[préavis]"""

    id: UUID
    ends_on: date
    cleared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Membership:
    name: str
    status: Status
    notice: Notice | None = None
    used: frozenset[UUID] = field(default=frozenset())
    """Decisions carried out: each one once."""


def decide(member: Membership | None, command: Any, given: Given, now: datetime) -> Sequence[Event | Placed]:
    if isinstance(command, Apply):
        return _apply(command, given)
    if member is None:
        raise NotFound("company_unknown")
    match command:
        case ApplyAgain(company=company):
            _require(member, GONE)
            return [CompanyApplied(company=company, name=member.name)]
        case FillInCard():
            _require(member, PRESENT | {Status.APPLIED})
            return [_card(command)]
        case Admit() | Activate() | Reject() | Expel():
            return [_decided(member, command, given)]
        case Suspend(company=company, reason=reason):
            _require(member, {Status.ACTIVE})
            return [MemberSuspended(company=company, reason=reason)]
        case Reinstate(company=company):
            _require(member, {Status.SUSPENDED})
            return [MemberReinstated(company=company)]
        case GiveNotice(company=company):
            _require(member, COMMITTING | {Status.SUSPENDED})
            ends_on = given.effective_on + timedelta(days=given.charter.notice_days)
            return [NoticeGiven(company=company, ends_on=ends_on)]
        case NoteClearance():
            return _clearance(member, command)
        case Leave(company=company):
            _require(member, {Status.NOTICE})
            if waiting := waiting_for(member, given.effective_on, owing=given.more):
                raise Refused("leaving_refused", reasons=", ".join(waiting))
            return [MemberLeft(company=company)]
    raise TypeError(command)


def _require(member: Membership, statuses: frozenset[Status] | set[Status]) -> None:
    if member.status not in statuses:
        raise Refused("status_forbids", status=member.status)


def _apply(command: Apply, given: Given) -> Sequence[Event | Placed]:
    applied = CompanyApplied(company=command.company, name=command.name)
    if given.has(Role.COORDINATOR):
        return [applied]
    if given.applying:
        raise Refused("application_pending")
    # So that it may fill in the card; before the admission the role shows it no more than its own company.
    director = RoleGranted(person=command.applicant, role=Role.DIRECTOR, company=command.company)
    return [applied, Placed(director, stream=f"alliance/{given.standing.alliance}")]


def _card(command: FillInCard) -> CardFilledIn:
    number = checked_siren(command.siren)
    card = Card(
        name=command.name,
        siren=number,
        siret=checked_siret(command.siret, number) if command.siret else None,
        vat_number=checked_vat_number(command.vat_number, number) if command.vat_number else None,
        staff=command.staff,
        activity_code=checked_activity_code(command.activity_code),
        town=command.town,
        offers=command.offers,
        seeks=command.seeks,
        goals=command.goals,
    )
    return CardFilledIn(company=command.company, name=command.name, card=card)


_STEPS: Final = {
    Admit: (Matter.ADMIT_TO_PILOT, frozenset({Status.APPLIED})),
    Activate: (Matter.ACTIVATE, frozenset({Status.PILOT})),
    Reject: (Matter.REJECT, frozenset({Status.APPLIED})),
    Expel: (Matter.EXPEL, PRESENT),
}


def _decided(member: Membership, command: Decided, given: Given) -> Event:
    matter, statuses = _STEPS[type(command)]
    basis: Basis = given.more
    require_passed(basis.decision, matter, command.company, given.effective_on)
    if command.decision in member.used:
        raise Refused("decision_carried_out_already")
    _require(member, statuses)
    match command:
        case Admit(company=company, decision=decision):
            until = given.effective_on + timedelta(days=basis.terms.pilot_phase.days)
            return MemberAdmitted(company=company, until=until, decision=decision)
        case Activate(company=company, decision=decision):
            return MemberActivated(company=company, decision=decision)
        case Reject(company=company, decision=decision):
            return ApplicationRejected(company=company, decision=decision)
    return MemberExpelled(company=command.company, decision=command.decision)


def _clearance(member: Membership, command: NoteClearance) -> Sequence[Event]:
    notice = member.notice
    if member.status is not Status.NOTICE or notice is None or notice.id != command.notice:
        # An answer to an earlier notice, or to one that an expulsion overtook.
        return []
    if command.service in notice.cleared:
        return []
    return [ClearanceNoted(company=command.company, notice=notice.id, service=command.service)]


def waiting_for(member: Membership, on: date, *, owing: bool) -> list[str]:
    """Why a member that gave notice cannot leave on a day: codes, in a fixed order; [] where it can."""
    notice = member.notice
    if member.status is not Status.NOTICE or notice is None:
        return []
    waiting = ["notice_running"] if on < notice.ends_on else []
    waiting += [f"open_in_{service}" for service in MUST_CLEAR if service not in notice.cleared]
    if owing:
        waiting.append("obligations_open")
    return waiting


STATUS_AFTER: Final[Mapping[type[Event], Status]] = {
    FounderJoined: Status.ACTIVE,
    CompanyApplied: Status.APPLIED,
    MemberAdmitted: Status.PILOT,
    MemberActivated: Status.ACTIVE,
    ApplicationRejected: Status.REJECTED,
    MemberSuspended: Status.SUSPENDED,
    MemberReinstated: Status.ACTIVE,
    NoticeGiven: Status.NOTICE,
    MemberLeft: Status.LEFT,
    MemberExpelled: Status.EXPELLED,
}


def evolve(member: Membership | None, recorded: Recorded[Any]) -> Membership:
    event = recorded.event
    match event:
        case FounderJoined(name=name):
            return Membership(name, Status.ACTIVE)
        case CompanyApplied(name=name) if member is None:
            return Membership(name, Status.APPLIED)
    assert member is not None
    match event:
        case CardFilledIn(name=name):
            return replace(member, name=name)
        case ClearanceNoted(service=service):
            assert member.notice is not None
            return replace(member, notice=replace(member.notice, cleared=member.notice.cleared | {service}))
        case NoticeGiven(ends_on=ends_on):
            return replace(member, status=Status.NOTICE, notice=Notice(UUID(recorded.id), ends_on))
        case MemberAdmitted(decision=decision) | MemberActivated(decision=decision):
            member = replace(member, used=member.used | {decision})
        case ApplicationRejected(decision=decision) | MemberExpelled(decision=decision):
            member = replace(member, used=member.used | {decision})
    return replace(member, status=STATUS_AFTER[type(event)], notice=None)


MEMBER: Aggregate[Membership, Given] = Aggregate("member", evolve, decide, project=lambda stream: LIFE)
