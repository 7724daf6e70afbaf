"""Which person has which role where: what `GET /me` and the list of roles show."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Executable, Index, Table, Text, Uuid, and_, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Event, Recorded
from events.ids import PersonId
from events.projection import Projector
from members.alliance.events import AllianceFounded, RoleGranted, RoleWithdrawn
from members.membership.views import members
from members.tables import metadata
from standing import PRESENT, Role, Status

NOWHERE = UUID(int=0)
"""In place of a company, for a role of the alliance: a primary key takes no NULL."""

alliances = Table(
    "alliances",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Index("roles_of_a_person", "person"),
)


def founded(recorded: Recorded[AllianceFounded]) -> Sequence[Executable]:
    return [insert(alliances).values(alliance_id=recorded.alliance, name=recorded.event.name)]


def granted(recorded: Recorded[RoleGranted]) -> Sequence[Executable]:
    event = recorded.event
    return [
        insert(roles).values(
            alliance_id=recorded.alliance,
            person=event.person,
            role=event.role,
            company=event.company or NOWHERE,
        )
    ]


def withdrawn(recorded: Recorded[RoleWithdrawn]) -> Sequence[Executable]:
    event = recorded.event
    return [
        delete(roles).where(
            roles.c.alliance_id == recorded.alliance,
            roles.c.person == event.person,
            roles.c.role == event.role,
            roles.c.company == (event.company or NOWHERE),
        )
    ]


PROJECTORS: Mapping[type[Event], Sequence[Projector]] = {
    AllianceFounded: [founded],
    RoleGranted: [granted],
    RoleWithdrawn: [withdrawn],
}


async def of_person(
    connection: AsyncConnection, person: PersonId, after: UUID, limit: int
) -> Sequence[tuple[UUID, str]]:
    """The (id, name) of alliances in which a person has a role that counts, or applies, by id."""
    query = (
        select(alliances.c.alliance_id, alliances.c.name)
        .join(roles, roles.c.alliance_id == alliances.c.alliance_id)
        .outerjoin(
            members, and_(members.c.alliance_id == roles.c.alliance_id, members.c.company == roles.c.company)
        )
        .where(
            roles.c.person == person,
            alliances.c.alliance_id > after,
            or_(roles.c.company == NOWHERE, members.c.status.in_({*PRESENT, Status.APPLIED})),
        )
        .distinct()
        .order_by(alliances.c.alliance_id)
        .limit(limit)
    )
    return [(row.alliance_id, row.name) for row in await connection.execute(query)]


async def of_alliance(
    connection: AsyncConnection, alliance: UUID, after: tuple[str, str, UUID], limit: int
) -> Sequence[dict[str, Any]]:
    """Roles by (person, role, company)."""
    key = (roles.c.person, roles.c.role, roles.c.company)
    query = (
        select(*key).where(roles.c.alliance_id == alliance, tuple_(*key) > after).order_by(*key).limit(limit)
    )
    return [
        {
            "person": row.person,
            "role": Role(row.role),
            "company": None if row.company == NOWHERE else row.company,
        }
        for row in await connection.execute(query)
    ]
