"""The list of consortia, and who has a seat in them for which lot."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Executable,
    Index,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from events.envelope import Recorded
from events.projection import Projector, Projectors
from tenders.consortium.domain import Stage
from tenders.consortium.events import (
    AgreementSigned,
    Composition,
    CompositionChanged,
    CompositionFrozen,
    ConsortiumDischarged,
    ConsortiumDissolved,
    ConsortiumFormed,
    ExecutionBegun,
    SharesSet,
    TermsDeclared,
)
from tenders.projects import id_of
from tenders.tables import metadata

consortia = Table(
    "consortia",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("opportunity", Uuid, nullable=False),
    Column("lead", Uuid, nullable=False),
    Column("stage", Text, nullable=False),
    Column("charter_version", Integer, nullable=True),
    Index("consortia_of_an_opportunity", "alliance_id", "opportunity"),
)

seats = Table(
    "seats",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("consortium", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("lot", Integer, primary_key=True),
)


def formed(recorded: Recorded[ConsortiumFormed]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(consortia).values(
            alliance_id=recorded.alliance,
            id=id_of(recorded.stream),
            version=recorded.version,
            opportunity=event.opportunity,
            lead=event.lead,
            stage=Stage.FORMING,
        ),
        _seated(recorded, event.composition),
    ]


def recomposed(recorded: Recorded[CompositionChanged]) -> Sequence[Executable]:
    mine = (seats.c.alliance_id == recorded.alliance, seats.c.consortium == id_of(recorded.stream))
    return [
        _changed(recorded),
        delete(seats).where(*mine),
        _seated(recorded, recorded.event.composition),
    ]


def _seated(recorded: Recorded[Any], composition: Composition) -> Executable:
    rows = [
        {
            "alliance_id": recorded.alliance,
            "consortium": id_of(recorded.stream),
            "company": company,
            "lot": lot,
        }
        for company in composition.members
        for lot in composition.lots
    ]
    return insert(seats).values(rows)


def frozen(recorded: Recorded[CompositionFrozen]) -> Sequence[Executable]:
    return [_changed(recorded, stage=Stage.FROZEN, charter_version=recorded.charter_version)]


def _changed(recorded: Recorded[Any], **values: Any) -> Executable:
    mine = (consortia.c.alliance_id == recorded.alliance, consortia.c.id == id_of(recorded.stream))
    return update(consortia).where(*mine).values(version=recorded.version, **values)


def _at(stage: Stage) -> Projector:
    return lambda recorded: [_changed(recorded, stage=stage)]


def moved(recorded: Recorded[Any]) -> Sequence[Executable]:
    return [_changed(recorded)]


PROJECTORS: Projectors = {
    ConsortiumFormed: [formed],
    CompositionChanged: [recomposed],
    SharesSet: [moved],
    TermsDeclared: [moved],
    AgreementSigned: [moved],
    CompositionFrozen: [frozen],
    ExecutionBegun: [_at(Stage.EXECUTING)],
    ConsortiumDischarged: [_at(Stage.DISCHARGED)],
    ConsortiumDissolved: [_at(Stage.DISSOLVED)],
}


def listed(alliance: UUID, opportunity: UUID | None, after: UUID, limit: int) -> Select[Any]:
    """By id, which is by age."""
    query = select(consortia).where(consortia.c.alliance_id == alliance, consortia.c.id > after)
    if opportunity is not None:
        query = query.where(consortia.c.opportunity == opportunity)
    return query.order_by(consortia.c.id).limit(limit)
