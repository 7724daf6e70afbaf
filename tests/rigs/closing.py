"""Closes half-years in a ledger's database without the service around it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from events.begin import Begun
from events.decision import Call
from events.execute import Receipt
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger.book import Book
from ledger.period import views
from ledger.period.domain import PERIODS, ClosePeriod, Periods
from ledger.period.sums import HalfYear
from ledger.recorded import LEDGER, OWN
from ledger.recording import Recording
from samples import books as made_up
from samples import standing as made_up_standing
from standing import Given


async def close(
    store: Store, book: Book, alliance: AllianceId, period: str, companies: Iterable[UUID] = ()
) -> Receipt:
    """By a coordinator, on the day after the half-year's last."""
    wanted = HalfYear.named(period)
    day = wanted.later(1).starts_on

    async def given(transaction: Transaction, call: Call, begun: Begun | None) -> Given:
        return made_up_standing.given(companies, effective_on=day)

    async def load(transaction: Transaction, state: Periods | None, given: Given) -> Given:
        return given.with_more(await views.books(transaction, alliance))

    commands = Recording(
        book,
        store,
        OWN.registry,
        made_up.MASTERS[LEDGER],
        given=given,
        permit=lambda call, state, command, given: None,
        projectors={},
    )
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    call = Call(made_up_standing.CALLER, alliance, now, "closing", key=uuid4().hex)
    return await commands.execute(call, PERIODS, alliance, ClosePeriod(wanted), load=load)


LATE = date(2025, 6, 25)
"""In the first half-year."""
