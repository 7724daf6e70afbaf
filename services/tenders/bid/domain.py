"""Bids: draft → submitted → won | lost | withdrawn | cancelled. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import Event, Recorded
from events.errors import Forbidden, Invalid, NotFound, Refused
from events.sealing import Confidential
from money import Money, apportion
from obligations.domain import incurred
from obligations.events import Reason
from standing import Given, Role
from tenders.bid.evening import payments, share_costs
from tenders.bid.events import (
    BidAgreed,
    BidCancelled,
    BidDrafted,
    BidInvalidated,
    BidLost,
    BidRepriced,
    BidSubmitted,
    BidWithdrawn,
    BidWon,
    LotCosts,
)
from tenders.consortium.domain import BIDDING_STAGES, Consortium, require_committing
from tenders.consortium.events import LostCosts
from tenders.contract.events import Basis, ContractPrepared, Expected
from tenders.figures import common, for_each, require_amount
from tenders.opportunity.domain import FORMING_STAGES, Opportunity
from tenders.opportunity.domain import Stage as OpportunityStage
from tenders.opportunity.events import BiddingBegun
from tenders.projects import lot_project, opportunity_project


class Stage(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


MOST_PAYMENTS: Final = 20
"""To even out a lot: with as many members at most, one payment fewer."""

DUE_DAYS: Final = 30
"""To even out the costs of a lost lot, unless the command says when."""

OPEN: Final = frozenset({Stage.DRAFT, Stage.SUBMITTED})


@dataclass(frozen=True)
class Draft:
    """`given.more` is `Drafting`."""

    bid: UUID
    consortium: UUID
    company: UUID
    """The lead."""
    lot: int
    price: Money


@dataclass(frozen=True)
class Drafting:
    consortium: Consortium
    opportunity: Opportunity
    taken: frozenset[UUID]
    """Companies that stand in a bid or contract for the lot, of whatever consortium."""


@dataclass(frozen=True)
class Reprice:
    price: Money


@dataclass(frozen=True)
class Agree:
    company: UUID


@dataclass(frozen=True)
class Submit:
    pass


@dataclass(frozen=True)
class Win:
    """`given.more` is the consortium. Without an amount the contract is for the price of the bid."""

    contract: UUID
    amount: Money | None
    basis: Basis


@dataclass(frozen=True)
class Lose:
    """`given.more` is `Losing`. `obligations` are fresh ids, one for each payment that may be needed."""

    due_on: date | None
    obligations: tuple[UUID, ...]


@dataclass(frozen=True)
class Losing:
    consortium: Consortium
    borne: Mapping[UUID, Money]
    """Hours attested, valued, by member."""
    waiting: int
    """Declarations for the lot that are not attested yet."""


@dataclass(frozen=True)
class Withdraw:
    reason: Digest | None


@dataclass(frozen=True)
class Cancel:
    reason: Digest | None


@dataclass(frozen=True)
class Bid:
    consortium: UUID
    opportunity: UUID
    lot: int
    lead: UUID
    members: tuple[UUID, ...]
    price: Money
    edition: int
    charter_version: int
    stage: Stage = Stage.DRAFT
    agreed: frozenset[UUID] = frozenset()
    contract: UUID | None = None

    @property
    def project(self) -> str:
        return lot_project(self.opportunity, self.lot)


def decide(bid: Bid | None, command: Any, given: Given, now: datetime) -> Sequence[Event | Placed]:
    if isinstance(command, Draft):
        return _draft(command, given)
    if bid is None:
        raise NotFound
    match command:
        case Reprice():
            _require(bid, Stage.DRAFT)
            require_amount(given, command.price, "/price")
            events: list[Event] = [BidRepriced(prices=_prices(bid.members, command.price))]
        case Agree():
            events = [_agree(bid, command)]
        case Submit():
            _require(bid, Stage.DRAFT)
            if missing := len(set(bid.members) - bid.agreed):
                raise Refused("bid_not_agreed", missing=missing)
            events = [BidSubmitted()]
        case Win():
            return _win(bid, command, given)
        case Lose():
            return _lose(bid, command, given)
        case Withdraw():
            _require(bid, *OPEN)
            events = [BidWithdrawn(reason=command.reason)]
        case Cancel():
            _require(bid, *OPEN)
            events = [BidCancelled(reason=command.reason)]
        case _:
            raise TypeError(command)
    return [_placed(bid, event) for event in events]


def _placed(bid: Bid, event: Event) -> Placed:
    return Placed(event, project=bid.project, charter_version=bid.charter_version)


def _draft(command: Draft, given: Given) -> Sequence[Event | Placed]:
    drafting: Drafting = given.more
    consortium, opportunity = drafting.consortium, drafting.opportunity
    if command.company != consortium.lead:
        raise Forbidden
    if consortium.stage not in BIDDING_STAGES:
        raise Refused("agreement_not_signed")
    if opportunity.stage not in FORMING_STAGES:
        raise Refused("opportunity_stage", stage=opportunity.stage.value)
    if command.lot not in consortium.shares:
        raise Invalid("lot_unknown", pointer="/lot", lot=command.lot)
    require_amount(given, command.price, "/price")
    shares = consortium.shares[command.lot]
    if consortium.lead not in shares:
        # The lead signs for the consortium: the buyer would contract with nobody.
        raise Refused("lead_without_share")
    members = tuple(company for company in consortium.composition.members if company in shares)
    for company in members:
        require_committing(company, given)
    if not drafting.taken.isdisjoint(members):
        raise Refused("in_another_bid")
    drafted = BidDrafted(
        consortium=command.consortium,
        opportunity=consortium.opportunity,
        lot=command.lot,
        lead=consortium.lead,
        members=members,
        edition=opportunity.edition,
        prices=_prices(members, command.price),
    )
    project = lot_project(consortium.opportunity, command.lot)
    events = [Placed(drafted, project=project, charter_version=consortium.charter_version)]
    if opportunity.stage is OpportunityStage.GO:
        stream = opportunity_project(consortium.opportunity)
        events.append(Placed(BiddingBegun(bid=command.bid), stream, stream))
    return events


def _prices(members: Sequence[UUID], price: Money) -> tuple[Confidential[Money], ...]:
    return for_each(Confidential[Money], members, price)


def _agree(bid: Bid, command: Agree) -> BidAgreed:
    _require(bid, Stage.DRAFT)
    if command.company not in bid.members:
        raise Refused("not_in_bid")
    if command.company in bid.agreed:
        raise Refused("bid_agreed_already")
    return BidAgreed(company=command.company, edition=bid.edition)


def _win(bid: Bid, command: Win, given: Given) -> Sequence[Placed]:
    _require(bid, Stage.SUBMITTED)
    consortium: Consortium = given.more
    amount = command.amount or bid.price
    require_amount(given, amount, "/amount")
    shares = {company: consortium.shares[bid.lot][company] for company in bid.members}
    turnovers = apportion(amount.amount, list(shares.values()), amount.currency.quantum)
    expected = []
    for (company, share), turnover in zip(shares.items(), turnovers, strict=True):
        margin = consortium.terms[company].margin
        row = Expected(
            share=share,
            margin=margin,
            turnover=Money.of(turnover, amount.currency),
            benefit=amount.times(Fraction(share) * Fraction(margin) / 10_000),
        )
        expected.append(Confidential[Expected](owner=company, open=row))
    prepared = ContractPrepared(
        consortium=bid.consortium,
        opportunity=bid.opportunity,
        lot=bid.lot,
        lead=bid.lead,
        form=consortium.composition.form.value,
        basis=command.basis,
        members=bid.members,
        amounts=for_each(Confidential[Money], bid.members, amount),
        expected=tuple(expected),
    )
    # The contract is a commitment of its own: it pins the charter of the day on which it is made.
    return [
        _placed(bid, BidWon(contract=command.contract)),
        Placed(prepared, f"contract/{command.contract}", bid.project),
    ]


def _lose(bid: Bid, command: Lose, given: Given) -> Sequence[Placed]:
    _require(bid, Stage.SUBMITTED)
    losing: Losing = given.more
    if losing.waiting:
        raise Refused("declarations_wait", count=losing.waiting)
    if losing.consortium.composition.lost_costs is LostCosts.AS_BORNE:
        return [_placed(bid, BidLost(costs=()))]
    shares = {company: losing.consortium.shares[bid.lot][company] for company in bid.members}
    costs = share_costs(losing.borne, shares, bid.price.currency)
    rows = tuple(Confidential[LotCosts](owner=company, open=row) for company, row in costs.items())
    due_on = command.due_on or given.effective_on + timedelta(days=DUE_DAYS)
    if due_on < given.effective_on:
        raise Invalid("due_before_effective", pointer="/due_on")
    owed = [
        incurred(
            "tenders",
            obligation,
            debtor=payment.debtor,
            creditor=payment.creditor,
            amount=payment.amount,
            reason=Reason.COMPENSATION,
            due_on=due_on,
            project=bid.project,
            charter_version=bid.charter_version,
        )
        for obligation, payment in zip(command.obligations, payments(costs), strict=False)
    ]
    return [_placed(bid, BidLost(costs=rows)), *owed]


def _require(bid: Bid, *stages: Stage) -> None:
    if bid.stage not in stages:
        raise Refused("bid_stage", stage=bid.stage.value)


def evolve(bid: Bid | None, recorded: Recorded[Any]) -> Bid:
    event = recorded.event
    if isinstance(event, BidDrafted):
        return Bid(
            consortium=event.consortium,
            opportunity=event.opportunity,
            lot=event.lot,
            lead=event.lead,
            members=event.members,
            price=common(event.prices),
            edition=event.edition,
            charter_version=recorded.charter_version,
            agreed=frozenset({event.lead}),
        )
    assert bid is not None
    match event:
        case BidRepriced():
            return replace(bid, price=common(event.prices), agreed=frozenset({bid.lead}))
        case BidAgreed():
            return replace(bid, agreed=bid.agreed | {event.company})
        case BidInvalidated():
            return replace(bid, stage=Stage.DRAFT, edition=event.edition, agreed=frozenset())
        case BidSubmitted():
            return replace(bid, stage=Stage.SUBMITTED)
        case BidWon():
            return replace(bid, stage=Stage.WON, contract=event.contract)
        case BidLost():
            return replace(bid, stage=Stage.LOST)
        case BidWithdrawn():
            return replace(bid, stage=Stage.WITHDRAWN)
        case BidCancelled():
            return replace(bid, stage=Stage.CANCELLED)
    return bid


def actions(bid: Bid, given: Given) -> list[str]:
    """The commands that this caller may give now."""
    leads, coordinates = given.acts_for(bid.lead), given.has(Role.COORDINATOR)
    found = []
    if bid.stage is Stage.DRAFT:
        if any(given.acts_for(member) for member in set(bid.members) - bid.agreed):
            found.append("agree")
        found += ["reprice", "submit"] if leads else []
    if bid.stage is Stage.SUBMITTED and (leads or coordinates):
        found += ["win", "lose"]
    if bid.stage in OPEN:
        found += ["withdraw"] if leads else []
        found += ["cancel"] if leads or coordinates else []
    return found


BID: Final[Aggregate[Bid, Given]] = Aggregate("bid", evolve, decide)
