"""Half-years: closing them, what each member gave and got in a closed one, with its proof, and who got too
little. To everybody in the alliance: that is the transparency which the charter promises.
"""

from base64 import b64encode
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from events.errors import NotFound, Unavailable
from events.ids import AllianceId
from events.store import Transaction
from ledger.balances.figures import Totals
from ledger.balances.views import NEVER
from ledger.log.api import prove, published
from ledger.period import views
from ledger.period.domain import PERIODS, ClosePeriod, Periods
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from ledger.period.sealing import SealedList
from ledger.period.sums import NAME, HalfYear, Heading
from ledger.permissions import RULES
from ledger.posting.legs import Seen
from ledger.snapshot import Shown, snapshot
from money import Money, Ratio
from service.auth import Authenticated
from service.commands import (
    Acknowledged,
    AlliancePath,
    Body,
    Command,
    Running,
    Viewer,
    alliance_router,
    answer,
    not_modified,
)
from service.paging import Cursor, CursorText, Page, PageLimit
from standing import Given

router = alliance_router("periods")

PeriodPath = Annotated[
    str, Path(pattern=f"^{NAME}$", description="A half of a calendar year.", examples=["2025-H1"])
]

_periods = Cursor("periods", int)
_imbalances = Cursor("imbalances", int)


class ClosePeriodBody(Body):
    period: str = Field(pattern=f"^{NAME}$", description="The first open one.", examples=["2025-H1"])


@router.post("/periods", status_code=201, response_model=Acknowledged)
async def close_period(asked: Command, body: ClosePeriodBody, alliance: AlliancePath) -> Response:
    """Closes a half-year whose last day is reached: what comes later counts in the next one. With `after` it
    waits until everything that was sent before is in the books.
    """

    async def load(transaction: Transaction, state: Periods | None, given: Given) -> Given:
        return given.with_more(await views.books(transaction, AllianceId(alliance)))

    command = ClosePeriod(HalfYear.named(body.period))
    receipt = await asked.service.commands.execute(asked.on(body), PERIODS, alliance, command, load=load)
    if receipt.would is not None and not receipt.given.reads_all:
        # The rest, how many entries there would be too, rests on what others gave and got in an open period.
        receipt = replace(receipt, would=receipt.would[:1])
    path = f"/alliances/{alliance}/periods/{body.period}/balances"
    return answer(asked, receipt, location=path, created=True)


class PeriodItem(BaseModel):
    period: str
    starts_on: date
    ends_on: date
    state: Literal["closed", "open"]
    entry: int | None = Field(description="Of the closed: the index of the entry that closed it.")
    closed_on: date | None


class PeriodsPage(Page[PeriodItem]):
    """The closed half-years in order, and the one that is the next to close."""

    version: int = Field(description="Of what the ledger records itself: what `If-Match` is held to.")
    actions: list[str] = Field(description="What the caller may do with the open one now.")


@router.get("/periods", response_model=PeriodsPage)
async def list_periods(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
) -> PeriodsPage | Response:
    """The half-years up to the open one, which is the last."""
    first = _periods.decode(cursor)[0] + 1 if cursor else 0
    async with snapshot(service, caller, alliance) as books:
        version = await views.version(books.transaction, alliance)
        if unchanged := not_modified(request, version):
            return unchanged
        rows = await views.own(books.transaction, alliance, PeriodClosed, first=first, limit=limit + 1)
        last = await views.own(books.transaction, alliance, PeriodClosed, newest=True)
        standing = books.given.standing
    ended = Periods(HalfYear.named(last[0].event.period)) if last else Periods()
    period = ended.first_open(standing.founded_on)
    items = [_item(HalfYear.named(row.event.period), row) for row in rows]
    page, following = _periods.cut([*items, _item(period)], limit, lambda item: (item.entry,))
    closable = (
        RULES[ClosePeriod].test(books.given, None, None)
        and books.complete
        and books.given.today >= period.ends_on
    )
    return PeriodsPage(
        items=page, next=following, version=version, actions=["close_period"] if closable else []
    )


def _item(period: HalfYear, closing: views.OwnEntry[PeriodClosed] | None = None) -> PeriodItem:
    return PeriodItem(
        period=period.name,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        state="closed" if closing else "open",
        entry=closing.index if closing else None,
        closed_on=closing.effective_on if closing else None,
    )


class MemberTotals(BaseModel):
    member: UUID
    name: str
    figures: Totals


class SealedView(BaseModel):
    """The entry that seals what was given and got in closed periods."""

    entry: int = Field(description="Its index in the log.")
    count: int = Field(description="Of the lines.")
    root: str = Field(description="Over them, as RFC 6962 hashes; in hexadecimal.")

    @classmethod
    def of(cls, sealed: views.OwnEntry[BalancesSealed]) -> Self:
        return cls(entry=sealed.index, count=sealed.event.count, root=sealed.event.root)


class PeriodBalancesView(Shown):
    """What was given and got in a closed half-year, in the currency of the charter of its last day."""

    period: str
    starts_on: date
    ends_on: date
    entry: int = Field(description="The index of the entry that closed it.")
    sealed: SealedView
    members: list[MemberTotals]
    totals: Totals


@router.get("/periods/{period}/balances", response_model=PeriodBalancesView)
async def read_period_balances(
    request: Request, caller: Authenticated, service: Running, alliance: AlliancePath, period: PeriodPath
) -> PeriodBalancesView | Response:
    """What each member contributed and received in all in a closed half-year: they never change again."""
    wanted = HalfYear.named(period)
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        closing, sealed = await _closing(books.transaction, alliance, wanted)
        currency = _currency(books.given, wanted)
        days = wanted.starts_on, wanted.ends_on
        sums = await views.sums(books.transaction, alliance, *days)
    amounts = {(one.member, one.side): amount for one, amount in sums.items() if one.commodity == currency}
    return PeriodBalancesView(
        log_size=books.log_size,
        complete=books.complete,
        period=period,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        entry=closing.index,
        sealed=SealedView.of(sealed),
        members=[
            MemberTotals(
                member=member,
                name=_name(books.given, member),
                figures=Totals.summing(
                    ((side, amount) for (one, side), amount in amounts.items() if one == member), currency
                ),
            )
            for member in sorted({*books.members, *(one for one, _ in amounts)})
        ],
        totals=Totals.summing(((side, amount) for (_, side), amount in amounts.items()), currency),
    )


async def _closing(
    transaction: Transaction, alliance: UUID, period: HalfYear
) -> tuple[views.OwnEntry[PeriodClosed], views.OwnEntry[BalancesSealed]]:
    """The entries that closed a half-year and sealed its figures. Raises NotFound for one that is open."""
    for closing in await views.own(transaction, alliance, PeriodClosed, limit=NEVER):
        if closing.event.period == period.name:
            (sealed,) = await views.own(transaction, alliance, BalancesSealed, first=closing.index)
            return closing, sealed
    raise NotFound("period_not_closed", period=period.name)


def _currency(given: Given, period: HalfYear) -> str:
    """Of the charter of the last day. Raises Unavailable while no charter has arrived."""
    charter = given.standing.charter_on(period.ends_on)
    if charter is None:
        raise Unavailable("charter_not_known_yet")
    return charter.currency


def _name(given: Given, member: UUID) -> str:
    """Raises Unavailable for a company of which other services have told before the members service did."""
    if member not in given.standing.members:
        raise Unavailable("company_not_known_yet", retry_after=2)
    return given.standing.members[member].name


class PlaceView(BaseModel):
    """A line of the list, and the proof that it stands there."""

    index: int
    line: str = Field(
        description="Member, side, half-year, commodity and amount: the leaf.",
        examples=["0199f6e4-6f1c-7c3a-9b1e-2f6d8a4c5b7e contributed 2025-H1 EUR 5060.00"],
    )
    hashes: list[str] = Field(description="From the leaf's sibling to the root's child, in hexadecimal.")


class PeriodProofView(BaseModel):
    """An amount, with all that it takes to check it without the ledger (docs/audit.md)."""

    period: str
    member: UUID
    side: Literal[Seen.CONTRIBUTED, Seen.RECEIVED]
    amount: Money
    lines: list[PlaceView] = Field(
        description="The amount's own line; where it is 0 there is none, and these are its neighbours."
    )
    entry: str = Field(description="The event that seals the list, exactly as recorded, in base64.")
    proof: str = Field(
        description="That the entry is in the log, with the checkpoint, as C2SP's tlog-proof has it."
    )


@router.get("/periods/{period}/proof", response_model=PeriodProofView)
async def prove_period_balance(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    period: PeriodPath,
    member: Annotated[UUID, Query(description="Whose amount.")],
    side: Annotated[Literal[Seen.CONTRIBUTED, Seen.RECEIVED], Query(description="Given or got.")],
) -> PeriodProofView:
    """What a member contributed or received in a closed half-year, or that it did not, with its proof."""
    wanted = HalfYear.named(period)
    given.member(member)
    async with published(service.store, alliance) as log:
        await _closing(log.transaction, alliance, wanted)
        sealed = await views.own(log.transaction, alliance, BalancesSealed, size=log.size, newest=True)
        last = await views.own(
            log.transaction, alliance, PeriodClosed, size=sealed[0].index if sealed else 0, newest=True
        )
        if not last or HalfYear.named(last[0].event.period) < wanted:
            raise Unavailable("checkpoint_not_there_yet", retry_after=2)
        sums = await views.sums(log.transaction, alliance, last_day=last[0].event.ends_on)
        proof = await prove(log, sealed[0].index)
    heading, of_all = Heading(member, side, wanted, _currency(given, wanted)), SealedList(sums)
    if of_all.root.hex() != sealed[0].event.root:
        raise RuntimeError(f"the balances are not those that entry {sealed[0].index} has sealed")
    return PeriodProofView(
        period=period,
        member=member,
        side=side,
        amount=Money.of(sums.get(heading, Decimal()), heading.commodity),
        lines=[
            PlaceView(index=place.index, line=place.line, hashes=[one.hex() for one in place.hashes])
            for place in of_all.shown(heading)
        ],
        entry=b64encode(sealed[0].body).decode(),
        proof=bytes(proof).decode(),
    )


class ImbalanceView(BaseModel):
    """A member under the floor of its charter at the end of a window."""

    entry: int = Field(description="The index of the entry that says so.")
    member: UUID
    name: str
    starts_on: date = Field(description="The window's first day.")
    ends_on: date
    figures: Totals
    floor: Ratio = Field(description="Under which the ratio lies.")
    threshold: Money = Field(description="Under minus which the net lies.")
    charter_version: int


@router.get("/imbalances", response_model=Page[ImbalanceView])
async def list_imbalances(
    given: Viewer, service: Running, alliance: AlliancePath, limit: PageLimit, cursor: CursorText = None
) -> Page[ImbalanceView]:
    """Who got too little for what it gave, in the order of the log."""
    first = _imbalances.decode(cursor)[0] + 1 if cursor else 0
    async with service.store.single() as transaction:
        rows = await views.own(transaction, alliance, ImbalanceDetected, first=first, limit=limit + 1)
    page, following = _imbalances.cut(rows, limit, lambda row: (row.index,))
    items = [_imbalance(row, _name(given, row.event.member)) for row in page]
    return Page(items=items, next=following)


def _imbalance(row: views.OwnEntry[ImbalanceDetected], name: str) -> ImbalanceView:
    event = row.event
    return ImbalanceView(
        entry=row.index,
        member=event.member,
        name=name,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        figures=Totals(
            contributed=event.contributed, received=event.received, net=event.net, ratio=event.ratio
        ),
        floor=event.floor,
        threshold=event.threshold,
        charter_version=event.charter_version,
    )
