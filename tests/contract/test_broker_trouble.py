"""A broker that stands still or dies, and what else may lie on a topic: relay and follower outlive it all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from structlog.testing import capture_logs

from events import follow as follow_module
from events import reader_kafka
from events.envelope import parse
from events.follow import Arrived, Follower
from events.freezing import frozen
from events.ids import AllianceId
from events.log import Reader
from events.log_kafka import KafkaLog
from events.relay import Relay
from events.store import Transaction
from events.topics_kafka import KEPT_FOR_EVER, create_topics
from rigs.counting import SERVICE, Tiny, counted_event, new_alliance, tiny_service
from rigs.kafka import Kafka
from rigs.postgres import Postgres

PARTITIONS = 3


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        yield one


@pytest.fixture
async def log(kafka: Kafka) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka.brokers, delivery_seconds=2)
    yield log
    await log.close()


@asynccontextmanager
async def running(*loops: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    drain = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop(drain))  # type: ignore[arg-type]
        try:
            yield
        finally:
            drain.set()


class Applied:
    """A follower that remembers what it was given."""

    def __init__(self, tiny: Tiny, log: KafkaLog, topic: str) -> None:
        self.events: dict[AllianceId, list[int]] = {}
        self.follower = Follower(tiny.store, log, {topic: SERVICE}, topic, self._apply)

    async def _apply(self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        self.events.setdefault(alliance, []).extend(event.head.sequence for event in events)


@pytest.mark.parametrize(("trouble", "times"), [("stands still", 2), ("dies", 1)])
async def test_whatever_happens_to_the_broker_every_event_arrives_once_and_in_order(
    tiny: Tiny, log: KafkaLog, kafka: Kafka, trouble: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "stands still":
        monkeypatch.setattr(reader_kafka, "REQUEST_SECONDS", 2.0)
    topic = f"alliance.{uuid4().hex[:8]}"
    await create_topics(kafka.brokers, [topic], copies=1, partitions=PARTITIONS)
    relay, applied = Relay(tiny.store, log, topic), Applied(tiny, log, topic)
    alliances = [new_alliance() for _ in range(6)]
    counted = 0

    async def count(times: int) -> None:
        nonlocal counted
        for _ in range(times):
            counted += 1
            for alliance in alliances:
                await tiny.count(alliance, uuid4())
            relay.wake()

    async def refused() -> bool:
        return any(entry["event"] == "not_published" for entry in said)

    with capture_logs() as said:
        async with running(relay.run, applied.follower.run):
            await count(5)
            for alliance in alliances:
                await applied.follower.wait(SERVICE, alliance, counted, 60)
            for _ in range(times):
                said.clear()
                process = psutil.Process(kafka._process.pid)
                if trouble == "dies":
                    kafka.kill()
                else:
                    process.suspend()
                try:
                    await count(20)  # a command waits for no broker
                    await until(refused)
                finally:
                    if trouble == "dies":
                        await asyncio.to_thread(kafka.start)
                    else:
                        process.resume()
                await count(5)
                for alliance in alliances:
                    await applied.follower.wait(SERVICE, alliance, counted, 60)
    assert applied.events == {alliance: list(range(1, counted + 1)) for alliance in alliances}
    assert await frozen(tiny.store) == []
    marks = await tiny.rows("SELECT relayed_sequence FROM heads")
    assert marks == [(counted,)] * len(alliances)
    async with log.reader([topic], uuid4().hex, beginning) as reader:
        first_seen = await everything(reader, len(alliances) * counted)
    assert first_seen == {alliance: list(range(1, counted + 1)) for alliance in alliances}


async def beginning(*_: object) -> int:
    return 0


async def everything(reader: Reader, count: int) -> dict[AllianceId, list[int]]:
    """By alliance the sequences in which they lie in the topic, the repeated ones left out."""
    found: dict[AllianceId, list[int]] = {}
    async with asyncio.timeout(60):
        while sum(map(len, found.values())) < count:
            for record in await reader.poll(1, 1000):
                head = parse(record.value or b"")
                seen = found.setdefault(head.alliance, [])
                if head.sequence not in seen:
                    seen.append(head.sequence)
    return found


async def test_what_is_no_event_of_the_service_is_reported_and_passed_over_whatever_its_size(
    tiny: Tiny, log: KafkaLog, kafka: Kafka
) -> None:
    topic, us = f"alliance.{uuid4().hex[:8]}", new_alliance()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    settings = KEPT_FOR_EVER | {"max.message.bytes": "4000000"}
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=settings)])
    await admin.close()
    await create_topics(kafka.brokers, [topic], copies=1, partitions=1)  # waits until it is there
    producer = AIOKafkaProducer(bootstrap_servers=kafka.servers, max_request_size=4_000_000)
    await producer.start()
    key = str(us).encode()
    foreign = counted_event(us, 1, service="other")
    lines: list[tuple[bytes | None, bytes | None]] = [
        (key, counted_event(us, 1)),
        (key, b"\xff" * 2_000_000),
        (key, b'{"source":"' + b"x" * 2_000_000 + b'"}'),
        (None, b"no event"),
        (key, None),
        (key, foreign),
        (str(uuid4()).encode(), counted_event(us, 9)),
        (key, counted_event(us, 2)),
    ]
    for key_, value in lines:
        await producer.send_and_wait(topic, value, key=key_, partition=0)
    await producer.stop()
    applied = Applied(tiny, log, topic)
    with capture_logs() as said:
        async with running(applied.follower.run):
            await applied.follower.wait(SERVICE, us, 2, 30)
    assert applied.events == {us: [1, 2]}
    assert await frozen(tiny.store) == []
    reported = [entry for entry in said if entry["event"] == "record_passed_over"]
    assert [entry["offset"] for entry in reported] == [1, 2, 3, 4, 5, 6]
    assert not any("x" * 300 in str(entry) for entry in reported)


async def test_a_reader_that_stopped_over_a_real_broker_is_noticed(
    tiny: Tiny, log: KafkaLog, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(follow_module, "STUCK_SECONDS", 1.0)
    topic, us = f"alliance.{uuid4().hex[:8]}", new_alliance()
    await create_topics(kafka.brokers, [topic], copies=1, partitions=PARTITIONS)
    applied = Applied(tiny, log, topic)
    made: list[Any] = []
    whole = log.reader

    def watched(*arguments: Any) -> Any:
        made.append(whole(*arguments))
        return made[-1]

    monkeypatch.setattr(log, "reader", watched)
    relay = Relay(tiny.store, log, topic)
    async with running(relay.run, applied.follower.run):
        await tiny.count(us, uuid4())
        await applied.follower.wait(SERVICE, us, 1, 60)
        # Its fetching ends and nothing says so: what aiokafka's has been seen to do.
        made[0]._consumer._fetcher._fetch_task.cancel()
        for sequence in range(2, 6):  # what is under way may still come
            await tiny.count(us, uuid4())
            await applied.follower.wait(SERVICE, us, sequence, 60)
    assert len(made) == 2
    assert applied.events == {us: [1, 2, 3, 4, 5]}


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - it looks at what was logged
            await asyncio.sleep(0.05)
