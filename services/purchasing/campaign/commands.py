"""What may be asked of a campaign. Texts have become digests; money and quantities come checked for form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.digest import Digest
from money import Money, Price
from purchasing.campaign.events import Commitment, Group, Need, Offer, SharingMethod


@dataclass(frozen=True)
class DraftCampaign:
    """`sharing_method` None: the charter's."""

    title: Digest
    specification: Digest
    unit: str
    minimum_quantity: int
    sharing_method: SharingMethod | None


@dataclass(frozen=True)
class InviteNeeds:
    pass


@dataclass(frozen=True)
class RecordNeed:
    company: UUID
    need: Need
    site: Digest | None
    evidence: Digest | None


@dataclass(frozen=True)
class AttestFormerPrice:
    """`price`: what the evidence shows."""

    company: UUID
    price: Price


@dataclass(frozen=True)
class InviteQuotes:
    pass


@dataclass(frozen=True)
class RecordQuote:
    quote: UUID
    supplier: Digest
    offer: Offer


@dataclass(frozen=True)
class ChooseQuote:
    quote: UUID


@dataclass(frozen=True)
class InviteCommitments:
    pass


@dataclass(frozen=True)
class Commit:
    company: UUID
    commitment: Commitment


@dataclass(frozen=True)
class WithdrawCommitment:
    company: UUID


@dataclass(frozen=True)
class CompareMethods:
    pass


@dataclass(frozen=True)
class ChooseMethod:
    sharing_method: SharingMethod


@dataclass(frozen=True)
class AcceptRoundUp:
    """The company would own a surplus of up to `at_most` units; 0 takes that back."""

    company: UUID
    at_most: int


@dataclass(frozen=True)
class Freeze:
    pass


@dataclass(frozen=True)
class Extend:
    until: date


@dataclass(frozen=True)
class Cancel:
    reason: Digest


@dataclass(frozen=True)
class Order:
    pass


@dataclass(frozen=True)
class TakeLead:
    company: UUID


@dataclass(frozen=True)
class Prefinance:
    company: UUID
    amount: Money


@dataclass(frozen=True)
class AttestPrefinancing:
    pass


@dataclass(frozen=True)
class Receive:
    """`quantity` came in this delivery; with the `last` one, `split` may say who has how much of all."""

    quantity: int
    last: bool
    split: Mapping[UUID, int] | None = None
    split_reason: Digest | None = None


@dataclass(frozen=True)
class RecordInvoice:
    invoiced: Group


@dataclass(frozen=True)
class Allocate:
    pass


@dataclass(frozen=True)
class Settle:
    """`due_on` and ids for `obligations` are used where members owe who bought or paid in advance."""

    due_on: date | None
    obligations: Sequence[UUID]
