"""Bodies of commands on campaigns."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from money import Money, Price, Quantity
from purchasing.campaign.domain import MOST_PARTICIPANTS
from purchasing.campaign.events import FormerPrice, SharingMethod, Tier, Unit, Units
from service.commands import Body
from sharing import TierKind

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
Why = Annotated[
    str,
    Field(min_length=1, max_length=2000, pattern=r"\S", description="Everybody reads it: name no figures."),
]


class DraftBody(Body):
    title: Line = Field(examples=["First-aid training"])
    specification: Text = Field(examples=["One day on site, certificate included."])
    unit: Unit = Field(examples=["place"])
    minimum_quantity: Units = Field(description="Fewer are not bought.", examples=[100])
    sharing_method: SharingMethod | None = Field(None, description="The charter's unless given.")


class CompanyBody(Body):
    company: UUID = Field(description="The caller's own.")


class NeedBody(CompanyBody):
    """What a company expects to buy, and what it pays now."""

    expected_quantity: Quantity
    former_price: FormerPrice | None = Field(
        None, description="Present price of one unit, delivered, by an invoice of the last 12 months."
    )
    site: Line | None = Field(None, description="Where it is to be delivered.")
    evidence: Text | None = Field(None, description="What shows the former price; required with one.")


class AttestedPriceBody(Body):
    company: UUID
    price: Price = Field(description="What the evidence shows.")


class QuoteBody(Body):
    """A supplier's quote."""

    supplier: Line
    kind: TierKind = TierKind.ALL_UNITS
    tiers: list[Tier] = Field(min_length=1, max_length=50, description="From 0 or 1 on, rising.")
    pack_size: Units = Field(1, examples=[10])
    minimum_order: Quantity = Field(0, description="In units.")
    delivery: Money | None = Field(None, description="For the whole order; split by volume.")
    valid_until: date | None = None


class CommitmentBody(CompanyBody):
    quantity: Units
    tolerance: Quantity = Field(0, description="Units it would take on top to fill a pack begun.")
    maximum_price: Price | None = Field(None, description="Of one unit, delivered: above it does not buy.")


class MethodBody(Body):
    sharing_method: SharingMethod


class RoundUpBody(CompanyBody):
    at_most: Quantity = Field(description="Units of surplus it would own; 0 takes that back.")


class ExtensionBody(Body):
    until: date


class CancellationBody(Body):
    reason: Why


class PrefinancingBody(CompanyBody):
    amount: Money = Field(description="Paid in advance for all, on the effective date.")


class SplitPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    company: UUID
    quantity: Quantity


class ReceiptBody(Body):
    """A delivery."""

    quantity: Quantity
    last: bool = Field(False, description="Nothing more will come: what is missing is shared pro rata.")
    split: list[SplitPart] | None = Field(
        None,
        max_length=MOST_PARTICIPANTS,
        description="Who has how much of all deliveries, where that is not pro rata; with the last one.",
    )
    split_reason: Why | None = None


class InvoiceBody(Body):
    """All that the supplier asks, credit notes taken off; replaces what was recorded before."""

    quantity: Quantity
    goods: Money
    delivery: Money | None = None


class SettlementBody(Body):
    due_on: date | None = Field(
        None, description="When members pay who bought or paid in advance; required where they owe."
    )
