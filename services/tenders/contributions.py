"""What members give for a lot, and what they owe one another: this service's declarations and obligations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from declarations.api import Declarations
from declarations.domain import State
from declarations.events import Nature
from declarations.project import Project
from events.errors import NotFound, Refused
from events.ids import AllianceId
from events.store import Transaction
from money import Money
from obligations.api import Obligations
from standing import Given
from tenders.bid import views as bids
from tenders.bid.domain import OPEN
from tenders.consortium.domain import Stage as ConsortiumStage
from tenders.consortium.views import consortia, seats
from tenders.contract import views as contracts
from tenders.contract.state import Stage as ContractStage
from tenders.tables import documents, metadata

OBLIGATIONS: Final = Obligations("tenders", metadata, documents)

BID_WORK: Final = frozenset({"bid_preparation"})
CONTRACT_WORK: Final = frozenset({"coordination"})
MEANS: Final = frozenset({"reference"})
"""Lent for a bid, by whatever member, in the consortium or not."""

_LOT: Final = re.compile(r"opportunity/([0-9a-f-]{36})/lot/([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class LotHours:
    """Hours given for a lot, valued: what counts by company, and how many declarations wait."""

    counted: Mapping[UUID, Money]
    waiting: int


async def find_project(transaction: Transaction, given: Given, name: str, company: UUID) -> Project:
    """A lot, to a member of a consortium for it; to the others only for means that they lend.

    Hours go by the charter pinned when the agreement was signed, those on a contract by the one pinned when
    that was made. Raises NotFound or Refused.
    """
    match = _LOT.fullmatch(name)
    if match is None:
        raise NotFound("project_unknown")
    alliance, opportunity, lot = given.standing.alliance, UUID(match[1]), int(match[2])
    query = (
        select(consortia.c.id, consortia.c.charter_version, seats.c.company)
        .join(
            seats,
            (seats.c.alliance_id == consortia.c.alliance_id) & (seats.c.consortium == consortia.c.id),
        )
        .where(
            consortia.c.alliance_id == alliance,
            consortia.c.opportunity == opportunity,
            consortia.c.stage != ConsortiumStage.DISSOLVED,
            seats.c.lot == lot,
        )
        .order_by(consortia.c.id)
    )
    seated = (await transaction.execute(query)).all()
    if not seated:
        raise NotFound("project_unknown")
    own = next((seat for seat in seated if seat.company == company), None)
    about = own or seated[0]
    contract = _latest(
        about.id, (await transaction.execute(contracts.of_lot(alliance, opportunity, lot))).all()
    )
    if contract is not None:
        if contract.stage not in {ContractStage.PENDING, ContractStage.ACTIVE}:
            raise Refused("lot_over")
        kinds = CONTRACT_WORK
        if contract.charter_version == about.charter_version:
            kinds |= BID_WORK
        return _project(name, kinds, contract.charter_version, own)
    bid = _latest(about.id, (await transaction.execute(bids.of_lot(alliance, opportunity, lot))).all())
    if bid is not None and bid.stage not in OPEN:
        raise Refused("lot_over")
    return _project(name, BID_WORK, about.charter_version, own)


def _latest(consortium: UUID, rows: Any) -> Row[Any] | None:
    return max((row for row in rows if row.consortium == consortium), key=lambda row: row.id, default=None)


def _project(name: str, kinds: frozenset[str], charter_version: int | None, own: Row[Any] | None) -> Project:
    return Project(
        name=name,
        form="tenders",
        kinds=kinds if own else frozenset(),
        charter_version=charter_version,
        means=MEANS,
    )


DECLARATIONS: Final = Declarations("tenders", metadata, documents, find_project)

_declarations: Final = metadata.tables["declarations"]


async def hours(transaction: Transaction, alliance: AllianceId, project: str) -> LotHours:
    """Of a lot's project, under the lock."""
    columns = _declarations.c
    query = select(columns.company, columns.value, columns.currency, columns.state).where(
        columns.alliance_id == alliance,
        columns.project == project,
        columns.nature == Nature.HOURS,
        columns.state != State.REVERSED,
    )
    counted: dict[UUID, Money] = {}
    waiting = 0
    for row in await transaction.execute(query):
        if row.state in {State.DECLARED, State.CONTESTED}:
            waiting += 1
            continue
        value = Money.of(row.value, row.currency)
        counted[row.company] = counted[row.company] + value if row.company in counted else value
    return LotHours(counted, waiting)
