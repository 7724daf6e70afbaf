"""What only the log on Kafka promises: partitions shared out in a group, and what a broker refuses."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest
from aiokafka.protocol.metadata import MetadataResponse_v0

from events import reader_kafka
from events.ids import AllianceId
from events.log import Reader, Record
from events.log_kafka import KafkaLog
from events.topics_kafka import create_topics
from rigs.kafka import Kafka

PARTITIONS = 6
COPIES = "offsets.topic.replication.factor="
TOPIC_UNKNOWN = 3
"""Kafka's error code for it."""


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    name = f"alliance.{uuid4().hex[:8]}"
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    return name


@pytest.fixture
async def log(kafka: Kafka) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka.brokers)
    yield log
    await log.close()


@pytest.fixture
def without_coordinator() -> Iterator[Kafka]:
    """A broker that has topics and no groups: what they are kept in it cannot make."""
    broker = Kafka()
    try:
        broker.stop()
        coordinate(broker, yes=False)
        broker.start()
        yield broker
    finally:
        broker.close()


def coordinate(broker: Kafka, yes: bool) -> None:
    settings = broker.folder / "kafka/server.properties"
    lines = (line for line in settings.read_text().splitlines() if not line.startswith(COPIES))
    settings.write_text("\n".join([*lines, f"{COPIES}{1 if yes else 3}", ""]))


class Follower:
    """Keeps its positions beside what it read, as a follower's database does; replicas share them."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, int], int] = {}
        self.read: list[bytes | None] = []
        self.asked: list[int] = []

    async def start(self, topic: str, partition: int, topic_id: UUID) -> int:
        self.asked.append(partition)
        return self.positions.get((topic, partition), 0)

    async def step(self, reader: Reader) -> set[int]:
        """Applies what a poll gives at once; returns the partitions it came from."""
        records = await reader.poll(0.2, 50)
        for record in records:
            place = (record.topic, record.partition)
            assert record.offset == self.positions.get(place, 0), "read twice, or passed over"
            self.positions[place] = record.offset + 1
            self.read.append(record.value)
        return {record.partition for record in records}


async def publish(log: KafkaLog, topic: str, alliances: int, each: int) -> int:
    for _ in range(alliances):
        key = AllianceId(uuid4())
        assert await log.publish(topic, [Record(key, str(number).encode()) for number in range(each)]) == each
    return alliances * each


async def test_readers_of_a_group_share_the_partitions_and_each_starts_where_the_other_ended(
    log: KafkaLog, topic: str
) -> None:
    follower = Follower()
    sent = 0
    async with asyncio.timeout(60), log.reader([topic], topic, follower.start) as one:
        sent += await publish(log, topic, alliances=40, each=5)
        while len(follower.read) < sent:
            await follower.step(one)
        assert sorted(follower.asked) == list(range(PARTITIONS))
        async with log.reader([topic], topic, follower.start) as two:
            theirs: set[int] = set()
            while not theirs:
                sent += await publish(log, topic, alliances=10, each=5)
                # At once: neither gets its share before both have joined.
                async with asyncio.TaskGroup() as group:
                    group.create_task(follower.step(one))
                    second = group.create_task(follower.step(two))
                theirs = second.result()
            assert len(theirs) < PARTITIONS
        # Of what was left, all may lie in partitions that the first has already.
        sent += await publish(log, topic, alliances=40, each=5)
        while len(follower.read) < sent:
            await follower.step(one)
        assert len(follower.asked) > 2 * PARTITIONS


async def test_readers_go_on_alone_while_the_broker_coordinates_no_group_and_together_when_it_does(
    monkeypatch: pytest.MonkeyPatch, without_coordinator: Kafka
) -> None:
    """As after a kill a broker may, until it is started again."""
    monkeypatch.setattr(reader_kafka, "STUCK_SECONDS", 3)
    monkeypatch.setattr(reader_kafka, "ALONE_SECONDS", 5)
    topic = "alliance.a"
    await create_topics(without_coordinator.brokers, [topic], copies=1, partitions=PARTITIONS)
    log, follower = KafkaLog(without_coordinator.brokers), Follower()
    async with asyncio.timeout(100), log.reader([topic], topic, follower.start) as reader:
        sent = await publish(log, topic, alliances=20, each=5)
        while len(follower.read) < sent:
            await follower.step(reader)
        assert reader._placed.alone
        await reader.committed(follower.positions)
        joined = len(follower.asked)
        while len(follower.asked) == joined:  # it has tried to join, in vain
            await follower.step(reader)
        sent += await publish(log, topic, alliances=20, each=5)
        while len(follower.read) < sent:
            await follower.step(reader)
        without_coordinator.stop()
        coordinate(without_coordinator, yes=True)
        await asyncio.to_thread(without_coordinator.start)
        while reader._placed.alone or not reader.assigned():
            await follower.step(reader)
        await log.close()
        log = KafkaLog(without_coordinator.brokers)
        sent += await publish(log, topic, alliances=20, each=5)
        while len(follower.read) < sent:
            await follower.step(reader)
    await log.close()


async def test_what_is_too_large_for_the_broker_is_not_acknowledged_and_the_next_is(
    log: KafkaLog, topic: str
) -> None:
    us = AllianceId(uuid4())
    assert (
        await log.publish(topic, [Record(us, b"fits"), Record(us, bytes(2_000_000)), Record(us, b"no")]) < 2
    )
    assert await log.publish(topic, [Record(us, b"fits again")]) == 1


async def test_a_reader_that_a_starting_broker_tells_of_no_topic_asks_again(
    log: KafkaLog, topic: str
) -> None:
    follower = Follower()
    async with asyncio.timeout(60), log.reader([topic], topic, follower.start) as reader:
        while len(follower.asked) < PARTITIONS:
            await follower.step(reader)
        assert reader._consumer is not None
        cluster = reader._consumer._client.cluster
        brokers = [(broker.nodeId, broker.host, broker.port) for broker in cluster.brokers()]
        cluster.update_metadata(MetadataResponse_v0(brokers, [(TOPIC_UNKNOWN, topic, [])]))
        # Nothing is shared out then, until somebody looks again.
        while len(follower.asked) < 2 * PARTITIONS:
            await follower.step(reader)
        sent = await publish(log, topic, alliances=5, each=2)
        while len(follower.read) < sent:
            await follower.step(reader)
