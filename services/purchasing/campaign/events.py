"""What is published of campaigns. A member's figures are sealed to it; those of the group (an offer, totals)
to the campaign, which no company owns: they open to nobody in the feed, and views show them to whom they may.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Money, Price, Quantity, Rate
from sharing import Method, TierKind

SharingMethod = Literal[Method.EQUAL_PRICE, Method.VOLUME, Method.SHAPLEY]
"""What a charter may name and a coordinator choose."""

Unit = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Field(examples=["roll", "place", "pallet"])
]
Units = Annotated[int, Field(strict=True, ge=1, le=10**9)]
"""Whole units of a good, at least one."""


Outcome = Literal["stays", "lapses"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FormerPrice(_Part):
    """What one unit cost the member before, delivered to its site, by an invoice of the last 12 months."""

    price: Price
    invoiced_on: date


class Need(_Part):
    """What a member expects to buy, and what it paid so far where it can show that."""

    expected_quantity: Quantity
    former_price: FormerPrice | None


class Tier(_Part):
    """From `from_quantity` units on one costs `price`."""

    from_quantity: Quantity
    price: Price


class Offer(_Part):
    """A supplier's quote. Tiers begin at 0 or 1 and rise; `minimum_order` is in units."""

    kind: TierKind
    tiers: tuple[Tier, ...]
    pack_size: Units
    minimum_order: Quantity
    delivery: Money
    valid_until: date | None


class Commitment(_Part):
    """`tolerance`: units it would take on top to fill a pack begun; `maximum_price`: one unit, delivered."""

    quantity: Units
    tolerance: Quantity
    maximum_price: Price | None


class Columns(_Part):
    """What a member would pay by each method, delivered, beside what its quantity costs it alone."""

    alone: Money
    costs: dict[Method, Money]


class Prospect(_Part):
    """What a comparison says of the group: a round-up that pays, and which methods no coalition blocks."""

    round_up_to: int | None
    in_core: dict[Method, bool]


class Terms(_Part):
    """A member's part of what was frozen. `baseline`: what one unit would cost it alone."""

    quantity: int
    baseline: Price
    cost: Money
    benefit: Money


class Group(_Part):
    """What all buy together."""

    quantity: int
    goods: Money
    delivery: Money


class Inputs(_Part):
    """What an allocation was worked out from, beside its rows' quantities and baselines."""

    offer: Offer
    invoiced: Group


class Row(_Part):
    """A member's row of an allocation. `alone` = baseline × quantity; `cost` = goods + delivery; `benefit` =
    alone − cost; `expected` is the benefit that was pending until this allocation.
    """

    quantity: int
    baseline: Price
    alone: Money
    goods: Money
    delivery: Money
    cost: Money
    benefit: Money
    expected: Money


class Count(_Part):
    """amount × days × rate: what prefinancing cost from one day to another."""

    amount: Money
    from_day: date
    to_day: date
    contribution: Money


class CampaignDrafted(Event, type="alliance.purchasing.campaign_drafted.v1"):
    """`sharing_method` is the charter's until another is chosen."""

    title: Digest
    specification: Digest
    unit: Unit
    minimum_quantity: Units
    currency: str
    sharing_method: SharingMethod


class NeedsInvited(Event, type="alliance.purchasing.needs_invited.v1"):
    """Members may say what they need."""


class NeedRecorded(Event, type="alliance.purchasing.need_recorded.v1"):
    """Replaces what the company recorded before, attestation included."""

    company: UUID
    need: Confidential[Need]
    site: Digest | None
    evidence: Digest | None


class FormerPriceAttested(Event, type="alliance.purchasing.former_price_attested.v1"):
    """What the evidence shows: it counts in place of what was recorded."""

    company: UUID
    price: Confidential[Price]


class QuotesInvited(Event, type="alliance.purchasing.quotes_invited.v1"):
    """Suppliers are asked."""


class QuoteRecorded(Event, type="alliance.purchasing.quote_recorded.v1"):
    quote: UUID
    supplier: Digest
    offer: Confidential[Offer]


class QuoteChosen(Event, type="alliance.purchasing.quote_chosen.v1"):
    quote: UUID


class CommitmentsInvited(Event, type="alliance.purchasing.commitments_invited.v1"):
    """Members may commit to quantities at the chosen quote."""


class QuantityCommitted(Event, type="alliance.purchasing.quantity_committed.v1"):
    """Replaces what the company committed before; the envelope pins the charter version."""

    company: UUID
    commitment: Confidential[Commitment]


class CommitmentWithdrawn(Event, type="alliance.purchasing.commitment_withdrawn.v1"):
    company: UUID


class MethodsCompared(Event, type="alliance.purchasing.methods_compared.v1"):
    """All methods side by side, as the commitments stood; each member's column sealed to it."""

    rows: tuple[Confidential[Columns], ...]
    prospect: Confidential[Prospect]


class MethodChosen(Event, type="alliance.purchasing.method_chosen.v1"):
    sharing_method: SharingMethod


class RoundUpAccepted(Event, type="alliance.purchasing.round_up_accepted.v1"):
    """The company owns what is ordered beyond all quantities, up to `at_most` units; 0 takes it back."""

    company: UUID
    at_most: Confidential[Quantity]


class CampaignFrozen(Event, type="alliance.purchasing.campaign_frozen.v1"):
    """Pins quote, method and terms; `lapsed` committed and do not take part. Benefits are pending."""

    quote: UUID
    sharing_method: SharingMethod
    rows: tuple[Confidential[Terms], ...]
    lapsed: tuple[UUID, ...]
    group: Confidential[Group]


class MinimumMissed(Event, type="alliance.purchasing.minimum_missed.v1"):
    """Too little for the campaign's minimum or the supplier's: commitments stay, also those that would
    lapse. Each company learns whether its own would.
    """

    rows: tuple[Confidential[Outcome], ...]


class CampaignExtended(Event, type="alliance.purchasing.campaign_extended.v1"):
    """Commitments are kept, and taken until then."""

    until: date


class CampaignCancelled(Event, type="alliance.purchasing.campaign_cancelled.v1"):
    """`fallen_away`: the benefits that were pending."""

    reason: Digest
    fallen_away: tuple[Confidential[Money], ...]


class PurchaseOrdered(Event, type="alliance.purchasing.purchase_ordered.v1"):
    """What was frozen is ordered of the supplier."""


class LeadTaken(Event, type="alliance.purchasing.lead_taken.v1"):
    """The company buys for all and recharges; without one the supplier bills each member."""

    company: UUID


class PurchasePrefinanced(Event, type="alliance.purchasing.purchase_prefinanced.v1"):
    """The company says that it has paid in advance on the effective date; the money rate is pinned."""

    company: UUID
    amount: Confidential[Money]
    money_rate: Rate


class PrefinancingAttested(Event, type="alliance.purchasing.prefinancing_attested.v1"):
    company: UUID
    amount: Confidential[Money]


class GoodsReceived(Event, type="alliance.purchasing.goods_received.v1"):
    """With the last of it `rows` say how many units of all deliveries each member has; `split_reason` where
    that is not pro rata.
    """

    quantity: Confidential[Quantity]
    last: bool
    rows: tuple[Confidential[Quantity], ...]
    split_reason: Digest | None


class InvoiceRecorded(Event, type="alliance.purchasing.invoice_recorded.v1"):
    """What the supplier asks in all, credit notes taken off; replaces the invoice before."""

    invoiced: Confidential[Group]


class CostsAllocated(Event, type="alliance.purchasing.costs_allocated.v1"):
    """Method, charter version (in the envelope), inputs and result: enough to work it out again. The benefit
    pending becomes that of the rows.
    """

    quote: UUID
    sharing_method: SharingMethod
    inputs: Confidential[Inputs]
    rows: tuple[Confidential[Row], ...]


class CampaignSettled(Event, type="alliance.purchasing.campaign_settled.v1"):
    """Repeats the rows: their benefits are recognised, and no longer pending."""

    sharing_method: SharingMethod
    rows: tuple[Confidential[Row], ...]


class PrefinancingCounted(Event, type="alliance.purchasing.prefinancing_counted.v1"):
    """What prefinancing cost the company so far; each count is a contribution of its own."""

    company: UUID
    money_rate: Rate
    counts: tuple[Confidential[Count], ...]


EVENTS: tuple[type[Event], ...] = (
    CampaignDrafted,
    NeedsInvited,
    NeedRecorded,
    FormerPriceAttested,
    QuotesInvited,
    QuoteRecorded,
    QuoteChosen,
    CommitmentsInvited,
    QuantityCommitted,
    CommitmentWithdrawn,
    MethodsCompared,
    MethodChosen,
    RoundUpAccepted,
    CampaignFrozen,
    MinimumMissed,
    CampaignExtended,
    CampaignCancelled,
    PurchaseOrdered,
    LeadTaken,
    PurchasePrefinanced,
    PrefinancingAttested,
    GoodsReceived,
    InvoiceRecorded,
    CostsAllocated,
    CampaignSettled,
    PrefinancingCounted,
)
