"""The ledger on a backlog: from the log between services to entries, postings and balances in PostgreSQL."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import psutil
import uvloop

from bench.backlog import SERVICE, SOURCE, TOPIC, Backlog
from bench.servers import Database, busy, kafka, postgres
from bench.table import Row
from events.follow import Follower
from events.log import Log, Record
from events.log_kafka import KafkaLog
from events.log_postgres import PostgresLog
from events.store import Store
from ledger.book import Book
from ledger.recorded import LEDGER
from service.serve import collect_seldom

EVENTS = 100_000
ALL_EVENTS = 1_000_000
ALLIANCES = 4


@dataclass(frozen=True)
class Result:
    """Bytes of resident memory are those of this process after a tenth of the events, and at the end."""

    events: int
    seconds: float
    busy: float
    """Of processor time, of this process alone."""
    memory_early: int
    memory_late: int


def measure(full: bool) -> Iterator[Row]:
    events = ALL_EVENTS if full else EVENTS
    for follow, log, aim in ((_from_kafka, "Kafka", "≥ 10,000"), (_from_postgres, "PostgreSQL", "≥ 5,000")):
        result = uvloop.run(follow(events))
        own = f"{result.busy / events * 1e6:.0f} µs of its processor each"
        rate = f"{events / result.seconds:,.0f} a second"
        yield Row(f"ledger, {events:,} events from {log}", f"{rate}, {own}", aim)
        grown = (result.memory_late - result.memory_early) / 2**20
        yield Row("its memory from a tenth of them to the end", f"{grown:+.0f} MB", "flat")


async def _from_kafka(events: int) -> Result:
    async with postgres() as database, kafka(TOPIC) as brokers:
        log = KafkaLog(brokers)
        return await _both(database, log, log, events)


async def _from_postgres(events: int) -> Result:
    async with postgres() as database:
        written = PostgresLog(database.address("log", SERVICE))
        return await _both(database, written, PostgresLog(database.address("log", LEDGER)), events)


async def _both(database: Database, written: Log, read: Log, events: int) -> Result:
    async with asyncio.TaskGroup() as group:
        for _ in range(ALLIANCES):
            backlog = Backlog(database.keyrings[SERVICE], events // ALLIANCES)
            group.create_task(_publish(written, backlog))
    await written.close()
    return await _follow(database, read, events)


async def _publish(log: Log, backlog: Backlog) -> None:
    for bodies in backlog.batches(250):
        records = [Record(backlog.alliance, body) for body in bodies]
        assert await log.publish(TOPIC, records) == len(records)


async def _follow(database: Database, log: Log, events: int) -> Result:
    store = Store.connect(database.url(LEDGER), pool_size=4)
    book = Book({SERVICE: SOURCE}, database.keyrings, "bench.example")
    follower = Follower(store, log, {TOPIC: SERVICE}, LEDGER, book.apply)
    process, done, early = psutil.Process(), 0, 0
    collect_seldom()
    async with log.reader([TOPIC], LEDGER, follower._positions.start) as reader:
        done += await follower.step(reader)  # joins the group
        began, worked, before = time.perf_counter(), busy(process), done
        while done < events:
            done += await follower.step(reader)
            if not early and done >= events / 10:
                early = process.memory_info().rss
        seconds, worked = time.perf_counter() - began, busy(process) - worked
    late = process.memory_info().rss
    await _check(database, events)
    await log.close()
    await store.close()
    share = events / (events - before)
    return Result(events, seconds * share, worked * share, early, late)


async def _check(database: Database, events: int) -> None:
    """What was measured has been done."""
    connection = await asyncpg.connect(database.address(LEDGER))
    try:
        assert await connection.fetchval("SELECT count(*) FROM events") == events + ALLIANCES
        assert await connection.fetchval("SELECT count(*) FROM frozen") == 0
        assert await connection.fetchval("SELECT sum(amount) FROM postings") == 0
    finally:
        await connection.close()
