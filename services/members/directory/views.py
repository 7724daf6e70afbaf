"""The table of people: personal data, written in the events' transaction and never from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Executable,
    Integer,
    Row,
    Table,
    Text,
    Uuid,
    cast,
    delete,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Event, Recorded
from events.ids import AllianceId, PersonId
from events.projection import Projector
from members.directory.events import PersonErased, PersonRegistered
from members.tables import documents, metadata

people = Table(
    "people",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("entry", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("company", Uuid, nullable=True),
)
"""`entry` names the row in the list of erasures: who is registered anew after an erasure has another one."""


def put(
    alliance: AllianceId,
    person: PersonId,
    entry: UUID,
    *,
    name: str,
    email: str,
    company: UUID | None,
) -> Executable:
    """A row for a person, in place of none: that there is none is what `decide` requires afterwards."""
    row = {
        "entry": entry,
        "version": 0,
        "name": name,
        "email": email,
        "company": company,
    }
    new = insert(people).values(alliance_id=alliance, person=person, **row)
    return new.on_conflict_do_update(index_elements=["alliance_id", "person"], set_=row)


def correct(alliance: AllianceId, person: PersonId, *, name: str, email: str) -> Executable:
    return (
        update(people)
        .where(people.c.alliance_id == alliance, people.c.person == person)
        .values(name=name, email=email)
    )


def erase(alliance: AllianceId, person: PersonId, at: datetime) -> Executable:
    """Deletes the row and notes it, so that a restored backup forgets it again."""
    gone = (
        delete(people)
        .where(people.c.alliance_id == alliance, people.c.person == person)
        .returning(cast(people.c.entry, Text).label("entry"))
        .cte("gone")
    )
    return insert(documents.erasures).from_select(["subject", "at"], select(gone.c.entry, literal(at)))


def registered(recorded: Recorded[PersonRegistered]) -> Sequence[Executable]:
    """The row stands there already; the event adds its version."""
    return [
        update(people)
        .where(people.c.alliance_id == recorded.alliance, people.c.person == recorded.event.person)
        .values(version=recorded.version)
    ]


def erased(recorded: Recorded[PersonErased]) -> Sequence[Executable]:
    """The row went before the event; in a database that was put back it is there again, and goes now."""
    return [erase(recorded.alliance, PersonId(recorded.event.person), recorded.time)]


PROJECTORS: Mapping[type[Event], Sequence[Projector]] = {
    PersonRegistered: [registered],
    PersonErased: [erased],
}


def replay() -> Executable:
    """After a restore: deletes every entry that the list of erasures names."""
    erased = select(documents.erasures.c.subject)
    return delete(people).where(cast(people.c.entry, Text).in_(erased))


async def one(connection: AsyncConnection, alliance: UUID, person: str) -> Row[Any] | None:
    query = select(people).where(people.c.alliance_id == alliance, people.c.person == person)
    return (await connection.execute(query)).one_or_none()


async def of_alliance(
    connection: AsyncConnection, alliance: UUID, after: str, limit: int, company: UUID | None
) -> Sequence[Row[Any]]:
    """People by person id."""
    query = select(people).where(people.c.alliance_id == alliance, people.c.person > after)
    if company is not None:
        query = query.where(people.c.company == company)
    return (await connection.execute(query.order_by(people.c.person).limit(limit))).all()
