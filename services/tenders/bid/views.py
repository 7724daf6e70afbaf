"""The list of bids, and who stands in an open one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Index,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from events.envelope import Recorded
from events.projection import Projector, Projectors
from tenders import involvements
from tenders.bid.domain import OPEN, Stage
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
)
from tenders.projects import id_of
from tenders.tables import metadata

bids = Table(
    "bids",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("opportunity", Uuid, nullable=False),
    Column("lot", Integer, nullable=False),
    Column("consortium", Uuid, nullable=False),
    Column("lead", Uuid, nullable=False),
    Column("stage", Text, nullable=False),
    Index("bids_of_an_opportunity", "alliance_id", "opportunity", "lot"),
)


def drafted(recorded: Recorded[BidDrafted]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(bids).values(
            alliance_id=recorded.alliance,
            id=id_of(recorded.stream),
            version=recorded.version,
            opportunity=event.opportunity,
            lot=event.lot,
            consortium=event.consortium,
            lead=event.lead,
            stage=Stage.DRAFT,
        ),
        involvements.enter(
            recorded,
            event.members,
            consortium=event.consortium,
            opportunity=event.opportunity,
            lot=event.lot,
        ),
    ]


def moved(recorded: Recorded[Any]) -> Sequence[Executable]:
    return [_changed(recorded)]


def _changed(recorded: Recorded[Any], **values: Any) -> Executable:
    mine = (bids.c.alliance_id == recorded.alliance, bids.c.id == id_of(recorded.stream))
    return update(bids).where(*mine).values(version=recorded.version, **values)


def _at(stage: Stage) -> Projector:
    return lambda recorded: [_changed(recorded, stage=stage)]


def _over(stage: Stage) -> Projector:
    return lambda recorded: [_changed(recorded, stage=stage), involvements.leave(recorded)]


PROJECTORS: Projectors = {
    BidDrafted: [drafted],
    BidRepriced: [moved],
    BidAgreed: [moved],
    BidInvalidated: [_at(Stage.DRAFT)],
    BidSubmitted: [_at(Stage.SUBMITTED)],
    BidWon: [_over(Stage.WON)],
    BidLost: [_over(Stage.LOST)],
    BidWithdrawn: [_over(Stage.WITHDRAWN)],
    BidCancelled: [_over(Stage.CANCELLED)],
}


def open_bids(alliance: UUID, opportunity: UUID) -> ColumnElement[bool]:
    """A condition: bids of an opportunity that are neither decided nor taken back."""
    return and_(bids.c.alliance_id == alliance, bids.c.opportunity == opportunity, bids.c.stage.in_(OPEN))


def of_lot(alliance: UUID, opportunity: UUID, lot: int) -> Select[Any]:
    return select(bids).where(
        bids.c.alliance_id == alliance, bids.c.opportunity == opportunity, bids.c.lot == lot
    )


def listed(alliance: UUID, opportunity: UUID | None, after: UUID, limit: int) -> Select[Any]:
    """By id, which is by age."""
    query = select(bids).where(bids.c.alliance_id == alliance, bids.c.id > after)
    if opportunity is not None:
        query = query.where(bids.c.opportunity == opportunity)
    return query.order_by(bids.c.id).limit(limit)
