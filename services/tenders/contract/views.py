"""The list of contracts, and who stands in an open one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Executable, Index, Integer, Select, Table, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert

from events.envelope import Recorded
from events.projection import Projector, Projectors
from tenders import involvements
from tenders.contract.events import (
    ContractActivated,
    ContractCompleted,
    ContractPaymentRecognised,
    ContractPaymentRecorded,
    ContractPaymentReversed,
    ContractPaymentWithdrawn,
    ContractPrepared,
    ContractTerminated,
)
from tenders.contract.state import Stage
from tenders.projects import id_of
from tenders.tables import metadata

contracts = Table(
    "contracts",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("opportunity", Uuid, nullable=False),
    Column("lot", Integer, nullable=False),
    Column("consortium", Uuid, nullable=False),
    Column("lead", Uuid, nullable=False),
    Column("stage", Text, nullable=False),
    Column("charter_version", Integer, nullable=False),
    Index("contracts_of_an_opportunity", "alliance_id", "opportunity", "lot"),
)


def prepared(recorded: Recorded[ContractPrepared]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(contracts).values(
            alliance_id=recorded.alliance,
            id=id_of(recorded.stream),
            version=recorded.version,
            opportunity=event.opportunity,
            lot=event.lot,
            consortium=event.consortium,
            lead=event.lead,
            stage=Stage.PENDING,
            charter_version=recorded.charter_version,
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
    mine = (contracts.c.alliance_id == recorded.alliance, contracts.c.id == id_of(recorded.stream))
    return update(contracts).where(*mine).values(version=recorded.version, **values)


def _over(stage: Stage) -> Projector:
    return lambda recorded: [_changed(recorded, stage=stage), involvements.leave(recorded)]


PROJECTORS: Projectors = {
    ContractPrepared: [prepared],
    ContractActivated: [lambda recorded: [_changed(recorded, stage=Stage.ACTIVE)]],
    ContractPaymentRecorded: [moved],
    ContractPaymentWithdrawn: [moved],
    ContractPaymentRecognised: [moved],
    ContractPaymentReversed: [moved],
    ContractCompleted: [_over(Stage.COMPLETED)],
    ContractTerminated: [_over(Stage.TERMINATED)],
}


def of_lot(alliance: UUID, opportunity: UUID, lot: int) -> Select[Any]:
    return select(contracts).where(
        contracts.c.alliance_id == alliance,
        contracts.c.opportunity == opportunity,
        contracts.c.lot == lot,
    )


def listed(alliance: UUID, opportunity: UUID | None, after: UUID, limit: int) -> Select[Any]:
    """By id, which is by age."""
    query = select(contracts).where(contracts.c.alliance_id == alliance, contracts.c.id > after)
    if opportunity is not None:
        query = query.where(contracts.c.opportunity == opportunity)
    return query.order_by(contracts.c.id).limit(limit)
