"""One member's account, in one answer, and its statement."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ledger.accounts import views
from ledger.balances import views as balances
from ledger.balances.figures import Figures, Totals
from ledger.entries import views as entries
from ledger.obligations import views as obligations
from ledger.obligations.api import ObligationView, shown
from ledger.period import views as periods
from ledger.period.api import SealedView
from ledger.period.events import BalancesSealed
from ledger.posting.legs import Seen
from ledger.snapshot import AsOf, AtSize, Sealed, Shown, Snapshot, snapshot
from ledger.tables import NOBODY
from money import Money
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router
from service.paging import Cursor, CursorText, Page, PageLimit

router = alliance_router("accounts")

OPEN_SHOWN: Final = 400
"""Obligations in an account; the list of obligations has all."""

_lines = Cursor("statement", int, int)


class Natures(BaseModel):
    contributed: dict[str, Money] = Field(examples=[{"hours": {"amount": "2700.00", "currency": "EUR"}}])
    received: dict[str, Money] = Field(examples=[{"saved": {"amount": "600.00", "currency": "EUR"}}])


class ProjectFigures(BaseModel):
    project: str
    figures: Figures


class Account(BaseModel):
    """What a member gave and got, and what is still to come and to pay."""

    figures: Figures
    natures: Natures
    projects: list[ProjectFigures]
    to_pay: list[ObligationView] = Field(description="What is open now, whatever the period.")
    to_receive: list[ObligationView] = Field(
        description="With to_pay 400 at most: the list of obligations has all."
    )


class Proof(BaseModel):
    """What it can be checked against."""

    origin: str | None = Field(description="The name of the log.")
    log_size: int = Field(description="The entries, of which this account was worked out.")
    checkpoint_size: int = Field(
        description="The entries that the published checkpoint covers; 0 without one."
    )
    sealed: SealedView | None = Field(
        description="The newest entry that seals what was given and got in closed half-years."
    )


class ClosedHalfYear(BaseModel):
    """What all members gave and got in it."""

    period: str
    figures: Totals


class AccountView(Shown):
    member: UUID
    name: str
    period: str | None
    account: Account | Sealed
    alliance: list[ClosedHalfYear] = Field(
        description="Of the year's half-years those that are closed, with the totals of the alliance."
    )
    proof: Proof


class LineView(BaseModel):
    """A line of the member's, and the event behind it."""

    index: int = Field(description="Of the entry in the log.")
    line: int
    event_id: str
    type: str
    source: str
    sequence: int = Field(description="The event's number in its source.")
    effective_on: date
    booked_on: date = Field(
        description="The day by whose half-year it counts: later where that of effective_on was closed."
    )
    side: Seen
    form: str | None
    project: str
    nature: str | None
    counterparty: UUID | None = Field(description="Of what is owed: the other party; null is the purse.")
    obligation: UUID | None
    amount: Money = Field(description="Positive is more of the side.")


class StatementPage(Page[LineView], Shown):
    member: UUID
    as_of: date | None
    at_size: int | None
    sealed: Sealed | None = Field(description="In place of the lines, to who may not read them.")


@router.get("/members/{member}/account", response_model=AccountView)
async def read_account(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    member: UUID,
    period: Annotated[
        str | None,
        Query(pattern=r"^2[0-9]{3}$", description="A year; all years unless given.", examples=["2025"]),
    ] = None,
) -> AccountView | Response:
    """What a member's director wants to know: given and got, by nature and project, to pay, to receive."""
    async with snapshot(service, caller, alliance) as books:
        name = books.given.member(member).name
        proof = await _proof(books)
        if unchanged := books.unchanged(request, proof.checkpoint_size):
            return unchanged
        since = date(int(period), 1, 1) if period else balances.FIRST_DAY
        until = date(int(period), 12, 31) if period else balances.LAST_DAY
        return AccountView(
            log_size=books.log_size,
            complete=books.complete,
            member=member,
            name=name,
            period=period,
            account=await _account(books, member, since, until)
            if books.may_read(member)
            else Sealed(owner=member),
            alliance=[
                ClosedHalfYear(period=one.name, figures=Totals.of(totals, books.commodity))
                for one, totals in (
                    await periods.closed_totals(books.transaction, alliance, books.commodity, since, until)
                ).items()
            ],
            proof=proof,
        )


async def _proof(books: Snapshot) -> Proof:
    transaction, alliance = books.transaction, books.alliance
    size = await transaction.raw.fetchval("SELECT size FROM logs WHERE alliance_id = $1", alliance)
    sealed = await periods.own(transaction, alliance, BalancesSealed, newest=True)
    return Proof(
        origin=await entries.origin(transaction, alliance),
        log_size=books.log_size,
        checkpoint_size=size or 0,
        sealed=SealedView.of(sealed[0]) if sealed else None,
    )


async def _account(books: Snapshot, member: UUID, since: date, until: date) -> Account:
    currency, transaction, alliance = books.commodity, books.transaction, books.alliance
    before = await balances.sums(transaction, alliance, currency, [member], until=until)
    sums = await balances.sums(transaction, alliance, currency, [member], since=since, until=until)
    # What is pending is so at the period's end, whenever that began.
    counted = [one for one in before if one.side is Seen.PENDING]
    counted += [one for one in sums if one.side is not Seen.PENDING]
    projects = await balances.project_sums(
        transaction, alliance, currency, [member], since=since, until=until
    )
    owed = await obligations.open_ones(transaction, alliance, [member], after=NOBODY, limit=OPEN_SHOWN)
    return Account(
        figures=Figures.summing(((one.side, one.amount) for one in counted), currency),
        natures=Natures(
            contributed=_by_nature(sums, Seen.CONTRIBUTED, currency),
            received=_by_nature(sums, Seen.RECEIVED, currency),
        ),
        projects=[
            ProjectFigures(
                project=project,
                figures=Figures.summing(((one.side, one.amount) for one in of_project), currency),
            )
            for project, of_project in groupby(projects, lambda one: one.project)
        ],
        to_pay=shown([one for one in owed if one.debtor == member]),
        to_receive=shown([one for one in owed if one.creditor == member]),
    )


def _by_nature(sums: Sequence[balances.Sum], side: Seen, currency: str) -> dict[str, Money]:
    added: dict[str, Decimal] = defaultdict(Decimal)
    for one in sums:
        if one.side is side:
            added[one.nature] += one.amount
    return {nature: Money.of(amount, currency) for nature, amount in sorted(added.items())}


@router.get("/members/{member}/statement", response_model=StatementPage)
async def read_statement(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    member: UUID,
    limit: PageLimit,
    as_of: AsOf = None,
    at_size: AtSize = None,
    cursor: CursorText = None,
) -> StatementPage | Response:
    """Each of a member's lines, in the order of the log, with the event behind it."""
    after = _lines.decode(cursor) if cursor else (-1, 0)
    async with snapshot(service, caller, alliance) as books:
        books.given.member(member)
        if unchanged := books.unchanged(request):
            return unchanged
        until, size = books.until(as_of), books.size(at_size)
        rows: Sequence[views.StatementLine] = []
        if readable := books.may_read(member):
            rows = await views.statement(
                books.transaction, alliance, member, after=after, limit=limit + 1, until=until, size=size
            )
        page, following = _lines.cut(rows, limit, lambda row: (row.entry, row.line))
        return StatementPage(
            log_size=books.log_size,
            complete=books.complete,
            member=member,
            as_of=as_of,
            at_size=at_size,
            items=[_line(row) for row in page],
            next=following,
            sealed=None if readable else Sealed(owner=member),
        )


def _line(row: views.StatementLine) -> LineView:
    return LineView(
        index=row.entry,
        line=row.line,
        event_id=row.event_id,
        type=row.type,
        source=row.source,
        sequence=row.sequence,
        effective_on=row.effective_on,
        booked_on=row.booked_on,
        side=row.side,
        form=row.form,
        project=row.project,
        nature=row.nature,
        counterparty=row.counterparty,
        obligation=row.obligation,
        amount=Money.of(row.amount, row.commodity),
    )
