"""Who owes whom: each party its own, all to those who may read everything."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ledger.obligations import views
from ledger.snapshot import AsOf, AtSize, Shown, snapshot
from ledger.tables import NOBODY
from money import Money
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router
from service.paging import Cursor, CursorText, Page, PageLimit

router = alliance_router("obligations")

_obligations = Cursor("obligations", UUID)


class ObligationView(BaseModel):
    """What a debtor still owes a creditor; a party that is null is the alliance's purse."""

    id: UUID
    debtor: UUID | None
    creditor: UUID | None
    outstanding: Money
    project: str
    since: date
    due_on: date | None


class ObligationsPage(Page[ObligationView], Shown):
    as_of: date | None = Field(description="Of which something was left at the end of this day.")
    at_size: int | None


@router.get("/obligations", response_model=ObligationsPage)
async def list_open_obligations(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    as_of: AsOf = None,
    at_size: AtSize = None,
    cursor: CursorText = None,
) -> ObligationsPage | Response:
    """The open obligations to which a company of the caller's is a party, by id."""
    after = _obligations.decode(cursor)[0] if cursor else NOBODY
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        rows = await views.open_ones(
            books.transaction,
            alliance,
            books.readable,
            after=after,
            limit=limit + 1,
            until=books.until(as_of),
            size=books.size(at_size),
        )
        page, following = _obligations.cut(rows, limit, lambda row: (row.obligation,))
        return ObligationsPage(
            items=shown(page),
            next=following,
            as_of=as_of,
            at_size=at_size,
            log_size=books.log_size,
            complete=books.complete,
        )


def shown(rows: Sequence[views.Obligation]) -> list[ObligationView]:
    return [
        ObligationView(
            id=row.obligation,
            debtor=row.debtor,
            creditor=row.creditor,
            outstanding=Money.of(row.outstanding, row.commodity),
            project=row.project,
            since=row.since,
            due_on=row.due_on,
        )
        for row in rows
    ]
