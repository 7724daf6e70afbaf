"""Which company stands in which open bid or contract: asked under the lock, across all consortia."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Executable, Index, Integer, Select, Table, Text, Uuid, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from events.envelope import Recorded
from tenders.tables import metadata

involvements: Final = Table(
    "involvements",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("consortium", Uuid, nullable=False),
    Column("opportunity", Uuid, nullable=False),
    Column("lot", Integer, nullable=False),
    Index("involvements_of_a_company", "alliance_id", "company"),
    Index("involvements_in_a_lot", "alliance_id", "opportunity", "lot"),
)


def enter(
    recorded: Recorded[Any], companies: Iterable[UUID], *, consortium: UUID, opportunity: UUID, lot: int
) -> Executable:
    """From this event on these companies stand in what its stream is about."""
    rows = [
        {
            "alliance_id": recorded.alliance,
            "subject": recorded.stream,
            "company": company,
            "consortium": consortium,
            "opportunity": opportunity,
            "lot": lot,
        }
        for company in companies
    ]
    return insert(involvements).values(rows)


def leave(recorded: Recorded[Any]) -> Executable:
    """It is over: nobody stands in it any more."""
    return delete(involvements).where(
        involvements.c.alliance_id == recorded.alliance, involvements.c.subject == recorded.stream
    )


def in_lot(alliance: UUID, opportunity: UUID, lot: int) -> Select[Any]:
    """The companies that stand in a bid or a contract for this lot, of whatever consortium."""
    return select(involvements.c.company).where(
        involvements.c.alliance_id == alliance,
        involvements.c.opportunity == opportunity,
        involvements.c.lot == lot,
    )


def open_of_consortium(alliance: UUID, consortium: UUID, but: Sequence[str] = ()) -> Select[Any]:
    """How many bids and contracts of a consortium are open, without those named."""
    return select(func.count(involvements.c.subject.distinct())).where(
        involvements.c.alliance_id == alliance,
        involvements.c.consortium == consortium,
        involvements.c.subject.not_in(but),
    )


def open_of_company(alliance: UUID, company: UUID) -> Select[Any]:
    return select(func.count()).where(
        involvements.c.alliance_id == alliance, involvements.c.company == company
    )
