"""Members and their cards, as everybody in the alliance sees them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, Executable, Integer, Row, Table, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Event, Recorded
from events.ids import AllianceId
from events.projection import Projector
from members.membership.domain import STATUS_AFTER
from members.membership.events import (
    Card,
    CardFilledIn,
    ClearanceNoted,
    CompanyApplied,
    FounderJoined,
    MemberAdmitted,
    NoticeGiven,
)
from members.tables import documents, metadata, obligations
from standing import Status

members = Table(
    "members",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("pilot_until", Date, nullable=True),
    Column("notice_ends_on", Date, nullable=True),
    Column("card", Text, nullable=True),
)


def _changed(recorded: Recorded[Any], **values: Any) -> Executable:
    return (
        update(members)
        .where(members.c.alliance_id == recorded.alliance, members.c.company == recorded.event.company)
        .values(version=recorded.version, **values)
    )


def entered(recorded: Recorded[FounderJoined | CompanyApplied]) -> Sequence[Executable]:
    """A row of its own, or the old one of a company that comes back."""
    event = recorded.event
    new = insert(members).values(
        alliance_id=recorded.alliance,
        company=event.company,
        version=recorded.version,
        name=event.name,
        status=STATUS_AFTER[type(event)],
        since=recorded.effective_on,
    )
    return [
        new.on_conflict_do_update(
            index_elements=["alliance_id", "company"],
            set_={
                **{name: new.excluded[name] for name in ("version", "name", "status", "since")},
                "pilot_until": None,
                "notice_ends_on": None,
            },
        )
    ]


def status_changed(recorded: Recorded[Any]) -> Sequence[Executable]:
    event = recorded.event
    return [
        _changed(
            recorded,
            status=STATUS_AFTER[type(event)],
            since=recorded.effective_on,
            pilot_until=event.until if isinstance(event, MemberAdmitted) else None,
            notice_ends_on=event.ends_on if isinstance(event, NoticeGiven) else None,
        )
    ]


def card_filled_in(recorded: Recorded[CardFilledIn]) -> Sequence[Executable]:
    event = recorded.event
    return [_changed(recorded, name=event.name, card=event.card.model_dump_json())]


def clearance_noted(recorded: Recorded[ClearanceNoted]) -> Sequence[Executable]:
    return [_changed(recorded)]


PROJECTORS: Mapping[type[Event], Sequence[Projector]] = {
    **{event: [status_changed] for event in STATUS_AFTER},
    FounderJoined: [entered],
    CompanyApplied: [entered],
    CardFilledIn: [card_filled_in],
    ClearanceNoted: [clearance_noted],
}


async def one(connection: AsyncConnection, alliance: UUID, company: UUID) -> Row[Any] | None:
    query = select(members).where(members.c.alliance_id == alliance, members.c.company == company)
    return (await connection.execute(query)).one_or_none()


async def of_alliance(
    connection: AsyncConnection,
    alliance: UUID,
    after: UUID,
    limit: int,
    *,
    status: Status | None,
    only: frozenset[UUID] | None,
) -> Sequence[Row[Any]]:
    """Companies in the order in which they came: their ids are times. `only` these, where it is given."""
    query = select(members).where(members.c.alliance_id == alliance, members.c.company > after)
    if status is not None:
        query = query.where(members.c.status == status)
    if only is not None:
        query = query.where(members.c.company.in_(only))
    return (await connection.execute(query.order_by(members.c.company).limit(limit))).all()


async def texts_of(connection: AsyncConnection, alliance: UUID, card: Card) -> Mapping[UUID, str]:
    """The card's texts by document, without those erased."""
    wanted = [digest.document for digest in (card.offers, card.seeks, *card.goals) if digest is not None]
    table = documents.documents
    query = select(table.c.id, table.c.body).where(table.c.alliance_id == alliance, table.c.id.in_(wanted))
    return {row.id: row.body.decode() for row in await connection.execute(query)}


async def staff(connection: AsyncConnection, alliance: UUID) -> Mapping[UUID, int]:
    """How many people each company has, of those that have filled in their card."""
    query = select(members.c.company, members.c.card).where(
        members.c.alliance_id == alliance, members.c.card.is_not(None)
    )
    return {row.company: Card.model_validate_json(row.card).staff for row in await connection.execute(query)}


async def owing(connection: AsyncConnection, alliance: UUID, company: UUID) -> bool:
    """Whether the company owes, or is owed, something in this service that is not paid and attested."""
    return await obligations.any_open(connection, AllianceId(alliance), company)
