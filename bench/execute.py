"""Commands without HTTP, one event a transaction, against the library eventsourcing; batches of events."""

import asyncio
from collections.abc import Iterator
from statistics import median
from typing import Final

import asyncpg
import psutil
import uvloop

from bench import counter, eventsourced
from bench.servers import Database, busy, postgres
from bench.table import Row
from events import store as events_store
from events.store import Store
from service.serve import collect_seldom

ROUNDS: Final = 5
SECONDS: Final = 2.0
BATCH: Final = 100
_OURS: Final = "bench_ours"
_THEIRS: Final = "bench_theirs"
_TOTALS: Final = "CREATE TABLE totals (stream uuid PRIMARY KEY, total bigint NOT NULL)"


def measure(full: bool) -> Iterator[Row]:
    yield from uvloop.run(_measured())


async def _measured() -> list[Row]:
    async with postgres() as database:
        connection = await asyncpg.connect(database.address("postgres", "postgres"))
        await connection.execute(f"CREATE DATABASE {_OURS}")
        await connection.execute(f"CREATE DATABASE {_THEIRS}")
        await connection.close()
        connection = await asyncpg.connect(database.address(_OURS, "postgres"))
        await connection.execute(events_store.SCHEMA + _TOTALS)
        await connection.close()
        collect_seldom()
        rows = [await _against(database, alliances, aim) for alliances, aim in ((1, "≥ 0.7"), (16, "≥ 2"))]
        rows += [
            await _batches(database, "receipt and read model", "≥ 10,000", read_model=True),
            await _batches(database, "receipt alone", "beside", read_model=False),
        ]
        return rows


async def _batches(database: Database, kept: str, aim: str, *, read_model: bool) -> Row:
    store = Store.connect(database.url(_OURS, "postgres"), pool_size=4)
    ours, process = counter.Counters(store, read_model=read_model), psutil.Process()
    worked = busy(process)
    rates = [await ours.count(counter.counters(1), SECONDS, BATCH) for _ in range(ROUNDS)]
    own = (busy(process) - worked) / (sum(rates) * SECONDS)
    await store.close()
    return Row(
        f"execute, batches of {BATCH} events, with {kept}",
        f"{median(rates):,.0f} events a second, {own * 1e6:.0f} µs of its processor each",
        aim,
    )


async def _against(database: Database, alliances: int, aim: str) -> Row:
    """In turns, so that what else the machine does falls on both; the middle one of the rounds' ratios."""
    store = Store.connect(database.url(_OURS, "postgres"), pool_size=alliances)
    ours, counters = counter.Counters(store), counter.counters(alliances)
    rounds = []
    with eventsourced.opened(database.server.url(_THEIRS, "postgres"), alliances) as application:
        ids = eventsourced.counters(application, alliances)
        for _ in range(ROUNDS):
            their_rate = await asyncio.to_thread(eventsourced.count, application, ids, SECONDS)
            our_rate = await ours.count(counters, SECONDS)
            rounds.append((our_rate / their_rate, our_rate, their_rate))
    await store.close()
    ratio, our_rate, their_rate = sorted(rounds)[ROUNDS // 2]
    measured = f"execute / eventsourcing's safe mode, alliances at once: {alliances}"
    return Row(measured, f"{ratio:.2f} ({our_rate:,.0f} / {their_rate:,.0f} a second)", aim)
