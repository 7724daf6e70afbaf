"""Decisions as everybody in the alliance sees them. No ballot stands here before its decision is closed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Executable,
    Integer,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.deadlines import clear_deadline, set_deadline
from events.envelope import Event, Recorded
from events.projection import Projector
from members.decision.events import (
    Ballot,
    BallotCast,
    DecisionClosed,
    DecisionDrafted,
    DecisionOpened,
    Matter,
    Vote,
)
from members.tables import documents, metadata

CLOSING = "closing"
"""The name of the deadline."""

decisions = Table(
    "decisions",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("matter", Text, nullable=False),
    Column("company", Uuid, nullable=True),
    Column("proposal", Uuid, nullable=True),
    Column("title", Uuid, nullable=False),
    Column("discussion", Uuid, nullable=True),
    Column("status", Text, nullable=False),
    Column("electorate", ARRAY(Uuid), nullable=True),
    Column("interested", ARRAY(Uuid), nullable=True),
    Column("quorum", Text, nullable=True),
    Column("closes_at", DateTime(timezone=True), nullable=True),
    Column("votes_for", Integer, nullable=True),
    Column("votes_against", Integer, nullable=True),
    Column("abstentions", Integer, nullable=True),
)

ballots = Table(
    "ballots",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("decision", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("vote", Text, nullable=False),
)


def _id(recorded: Recorded[Any]) -> UUID:
    return UUID(recorded.stream.partition("/")[2])


def _changed(recorded: Recorded[Any], **values: Any) -> Executable:
    return (
        update(decisions)
        .where(decisions.c.alliance_id == recorded.alliance, decisions.c.id == _id(recorded))
        .values(version=recorded.version, **values)
    )


def drafted(recorded: Recorded[DecisionDrafted]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(decisions).values(
            alliance_id=recorded.alliance,
            id=_id(recorded),
            version=recorded.version,
            matter=event.matter,
            company=event.company,
            proposal=event.proposal,
            title=event.title.document,
            discussion=event.discussion.document if event.discussion else None,
            status="draft",
        )
    ]


def opened(recorded: Recorded[DecisionOpened]) -> Sequence[Executable]:
    event = recorded.event
    statements = [
        _changed(
            recorded,
            status="open",
            electorate=list(event.electorate),
            interested=list(event.interested),
            quorum=f"{event.quorum:f}",
            closes_at=event.closes_at,
        )
    ]
    if event.closes_at is not None:
        statements.append(set_deadline(recorded.alliance, recorded.stream, CLOSING, event.closes_at))
    return statements


def cast(recorded: Recorded[BallotCast]) -> Sequence[Executable]:
    return [_changed(recorded)]


def closed(recorded: Recorded[DecisionClosed]) -> Sequence[Executable]:
    event = recorded.event
    opened_ballots = [
        insert(ballots).values(
            alliance_id=recorded.alliance,
            decision=_id(recorded),
            company=ballot.company,
            vote=ballot.vote,
        )
        for ballot in event.ballots
    ]
    return [
        _changed(
            recorded,
            status=event.outcome,
            votes_for=event.votes_for,
            votes_against=event.votes_against,
            abstentions=event.abstentions,
        ),
        *opened_ballots,
        clear_deadline(recorded.alliance, recorded.stream, CLOSING),
    ]


PROJECTORS: Mapping[type[Event], Sequence[Projector]] = {
    DecisionDrafted: [drafted],
    DecisionOpened: [opened],
    BallotCast: [cast],
    DecisionClosed: [closed],
}

_title = documents.documents.alias("title_text")
_discussion = documents.documents.alias("discussion_text")


def _with_texts() -> Select[Any]:
    """An erased text is null."""
    return (
        select(decisions, _title.c.body.label("title_text"), _discussion.c.body.label("discussion_text"))
        .outerjoin(_title, _title.c.id == decisions.c.title)
        .outerjoin(_discussion, _discussion.c.id == decisions.c.discussion)
    )


async def one(connection: AsyncConnection, alliance: UUID, id: UUID) -> Row[Any] | None:
    query = _with_texts().where(decisions.c.alliance_id == alliance, decisions.c.id == id)
    found: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return found


async def of_alliance(
    connection: AsyncConnection, alliance: UUID, after: UUID, limit: int, matter: Matter | None
) -> Sequence[Row[Any]]:
    """Decisions in the order in which they were drafted: their ids are times."""
    query = _with_texts().where(decisions.c.alliance_id == alliance, decisions.c.id > after)
    if matter is not None:
        query = query.where(decisions.c.matter == matter)
    rows: Sequence[Row[Any]] = (await connection.execute(query.order_by(decisions.c.id).limit(limit))).all()
    return rows


async def ballots_of(connection: AsyncConnection, alliance: UUID, decision: UUID) -> Sequence[Ballot]:
    query = (
        select(ballots.c.company, ballots.c.vote)
        .where(ballots.c.alliance_id == alliance, ballots.c.decision == decision)
        .order_by(ballots.c.company)
    )
    rows = await connection.execute(query)
    return [Ballot(company=row.company, vote=Vote(row.vote)) for row in rows]
