"""A log between services on a real server, with topics of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import aiokafka

from events import log_postgres, topics_kafka
from events.log import Log
from events.log_kafka import KafkaLog
from events.log_postgres import PostgresLog
from rigs.kafka import Kafka
from rigs.postgres import Postgres
from rigs.topics import delete_topic

PARTITIONS = 4


@dataclass
class Rig:
    """One implementation, on a server, with topics of the test's own."""

    log: Log
    writer: Callable[[], Log]
    server: Postgres | Kafka
    topic: str
    other_topic: str
    group: str | None
    garbage: Callable[[bytes], Awaitable[None]]
    make_again: Callable[[], Awaitable[None]]
    """Deletes the topic and makes it anew."""


@asynccontextmanager
async def log_in_postgres(server: Postgres) -> AsyncIterator[Rig]:
    unique = uuid4().hex[:8]
    topic, other_topic = f"alliance.a{unique}", f"alliance.b{unique}"
    database, role = await server.create_database(), await server.create_role()
    owner = await server.connect(database)
    await log_postgres.create_topics(owner, {topic: role, other_topic: role}, [role])
    await owner.close()
    address = f"postgresql://{role}@/{database}?host={server.host}"

    async def write_row(value: bytes) -> None:
        connection = await server.connect(database)
        await connection.execute(f'INSERT INTO "{topic}" (key, value) VALUES ($1, $2)', UUID(int=1), value)
        await connection.close()

    async def drop_table() -> None:
        connection = await server.connect(database)
        await connection.execute(f'DROP TABLE "{topic}"')
        await log_postgres.create_topics(connection, {topic: role}, [role])
        await connection.close()

    log = PostgresLog(address)
    yield Rig(
        log,
        lambda: PostgresLog(address),
        server,
        topic,
        other_topic,
        f"group-{unique}",
        write_row,
        drop_table,
    )
    await log.close()
    await server.drop_database(database)


@asynccontextmanager
async def log_in_kafka(broker: Kafka, grouped: bool) -> AsyncIterator[Rig]:
    """`grouped`: its readers share partitions out among themselves."""
    unique = uuid4().hex[:8]
    topic, other_topic = f"alliance.a{unique}", f"alliance.b{unique}"
    await topics_kafka.create_topics(broker.brokers, [topic, other_topic], copies=1, partitions=PARTITIONS)

    async def write_message(value: bytes) -> None:
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=broker.servers)
        await producer.start()
        await producer.send_and_wait(topic, value, key=b"\xff no id", partition=0)
        await producer.stop()

    async def make_topic_again() -> None:
        await delete_topic(broker.brokers, topic)
        await topics_kafka.create_topics(broker.brokers, [topic], copies=1, partitions=PARTITIONS)

    log = KafkaLog(broker.brokers)
    yield Rig(
        log,
        lambda: KafkaLog(broker.brokers, delivery_seconds=3),
        broker,
        topic,
        other_topic,
        f"group-{unique}" if grouped else None,
        write_message,
        make_topic_again,
    )
    await log.close()


class Starts:
    """Where a follower starts, and how often it was asked."""

    def __init__(self, offsets: dict[tuple[str, int], int] | None = None) -> None:
        self.offsets = offsets or {}
        self.asked: list[tuple[str, int]] = []
        self.ids: list[UUID] = []

    async def __call__(self, topic: str, partition: int, topic_id: UUID) -> int:
        self.asked.append((topic, partition))
        self.ids.append(topic_id)
        return self.offsets.get((topic, partition), 0)
