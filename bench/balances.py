"""Reading balances: with many postings against with a thousand, on the tables of one ledger."""

import time
from collections.abc import Iterator
from datetime import date
from statistics import median
from typing import Final

import uvloop

from bench.backlog import SERVICE, SOURCE, TOPIC, Backlog
from bench.servers import postgres
from bench.table import Row
from events.arriving import Arrived
from events.envelope import parse
from events.ids import AllianceId
from events.store import Store
from ledger.balances import views
from ledger.book import Book
from ledger.recorded import LEDGER

FEW: Final = 1_000
MANY: Final = 100_000
ALL: Final = 1_000_000
READS: Final = 200
_POSTINGS_OF_SIX: Final = 10
"""Five of six events have two postings each."""

_AIM: Final = "≤ 1.2"
_MORE_DAYS: Final = "beside: of a thousand, few fall on each of the month's days"
_DAYS: Final = (("now", views.LAST_DAY, _AIM), ("as of a day in mid-year", date(2025, 7, 19), _MORE_DAYS))


def measure(full: bool) -> Iterator[Row]:
    many = ALL if full else MANY
    yield from uvloop.run(_measured(many))


async def _measured(many: int) -> list[Row]:
    """The reads take turns; the middle ones are compared."""
    async with postgres() as database:
        store = Store.connect(database.url(LEDGER), pool_size=2)
        book = Book({SERVICE: SOURCE}, database.keyrings, "bench.example")
        filled = {
            postings: await _fill(
                store, book, Backlog(database.keyrings[SERVICE], postings * 6 // _POSTINGS_OF_SIX)
            )
            for postings in (FEW, many)
        }
        rows = []
        for when, until, aim in _DAYS:
            took: dict[int, list[float]] = {FEW: [], many: []}
            for _ in range(READS):
                for postings, alliance in filled.items():
                    took[postings].append(await _read(store, alliance, until))
            middle = median(took[many])
            here = f"{middle / median(took[FEW]):.2f} ({middle * 1000:.2f} ms)"
            rows.append(Row(f"balances {when}, {many:,} postings / {FEW:,}", here, aim))
        await store.close()
        return rows


async def _fill(store: Store, book: Book, backlog: Backlog) -> AllianceId:
    for bodies in backlog.batches(1000):
        events = [Arrived(parse(body), body, TOPIC, 0, 0) for body in bodies]
        async with store.transaction() as transaction:
            await book.apply(transaction, backlog.alliance, events)
    return backlog.alliance


async def _read(store: Store, alliance: AllianceId, until: date) -> float:
    async with store.transaction() as transaction:
        began = time.perf_counter()
        sums = await views.sums(transaction, alliance, "EUR", None, until=until)
        took = time.perf_counter() - began
    assert sums
    return took
