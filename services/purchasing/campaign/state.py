"""A campaign as its events tell it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from events.digest import Digest
from events.envelope import Event, Recorded
from money import Currency, Money, Price
from purchasing.campaign.events import (
    CampaignCancelled,
    CampaignDrafted,
    CampaignExtended,
    CampaignFrozen,
    CampaignSettled,
    Columns,
    Commitment,
    CommitmentsInvited,
    CommitmentWithdrawn,
    CostsAllocated,
    FormerPriceAttested,
    GoodsReceived,
    Group,
    InvoiceRecorded,
    LeadTaken,
    MethodChosen,
    MethodsCompared,
    MinimumMissed,
    Need,
    NeedRecorded,
    NeedsInvited,
    Offer,
    PrefinancingAttested,
    Prospect,
    PurchaseOrdered,
    PurchasePrefinanced,
    QuantityCommitted,
    QuoteChosen,
    QuoteRecorded,
    QuotesInvited,
    RoundUpAccepted,
    Row,
    SharingMethod,
    Terms,
)


class State(StrEnum):
    """Where a campaign stands; it never goes back."""

    DRAFT = "draft"
    COLLECTING_NEEDS = "collecting_needs"
    COLLECTING_QUOTES = "collecting_quotes"
    COLLECTING_COMMITMENTS = "collecting_commitments"
    MINIMUM_NOT_MET = "minimum_not_met"
    EXTENDED = "extended"
    FROZEN = "frozen"
    ORDERED = "ordered"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    INVOICED = "invoiced"
    ALLOCATED = "allocated"
    SETTLED = "settled"
    CANCELLED = "cancelled"


BEFORE_FREEZING: Final = frozenset(
    {
        State.DRAFT,
        State.COLLECTING_NEEDS,
        State.COLLECTING_QUOTES,
        State.COLLECTING_COMMITMENTS,
        State.MINIMUM_NOT_MET,
        State.EXTENDED,
    }
)
ENDED: Final = frozenset({State.SETTLED, State.CANCELLED})
BOUND: Final = frozenset(State) - BEFORE_FREEZING - ENDED
"""Commitments bind: they can no longer be changed, and what they brought is not settled yet."""


@dataclass(frozen=True)
class RecordedNeed:
    need: Need
    site: Digest | None
    evidence: Digest | None
    attested: Price | None = None

    @property
    def former_price(self) -> Price | None:
        """What counts: the attested price, else the one recorded, which can only lower the baseline."""
        if self.attested is not None:
            return self.attested
        return self.need.former_price.price if self.need.former_price else None


@dataclass(frozen=True)
class Quote:
    supplier: Digest
    offer: Offer


@dataclass(frozen=True)
class Comparison:
    """All methods side by side, and the commitments that they were worked out from."""

    commitments: Mapping[UUID, Commitment]
    columns: Mapping[UUID, Columns]
    prospect: Prospect


@dataclass(frozen=True)
class Prefinancing:
    """Paid in advance by one member for all; `money_rate` in per cent a year."""

    company: UUID
    amount: Money
    from_day: date
    money_rate: Decimal
    attested: bool = False


@dataclass(frozen=True)
class Delivered:
    """Units received so far; by member once the last of them is in."""

    quantity: int = 0
    rows: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Campaign:
    """`since` is the day of its last change of state, or of its prefinancing. `charter_version` is that of
    its making, and from freezing on that of the freezing. `lead` buys for all.
    """

    id: UUID
    title: Digest
    specification: Digest
    unit: str
    minimum_quantity: int
    currency: Currency
    sharing_method: SharingMethod
    charter_version: int
    since: date
    state: State = State.DRAFT
    needs: Mapping[UUID, RecordedNeed] = field(default_factory=dict)
    quotes: Mapping[UUID, Quote] = field(default_factory=dict)
    chosen: UUID | None = None
    commitments: Mapping[UUID, Commitment] = field(default_factory=dict)
    surplus: tuple[UUID, int] | None = None
    """Who owns what is ordered beyond all quantities, and up to how many units."""
    comparison: Comparison | None = None
    extended_until: date | None = None
    frozen: Mapping[UUID, Terms] = field(default_factory=dict)
    group: Group | None = None
    lead: UUID | None = None
    prefinancing: Prefinancing | None = None
    delivered: Delivered = Delivered()
    invoiced: Group | None = None
    allocated_on: date | None = None
    """None while the invoice has changed since."""
    rows: Mapping[UUID, Row] = field(default_factory=dict)

    @property
    def participants(self) -> frozenset[UUID]:
        """Who takes part: by need or commitment at first, by what was frozen from then on."""
        if self.frozen:
            return frozenset(self.frozen)
        return frozenset(self.needs) | frozenset(self.commitments)

    @property
    def offer(self) -> Offer:
        """Of the chosen quote: there is one from the moment that commitments are invited."""
        assert self.chosen is not None
        return self.quotes[self.chosen].offer

    @property
    def expected(self) -> Mapping[UUID, Money]:
        """The benefits that are pending."""
        if self.state in ENDED:
            return {}
        if self.rows:
            return {company: row.benefit for company, row in self.rows.items()}
        return {company: terms.benefit for company, terms in self.frozen.items()}


REACHED: Final[Mapping[type[Event], State]] = {
    CampaignDrafted: State.DRAFT,
    NeedsInvited: State.COLLECTING_NEEDS,
    QuotesInvited: State.COLLECTING_QUOTES,
    CommitmentsInvited: State.COLLECTING_COMMITMENTS,
    MinimumMissed: State.MINIMUM_NOT_MET,
    CampaignExtended: State.EXTENDED,
    CampaignFrozen: State.FROZEN,
    CampaignCancelled: State.CANCELLED,
    PurchaseOrdered: State.ORDERED,
    CostsAllocated: State.ALLOCATED,
    CampaignSettled: State.SETTLED,
}


def reached(event: Event, before: State | None) -> State | None:
    """The state that an event leads to; None where it changes none."""
    match event:
        case GoodsReceived(last=last):
            return State.RECEIVED if last else State.PARTLY_RECEIVED
        case InvoiceRecorded():
            # A corrected invoice is allocated again, and the campaign never goes back.
            return State.INVOICED if before is not State.ALLOCATED else None
    return REACHED.get(type(event))


def evolve(campaign: Campaign | None, recorded: Recorded[Any]) -> Campaign:
    event = recorded.event
    if isinstance(event, CampaignDrafted):
        return Campaign(
            id=UUID(recorded.stream.removeprefix("campaign/")),
            title=event.title,
            specification=event.specification,
            unit=event.unit,
            minimum_quantity=event.minimum_quantity,
            currency=Currency(event.currency),
            sharing_method=event.sharing_method,
            charter_version=recorded.charter_version,
            since=recorded.effective_on,
        )
    assert campaign is not None
    campaign = _changed(campaign, recorded, event)
    state = reached(event, campaign.state)
    if state is None:
        return campaign
    return replace(campaign, state=state, since=recorded.effective_on)


def _changed(campaign: Campaign, recorded: Recorded[Any], event: Event) -> Campaign:
    match event:
        case NeedRecorded():
            need = RecordedNeed(event.need.value, event.site, event.evidence)
            return replace(campaign, needs={**campaign.needs, event.company: need})
        case FormerPriceAttested(company=company, price=price):
            need = replace(campaign.needs[company], attested=price.value)
            return replace(campaign, needs={**campaign.needs, company: need})
        case QuoteRecorded(quote=quote, supplier=supplier, offer=offer):
            return replace(campaign, quotes={**campaign.quotes, quote: Quote(supplier, offer.value)})
        case QuoteChosen(quote=quote):
            return replace(campaign, chosen=quote)
        case QuantityCommitted(company=company, commitment=commitment):
            return replace(campaign, commitments={**campaign.commitments, company: commitment.value})
        case CommitmentWithdrawn(company=company):
            others = {party: kept for party, kept in campaign.commitments.items() if party != company}
            surplus = campaign.surplus if campaign.surplus and campaign.surplus[0] != company else None
            return replace(campaign, commitments=others, surplus=surplus)
        case MethodsCompared(rows=rows, prospect=prospect):
            columns = {row.owner: row.value for row in rows}
            return replace(campaign, comparison=Comparison(campaign.commitments, columns, prospect.value))
        case MethodChosen(sharing_method=method):
            return replace(campaign, sharing_method=method)
        case RoundUpAccepted(company=company, at_most=at_most):
            return replace(campaign, surplus=(company, at_most.value) if at_most.value else None)
        case CampaignFrozen():
            return replace(
                campaign,
                frozen={row.owner: row.value for row in event.rows},
                group=event.group.value,
                charter_version=recorded.charter_version,
            )
        case CampaignExtended(until=until):
            return replace(campaign, extended_until=until)
    return _carried_out(campaign, recorded, event)


def _carried_out(campaign: Campaign, recorded: Recorded[Any], event: Event) -> Campaign:
    """What happens to a campaign from its freezing on."""
    match event:
        case LeadTaken(company=company):
            return replace(campaign, lead=company)
        case PurchasePrefinanced():
            prefinancing = Prefinancing(
                event.company, event.amount.value, recorded.effective_on, event.money_rate
            )
            # Days are counted from here on: nothing may be dated before.
            return replace(campaign, prefinancing=prefinancing, since=recorded.effective_on)
        case PrefinancingAttested():
            assert campaign.prefinancing is not None
            return replace(campaign, prefinancing=replace(campaign.prefinancing, attested=True))
        case GoodsReceived():
            delivered = Delivered(
                campaign.delivered.quantity + event.quantity.value,
                {row.owner: row.value for row in event.rows},
            )
            return replace(campaign, delivered=delivered)
        case InvoiceRecorded(invoiced=invoiced):
            return replace(campaign, invoiced=invoiced.value, allocated_on=None)
        case CostsAllocated(rows=rows):
            return replace(
                campaign,
                rows={row.owner: row.value for row in rows},
                allocated_on=recorded.effective_on,
            )
    return campaign
