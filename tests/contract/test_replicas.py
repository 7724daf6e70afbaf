"""Replicas of a service that share a topic on a real broker: each event is applied once, in order, by one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from events.follow import Arrived, Follower
from events.freezing import frozen
from events.ids import AllianceId
from events.log import Log, Reader, Received, Record, Start
from events.log_kafka import KafkaLog
from events.store import Store, Transaction
from events.topics_kafka import create_topics
from rigs.counting import SERVICE, Tiny, counted_event, new_alliance, tiny_service, url_of
from rigs.kafka import Kafka
from rigs.postgres import Postgres

PARTITIONS = 6


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        async with one.connect() as connection:
            await connection.execute(
                "CREATE TABLE applied (n serial, alliance_id uuid, sequence bigint, replica text)"
            )
        yield one


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    name = f"alliance.{uuid4().hex[:8]}"
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    return name


class Replica:
    """A process of the service, as far as the database and the broker can tell: connections of its own."""

    def __init__(self, name: str, tiny: Tiny, kafka: Kafka, topic: str) -> None:
        self.name = name
        self.store = Store.connect(url_of(tiny.postgres, tiny.database), pool_size=3)
        self.log = KafkaLog(kafka.brokers)
        self.holding = Holding(self.log)
        self.follower = Follower(self.store, self.holding, {topic: SERVICE}, topic, self._apply, batch=40)

    async def _apply(self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        for one in events:
            await transaction.raw.execute(
                "INSERT INTO applied (alliance_id, sequence, replica) VALUES ($1, $2, $3)",
                alliance,
                one.head.sequence,
                self.name,
            )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        drain = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.follower.run(drain))
            try:
                yield
            finally:
                drain.set()
        await self.log.close()
        await self.store.close()


class Holding:
    """A log whose readers can be made to keep hold of what they have read, as a stopped process does."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.holds = asyncio.Event()

    def reader(self, topics: Sequence[str], group: str | None, start: Start) -> Reader:
        reader = self._log.reader(topics, group, start)
        poll = reader.poll

        async def held(seconds: float, limit: int) -> Sequence[Received]:
            records = await poll(seconds, limit)
            if records and not self.go_on.is_set():
                self.holds.set()
                await self.go_on.wait()
            return records

        reader.poll = held  # type: ignore[method-assign]
        return reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


async def publish(log: KafkaLog, topic: str, alliance: AllianceId, *sequences: int) -> None:
    records = [Record(alliance, counted_event(alliance, sequence)) for sequence in sequences]
    assert await log.publish(topic, records) == len(records)


async def applied(tiny: Tiny) -> dict[AllianceId, list[int]]:
    found: dict[AllianceId, list[int]] = {}
    for alliance, sequence in await tiny.rows("SELECT alliance_id, sequence FROM applied ORDER BY n"):
        found.setdefault(alliance, []).append(sequence)
    return found


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(90):
        while not await holds():  # noqa: ASYNC110 - what it looks at is in the database
            await asyncio.sleep(0.05)


async def test_replicas_that_come_and_go_under_load_apply_every_event_once_and_in_order(
    tiny: Tiny, kafka: Kafka, topic: str
) -> None:
    alliances = [new_alliance() for _ in range(24)]
    replicas = [Replica(name, tiny, kafka, topic) for name in ("one", "two")]
    log = KafkaLog(kafka.brokers)
    sent = 0

    async def load(enough: asyncio.Event) -> None:
        nonlocal sent
        while not enough.is_set():
            sent += 5
            async with asyncio.TaskGroup() as group:
                for alliance in alliances:
                    # Twice now and then, as a relay that was killed before its mark does.
                    again = range(sent - 6, sent - 4) if sent % 4 == 0 and sent > 10 else ()
                    group.create_task(publish(log, topic, alliance, *again, *range(sent - 4, sent + 1)))

    async def shared(*names: str) -> bool:
        """All of these have applied something since."""
        rows = await tiny.rows("SELECT DISTINCT replica FROM applied WHERE n > $1", before)
        return set(names) <= {name for (name,) in rows}

    async with replicas[0].running(), replicas[1].running(), asyncio.TaskGroup() as group:
        enough = asyncio.Event()
        loading = group.create_task(load(enough))
        before = 0
        await until(lambda: shared("one", "two"))
        for number in range(3):
            visitor = Replica(f"visitor {number}", tiny, kafka, topic)
            async with visitor.running():
                [(before,)] = await tiny.rows("SELECT coalesce(max(n), 0) FROM applied")
                await until(lambda: shared(visitor.name))  # noqa: B023 - awaited here
        enough.set()
        await loading
        for alliance in alliances:
            await replicas[0].follower.wait(SERVICE, alliance, sent, 60)
    await log.close()
    assert await applied(tiny) == {alliance: list(range(1, sent + 1)) for alliance in alliances}
    assert await frozen(tiny.store) == []


async def test_what_a_replica_holds_while_another_takes_its_partitions_over_is_not_applied_again(
    tiny: Tiny, kafka: Kafka, topic: str
) -> None:
    alliances = [new_alliance() for _ in range(30)]
    log = KafkaLog(kafka.brokers)
    stopped, other = Replica("stopped", tiny, kafka, topic), Replica("other", tiny, kafka, topic)
    for alliance in alliances:
        await publish(log, topic, alliance, 1)
    async with stopped.running():
        for alliance in alliances:
            await stopped.follower.wait(SERVICE, alliance, 1, 60)
        stopped.holding.go_on.clear()
        for alliance in alliances:
            await publish(log, topic, alliance, 2, 3)
        await asyncio.wait_for(stopped.holding.holds.wait(), 60)
        async with other.running():

            async def has_taken_over() -> bool:
                return bool(await tiny.rows("SELECT FROM applied WHERE replica = 'other' AND sequence = 3"))

            await until(has_taken_over)
            stopped.holding.go_on.set()
            for alliance in alliances:
                await publish(log, topic, alliance, 4)
            for alliance in alliances:
                await other.follower.wait(SERVICE, alliance, 4, 60)
    await log.close()
    assert await applied(tiny) == {alliance: [1, 2, 3, 4] for alliance in alliances}
    assert await frozen(tiny.store) == []
