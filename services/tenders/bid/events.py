"""What is published of bids. Prices are sealed once for each member, costs to each alone."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Money


class BidDrafted(Event, type="alliance.tenders.bid_drafted.v1"):
    """The lead has put a bid together; `members` are those with a part in the lot, the lead first.

    The lead agrees by drafting it, the others are asked to.
    """

    consortium: UUID
    opportunity: UUID
    lot: int
    lead: UUID
    members: tuple[UUID, ...]
    edition: int
    """Of the notice that it answers."""
    prices: tuple[Confidential[Money], ...]
    """The one price of the lot, VAT excluded."""


class BidRepriced(Event, type="alliance.tenders.bid_repriced.v1"):
    """The lead names another price: the others agree anew."""

    prices: tuple[Confidential[Money], ...]


class BidAgreed(Event, type="alliance.tenders.bid_agreed.v1"):
    """A member agrees to the bid under this edition of the notice."""

    company: UUID
    edition: int


class BidInvalidated(Event, type="alliance.tenders.bid_invalidated.v1"):
    """The buyer has changed what is asked for: each member, the lead too, agrees anew, then it is submitted
    anew.
    """

    edition: int


class BidSubmitted(Event, type="alliance.tenders.bid_submitted.v1"):
    """The buyer has it."""


class BidWon(Event, type="alliance.tenders.bid_won.v1"):
    """The buyer has chosen it; what is expected stands in the contract."""

    contract: UUID


class LotCosts(BaseModel):
    """Hours put into a lost lot, valued: what a member bore, and what its share of the whole is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    borne: Money
    share: Money


class BidLost(Event, type="alliance.tenders.bid_lost.v1"):
    """`costs` where the agreed key shares them: who bore less than its share pays who bore more."""

    costs: tuple[Confidential[LotCosts], ...]


class BidWithdrawn(Event, type="alliance.tenders.bid_withdrawn.v1"):
    """The consortium takes it back."""

    reason: Digest | None


class BidCancelled(Event, type="alliance.tenders.bid_cancelled.v1"):
    """The buyer gives the lot up."""

    reason: Digest | None


EVENTS = (
    BidDrafted,
    BidRepriced,
    BidAgreed,
    BidInvalidated,
    BidSubmitted,
    BidWon,
    BidLost,
    BidWithdrawn,
    BidCancelled,
)
