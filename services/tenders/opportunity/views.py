"""The list of opportunities, and which public notices are known already."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Executable, Index, Integer, Select, Table, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert

from events.envelope import Recorded
from events.projection import Projector, Projectors
from tenders.opportunity.domain import Stage
from tenders.opportunity.events import (
    BiddingBegun,
    GoDecided,
    LotsAdded,
    NoGoDecided,
    NoticeAmended,
    OpportunityClosed,
    OpportunityDetected,
)
from tenders.projects import id_of
from tenders.tables import metadata

opportunities = Table(
    "opportunities",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("buyer", Text, nullable=False),
    Column("ocid", Text, nullable=True),
    Index("opportunities_by_ocid", "alliance_id", "ocid", unique=True),
)


def detected(recorded: Recorded[OpportunityDetected]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(opportunities).values(
            alliance_id=recorded.alliance,
            id=id_of(recorded.stream),
            version=recorded.version,
            stage=Stage.DETECTED,
            title=event.asked.title,
            buyer=event.asked.buyer,
            ocid=event.notice.ocid if event.notice else None,
        )
    ]


def amended(recorded: Recorded[NoticeAmended]) -> Sequence[Executable]:
    asked = recorded.event.asked
    return [_changed(recorded, title=asked.title, buyer=asked.buyer)]


def _changed(recorded: Recorded[Any], **values: Any) -> Executable:
    return (
        update(opportunities)
        .where(opportunities.c.alliance_id == recorded.alliance, opportunities.c.id == id_of(recorded.stream))
        .values(version=recorded.version, **values)
    )


def _at(stage: Stage) -> Projector:
    return lambda recorded: [_changed(recorded, stage=stage)]


PROJECTORS: Projectors = {
    OpportunityDetected: [detected],
    NoticeAmended: [amended],
    LotsAdded: [lambda recorded: [_changed(recorded)]],
    GoDecided: [_at(Stage.GO)],
    NoGoDecided: [_at(Stage.NO_GO)],
    BiddingBegun: [_at(Stage.BIDDING)],
    OpportunityClosed: [_at(Stage.CLOSED)],
}


def listed(alliance: UUID, stage: Stage | None, after: UUID, limit: int) -> Select[Any]:
    """By id, which is by age."""
    query = select(opportunities).where(opportunities.c.alliance_id == alliance, opportunities.c.id > after)
    if stage is not None:
        query = query.where(opportunities.c.stage == stage)
    return query.order_by(opportunities.c.id).limit(limit)


def by_ocid(alliance: UUID, ocids: Sequence[str]) -> Select[Any]:
    table = opportunities
    return select(table.c.ocid, table.c.id).where(table.c.alliance_id == alliance, table.c.ocid.in_(ocids))
