"""Consortia: forming → frozen (all have signed) → executing → discharged, or dissolved. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import Event, Recorded
from events.errors import Invalid, NotFound, Refused
from events.sealing import Confidential
from money.numbers import plain
from standing import COMMITTING, Given
from tenders.consortium.events import (
    AgreementSigned,
    Composition,
    CompositionChanged,
    CompositionFrozen,
    ConsortiumDischarged,
    ConsortiumDissolved,
    ConsortiumFormed,
    ExecutionBegun,
    MemberTerms,
    ShareOf,
    Shares,
    SharesSet,
    TermsDeclared,
)
from tenders.figures import common, for_each
from tenders.opportunity.domain import FORMING_STAGES, Opportunity
from tenders.projects import opportunity_project

WHOLE: Final = Decimal(100)


class Stage(StrEnum):
    FORMING = "forming"
    FROZEN = "frozen"
    EXECUTING = "executing"
    DISCHARGED = "discharged"
    DISSOLVED = "dissolved"


BIDDING_STAGES: Final = frozenset({Stage.FROZEN, Stage.EXECUTING})
"""In which it drafts bids, and its agreement holds."""


@dataclass(frozen=True)
class Form:
    """`given.more` is the opportunity."""

    opportunity: UUID
    company: UUID
    """The lead."""
    composition: Composition


@dataclass(frozen=True)
class Recompose:
    """`given.more` is the opportunity."""

    composition: Composition


@dataclass(frozen=True)
class SetShares:
    lot: int
    rows: tuple[ShareOf, ...]


@dataclass(frozen=True)
class Declare:
    company: UUID
    terms: MemberTerms


@dataclass(frozen=True)
class Sign:
    company: UUID


@dataclass(frozen=True)
class Dissolve:
    """`given.more` is the number of its open bids and contracts."""

    reason: Digest | None


@dataclass(frozen=True)
class Consortium:
    opportunity: UUID
    lead: UUID
    composition: Composition
    stage: Stage = Stage.FORMING
    shares: Mapping[int, Mapping[UUID, Decimal]] = field(default_factory=dict)
    """By lot; only of members with a part in it."""
    terms: Mapping[UUID, MemberTerms] = field(default_factory=dict)
    signed: frozenset[UUID] = frozenset()
    charter_version: int = 0
    """Pinned when all had signed."""

    @property
    def project(self) -> str:
        return opportunity_project(self.opportunity)


def decide(
    consortium: Consortium | None, command: Any, given: Given, now: datetime
) -> Sequence[Event | Placed]:
    if isinstance(command, Form):
        _require_composition(command.composition, given)
        formed = ConsortiumFormed(
            opportunity=command.opportunity, lead=command.company, composition=command.composition
        )
        return [Placed(formed, project=opportunity_project(command.opportunity))]
    if consortium is None:
        raise NotFound
    match command:
        case Recompose():
            _require_forming(consortium)
            _require_composition(command.composition, given)
            events: list[Event] = [CompositionChanged(composition=command.composition)]
        case SetShares():
            events = [_set_shares(consortium, command)]
        case Declare():
            _require_unsigned(consortium, command.company)
            terms = Confidential[MemberTerms](owner=command.company, open=command.terms)
            events = [TermsDeclared(company=command.company, terms=terms)]
        case Sign():
            events = _sign(consortium, command.company, given)
        case Dissolve():
            if consortium.stage not in {Stage.FORMING, Stage.FROZEN}:
                raise Refused("consortium_stage", stage=consortium.stage.value)
            if given.more:
                raise Refused("consortium_has_open", count=given.more)
            events = [ConsortiumDissolved(reason=command.reason)]
        case _:
            raise TypeError(command)
    return [Placed(event, project=consortium.project) for event in events]


def _require_composition(composition: Composition, given: Given) -> None:
    opportunity: Opportunity | None = given.more
    if opportunity is None:
        raise NotFound("opportunity_unknown")
    if opportunity.stage not in FORMING_STAGES:
        raise Refused("opportunity_stage", stage=opportunity.stage.value)
    for index, lot in enumerate(composition.lots):
        if lot not in opportunity.lots:
            raise Invalid("lot_unknown", pointer=f"/lots/{index}", lot=lot)
    for name, values in (("lots", composition.lots), ("members", composition.members)):
        if len(set(values)) < len(values):
            raise Invalid("named_twice", pointer=f"/{name}")
    if len(composition.members) < 2:
        raise Invalid("consortium_too_small", pointer="/members")
    for company in composition.members:
        require_committing(company, given)


def require_committing(company: UUID, given: Given) -> None:
    """Whoever has given notice, or is suspended, takes on nothing new."""
    if given.member(company).status not in COMMITTING:
        raise Refused("member_takes_nothing_new")


def _set_shares(consortium: Consortium, command: SetShares) -> SharesSet:
    _require_forming(consortium)
    composition = consortium.composition
    if command.lot not in composition.lots:
        raise Invalid("lot_unknown", pointer="/lot", lot=command.lot)
    companies = [row.company for row in command.rows]
    if len(set(companies)) < len(companies):
        raise Invalid("named_twice", pointer="/shares")
    for index, row in enumerate(command.rows):
        if row.company not in composition.members:
            raise Invalid("not_in_consortium", pointer=f"/shares/{index}/company")
        if not row.share:
            raise Invalid("share_of_nothing", pointer=f"/shares/{index}/share")
    total = sum((row.share for row in command.rows), Decimal(0))
    if total != WHOLE:
        raise Invalid("shares_not_whole", pointer="/shares", sum=plain(total))
    shares = for_each(Confidential[Shares], composition.members, Shares(rows=command.rows))
    return SharesSet(lot=command.lot, shares=shares)


def _sign(consortium: Consortium, company: UUID, given: Given) -> list[Event]:
    _require_unsigned(consortium, company)
    composition = consortium.composition
    with_a_part = {member for shares in consortium.shares.values() for member in shares}
    if set(consortium.shares) != set(composition.lots) or with_a_part != set(composition.members):
        raise Refused("shares_missing")
    if company not in consortium.terms:
        raise Refused("terms_missing")
    require_committing(company, given)
    events: list[Event] = [AgreementSigned(company=company)]
    if consortium.signed | {company} == set(composition.members):
        events.append(CompositionFrozen(members=composition.members))
    return events


def _require_unsigned(consortium: Consortium, company: UUID) -> None:
    _require_forming(consortium)
    if company not in consortium.composition.members:
        raise Refused("not_in_consortium")
    if company in consortium.signed:
        raise Refused("agreement_signed_already")


def _require_forming(consortium: Consortium) -> None:
    if consortium.stage in BIDDING_STAGES:
        raise Refused("composition_frozen")
    if consortium.stage is not Stage.FORMING:
        raise Refused("consortium_stage", stage=consortium.stage.value)


def evolve(consortium: Consortium | None, recorded: Recorded[Any]) -> Consortium:
    event = recorded.event
    if isinstance(event, ConsortiumFormed):
        return Consortium(event.opportunity, event.lead, event.composition)
    assert consortium is not None
    nobody: frozenset[UUID] = frozenset()
    match event:
        case CompositionChanged():
            return replace(consortium, composition=event.composition, shares={}, signed=nobody)
        case SharesSet():
            shares = {**consortium.shares, event.lot: common(event.shares).by_company()}
            return replace(consortium, shares=shares, signed=nobody)
        case TermsDeclared():
            return replace(consortium, terms={**consortium.terms, event.company: event.terms.value})
        case AgreementSigned():
            return replace(consortium, signed=consortium.signed | {event.company})
        case CompositionFrozen():
            return replace(consortium, stage=Stage.FROZEN, charter_version=recorded.charter_version)
        case ExecutionBegun():
            return replace(consortium, stage=Stage.EXECUTING)
        case ConsortiumDischarged():
            return replace(consortium, stage=Stage.DISCHARGED)
        case ConsortiumDissolved():
            return replace(consortium, stage=Stage.DISSOLVED)
    return consortium


def actions(consortium: Consortium, given: Given) -> list[str]:
    """The commands that this caller may give now."""
    forming = consortium.stage is Stage.FORMING
    found = []
    if given.acts_for(consortium.lead):
        found += ["recompose", "set_shares"] if forming else []
        found += ["draft_bid"] if consortium.stage in BIDDING_STAGES else []
        found += ["dissolve"] if consortium.stage in {Stage.FORMING, Stage.FROZEN} else []
    unsigned = set(consortium.composition.members) - consortium.signed
    if forming and any(given.acts_for(member) for member in unsigned):
        found += ["declare_terms", "sign_agreement"]
    return found


CONSORTIUM: Final[Aggregate[Consortium, Given]] = Aggregate("consortium", evolve, decide)
