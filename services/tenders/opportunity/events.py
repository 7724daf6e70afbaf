"""What is published of opportunities. Everybody in the alliance may read all of it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event
from money import Money


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LotAsked(_Part):
    """A lot by its number in this opportunity; `reference` is its identifier as published."""

    number: int
    reference: str
    title: str
    value: Money | None


class Asked(_Part):
    """What a buyer asks for, without descriptions: those stand in documents."""

    title: str
    buyer: str
    buyer_id: str | None
    value: Money | None
    cpv: tuple[str, ...]
    nuts: tuple[str, ...]
    status: str | None
    procurement_method: str | None
    procurement_category: str | None
    enquiry_deadline: datetime | None
    submission_deadline: datetime | None


class NoticeRead(_Part):
    """Where a public notice was read from: `original` as published, `reading` what was made of it."""

    ocid: str
    release_ids: tuple[str, ...]
    """The newest of them."""
    tags: tuple[str, ...]
    published: datetime | None
    updated: datetime | None
    original: Digest
    reading: Digest
    warnings: int


class OpportunityDetected(Event, type="alliance.tenders.opportunity_detected.v1"):
    """A public notice imported, or a private client's call typed in: then without `notice`.

    Of many lots the first stand here; `lots_in_all` tells how many more follow in `LotsAdded`.
    """

    asked: Asked
    lots: tuple[LotAsked, ...]
    lots_in_all: int
    notice: NoticeRead | None
    description: Digest | None


class NoticeAmended(Event, type="alliance.tenders.notice_amended.v1"):
    """The buyer published anew. A new `edition` where what is asked for changed: open bids lapse then."""

    asked: Asked
    lots: tuple[LotAsked, ...]
    lots_in_all: int
    notice: NoticeRead
    edition: int


class LotsAdded(Event, type="alliance.tenders.lots_added.v1"):
    """More lots of the detection or amendment before it, which one event could not hold."""

    lots: tuple[LotAsked, ...]


class GoDecided(Event, type="alliance.tenders.go_decided.v1"):
    """The alliance goes for it: consortia may form."""


class NoGoDecided(Event, type="alliance.tenders.no_go_decided.v1"):
    """The alliance lets it pass."""

    reason: Digest | None


class BiddingBegun(Event, type="alliance.tenders.bidding_begun.v1"):
    """The first bid has been drafted."""

    bid: UUID


class OpportunityClosed(Event, type="alliance.tenders.opportunity_closed.v1"):
    """No bid is open any more, and none will follow."""


EVENTS = (
    OpportunityDetected,
    NoticeAmended,
    LotsAdded,
    GoDecided,
    NoGoDecided,
    BiddingBegun,
    OpportunityClosed,
)
