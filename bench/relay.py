"""The relay: events of a store to Kafka."""

import time
from collections.abc import Iterator
from typing import Final

import psutil
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from uuid_utils.compat import uuid7

from bench.backlog import SERVICE, TOPIC, Backlog
from bench.servers import Database, busy, kafka, postgres
from bench.table import Row
from events.brokers import Brokers
from events.envelope import parse
from events.log_kafka import KafkaLog
from events.relay import Relay
from events.store import Appended, Store
from events.topics_kafka import PARTITIONS
from service.serve import collect_seldom

EVENTS: Final = 50_000
ALL_EVENTS: Final = 1_000_000


def measure(full: bool) -> Iterator[Row]:
    events = ALL_EVENTS if full else EVENTS
    for alliances, aim in ((16, "≥ 8,000"), (1, "beside")):
        seconds, worked, size = uvloop.run(_relayed(events, alliances))
        yield Row(
            f"relay to Kafka, {events:,} events of {size:.0f} bytes, alliances: {alliances}",
            f"{events / seconds:,.0f} a second, {worked / events * 1e6:.0f} µs of its processor each",
            aim,
        )


async def _relayed(events: int, alliances: int) -> tuple[float, float, float]:
    """Seconds, seconds of this process' processor, and bytes an event."""
    async with postgres() as database, kafka(TOPIC) as brokers:
        store = Store.connect(database.url(SERVICE), pool_size=4)
        written = 0
        for _ in range(alliances):
            written += await _record(store, database, events // alliances)
        log, process, sent = KafkaLog(brokers), psutil.Process(), 0
        relay = Relay(store, log, TOPIC)
        collect_seldom()
        began, worked = time.perf_counter(), busy(process)
        while sent < events:
            sent += await relay.step()
        seconds, worked = time.perf_counter() - began, busy(process) - worked
        assert await _lying(brokers) == events
        await log.close()
        await store.close()
        return seconds, worked, written / events


async def _lying(brokers: Brokers) -> int:
    """What was measured has been done: so many events lie on the topic."""
    async with AIOKafkaConsumer(**brokers.options()) as consumer:
        partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
    return sum(ends.values())


async def _record(store: Store, database: Database, events: int) -> int:
    """One alliance's events; returns their bytes."""
    backlog, written = Backlog(database.keyrings[SERVICE], events), 0
    for bodies in backlog.batches(1000):
        appended = []
        for body in bodies:
            appended.append(Appended(f"campaign/{uuid7()}", 1, parse(body).id, parse(body).type, body))
            written += len(body)
        async with store.transaction() as transaction:
            last = await transaction.lock_head(backlog.alliance)
            await transaction.append(backlog.alliance, last, appended)
    return written
