"""Which members gave notice, and what of them is still open here."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Executable, Table, Text, Uuid, cast, exists, literal, select
from sqlalchemy.dialects.postgresql import insert

from events.deadlines import DEADLINES
from events.envelope import Recorded
from events.ids import AllianceId
from events.projection import Projectors
from events.store import Transaction
from obligations.events import vocabulary
from tenders.bid.events import BidCancelled, BidLost, BidWithdrawn
from tenders.clearing.domain import Standing
from tenders.contract.events import ContractCompleted, ContractTerminated
from tenders.contributions import OBLIGATIONS
from tenders.involvements import involvements
from tenders.tables import metadata

DEADLINE: Final = "clearing"

leavers = Table(
    "leavers",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("notice", Uuid, nullable=False),
)


def noted(alliance: AllianceId, company: UUID, notice: UUID) -> Executable:
    new = insert(leavers).values(alliance_id=alliance, company=company, notice=notice)
    return new.on_conflict_do_update(
        index_elements=["alliance_id", "company"], set_={"notice": new.excluded.notice}
    )


async def standing(transaction: Transaction, alliance: AllianceId, company: UUID) -> Standing:
    """Under the alliance's lock. Open: a bid or contract that it stands in, and what is owed."""
    notice = select(leavers.c.notice).where(leavers.c.alliance_id == alliance, leavers.c.company == company)
    involved = exists().where(involvements.c.alliance_id == alliance, involvements.c.company == company)
    query = select(notice.scalar_subquery().label("notice"), involved.label("involved"))
    row = (await transaction.execute(query)).one()
    owes = await OBLIGATIONS.any_open(transaction.connection, alliance, company)
    return Standing(row.notice, row.involved or owes)


def asked_again(recorded: Recorded[Any]) -> Sequence[Executable]:
    """Something has ended: a deadline that is due at once asks for everyone in the alliance on notice."""
    due = select(
        leavers.c.alliance_id,
        literal("member/").concat(cast(leavers.c.company, Text)),
        literal(DEADLINE),
        literal(recorded.time),
    ).where(leavers.c.alliance_id == recorded.alliance)
    new = insert(DEADLINES).from_select(["alliance_id", "stream", "name", "due_at"], due)
    return [
        new.on_conflict_do_update(
            index_elements=["alliance_id", "stream", "name"], set_={"due_at": new.excluded.due_at}
        )
    ]


_words: Final = vocabulary("tenders")

PROJECTORS: Final[Projectors] = {
    ended: [asked_again]
    for ended in (
        BidLost,
        BidWithdrawn,
        BidCancelled,
        ContractCompleted,
        ContractTerminated,
        _words.payment_attested,
        _words.cancelled,
    )
}
