"""The charters put in force, by number, and the proposals."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, Executable, Integer, Row, Table, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Event, Recorded
from events.ids import AllianceId
from events.projection import Projector
from members.charter.events import CharterProposed, CharterPutInForce, Terms
from members.tables import metadata

charters = Table(
    "charters",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("from_day", Date, nullable=False),
    Column("terms", Text, nullable=False),
    Column("preamble", Uuid, nullable=True),
    Column("decision", Uuid, nullable=True),
)

proposals = Table(
    "charter_proposals",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("terms", Text, nullable=False),
    Column("preamble", Uuid, nullable=True),
    Column("charter", Integer, nullable=True),
)


def proposed(recorded: Recorded[CharterProposed]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(proposals).values(
            alliance_id=recorded.alliance,
            id=_id(recorded.stream),
            version=recorded.version,
            terms=event.terms.model_dump_json(),
            preamble=event.preamble.document if event.preamble else None,
        )
    ]


def put_in_force(recorded: Recorded[CharterPutInForce]) -> Sequence[Executable]:
    event = recorded.event
    statements: list[Executable] = [
        insert(charters).values(
            alliance_id=recorded.alliance,
            version=event.version,
            from_day=event.from_day,
            terms=event.terms.model_dump_json(),
            preamble=event.preamble.document if event.preamble else None,
            decision=event.decision,
        )
    ]
    if event.decision is not None:
        statements.append(
            update(proposals)
            .where(proposals.c.alliance_id == recorded.alliance, proposals.c.id == _id(recorded.stream))
            .values(charter=event.version, version=recorded.version)
        )
    return statements


def _id(stream: str) -> UUID:
    return UUID(stream.partition("/")[2])


PROJECTORS: Mapping[type[Event], Sequence[Projector]] = {
    CharterProposed: [proposed],
    CharterPutInForce: [put_in_force],
}


def terms_of(row: Row[Any]) -> Terms:
    return Terms.model_validate_json(row.terms)


async def terms_numbered(connection: AsyncConnection, alliance: AllianceId, version: int) -> Terms:
    """The whole terms of a charter that the standing names."""
    query = select(charters.c.terms).where(charters.c.alliance_id == alliance, charters.c.version == version)
    return Terms.model_validate_json((await connection.execute(query)).scalar_one())


async def numbered(connection: AsyncConnection, alliance: UUID, version: int) -> Row[Any] | None:
    query = select(charters).where(charters.c.alliance_id == alliance, charters.c.version == version)
    return (await connection.execute(query)).one_or_none()


async def of_alliance(
    connection: AsyncConnection, alliance: UUID, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Charters by number."""
    query = (
        select(charters)
        .where(charters.c.alliance_id == alliance, charters.c.version > after)
        .order_by(charters.c.version)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def proposal(connection: AsyncConnection, alliance: UUID, id: UUID) -> Row[Any] | None:
    query = select(proposals).where(proposals.c.alliance_id == alliance, proposals.c.id == id)
    return (await connection.execute(query)).one_or_none()


async def proposals_of(
    connection: AsyncConnection, alliance: UUID, after: UUID, limit: int
) -> Sequence[Row[Any]]:
    """Proposals in the order in which they were made: their ids are times."""
    query = (
        select(proposals)
        .where(proposals.c.alliance_id == alliance, proposals.c.id > after)
        .order_by(proposals.c.id)
        .limit(limit)
    )
    return (await connection.execute(query)).all()
