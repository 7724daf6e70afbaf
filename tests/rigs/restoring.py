"""A tiny service behind the gate, over either log, whose database can be put back to a copy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from events import log_postgres, restore, topics_kafka
from events.again import own_events
from events.decision import Call
from events.execute import Commands
from events.gate import Gate
from events.ids import AllianceId
from events.log import Log, Received, Record
from events.log_kafka import KafkaLog
from events.log_postgres import PostgresLog
from events.relay import Relay
from events.restore import Restoration
from events.sealing import Masters
from events.store import Store
from rigs import counting
from rigs.counting import ALICE, COUNTER, NOW, REGISTRY, SERVICE, Count, Counted, new_alliance
from rigs.kafka import Kafka
from rigs.postgres import Postgres
from rigs.topics import delete_topic

PARTITIONS = 4


@dataclass
class Topic:
    """A topic of the test's own."""

    log: Log
    name: str
    make_again: Callable[[], Awaitable[None]]
    """Deletes it, with all that it holds, and makes it empty."""

    async def publish(self, alliance: AllianceId, *bodies: bytes) -> None:
        assert await self.log.publish(self.name, [Record(alliance, body) for body in bodies]) == len(bodies)

    async def bodies(self, alliance: AllianceId) -> list[bytes]:
        """All that is in it of an alliance, in order, doubles included."""
        at: dict[tuple[str, int], int] = {}
        found: list[bytes] = []

        async def start(topic: str, partition: int, topic_id: UUID) -> int:
            return at.setdefault((topic, partition), 0)

        async with self.log.reader([self.name], uuid4().hex, start) as reader, asyncio.timeout(30):
            ends: dict[tuple[str, int], int] = {}
            while not ends or any(at[place] < end for place, end in ends.items()):
                for record in await reader.poll(0.1, 1000):
                    at[record.topic, record.partition] = record.offset + 1
                    if record.key == str(alliance).encode():
                        found.append(record.value or b"")
                ends = ends or dict(await reader.ends())
        return found


@asynccontextmanager
async def topic_in_postgres(postgres: Postgres) -> AsyncIterator[Topic]:
    database, role, name = await postgres.create_database(), await postgres.create_role(), _name()

    async def make() -> None:
        async with connected(postgres, database) as owner:
            await owner.execute(f'DROP TABLE IF EXISTS "{name}"')
            await log_postgres.create_topics(owner, {name: role}, [role])

    await make()
    log = PostgresLog(f"postgresql://{role}@/{database}?host={postgres.host}")
    yield Topic(log, name, make)
    await log.close()
    await postgres.drop_database(database)


@asynccontextmanager
async def topic_in_kafka(kafka: Kafka) -> AsyncIterator[Topic]:
    name = _name()

    async def create() -> None:
        await topics_kafka.create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)

    async def make_again() -> None:
        await delete_topic(kafka.brokers, name)
        await create()

    await create()
    log = KafkaLog(kafka.brokers)
    yield Topic(log, name, make_again)
    await log.close()


def _name() -> str:
    return f"alliance.t{uuid4().hex[:8]}"


@dataclass
class Guarded:
    """The service as a process of its own would have it: store, commands, relay and restoration."""

    store: Store
    gate: Gate
    commands: Commands[Any]
    relay: Relay
    restoration: Restoration

    async def count(self, alliance: AllianceId, counter: UUID, times: int = 1, **command: Any) -> Any:
        call = Call(ALICE, alliance, NOW, "request", key=uuid4().hex, fingerprint=b"f")
        return await self.commands.execute(call, COUNTER, counter, Count(times=times, **command))

    async def relayed(self) -> None:
        while await self.relay.step():
            continue


@asynccontextmanager
async def guarded(
    postgres: Postgres, database: str, topic: Topic, log: Log | None = None
) -> AsyncIterator[Guarded]:
    """`log` in place of the topic's, for the restoration alone."""
    gate = Gate()
    store = Store.connect(counting.url_of(postgres, database), pool_size=4, gate=gate)
    relay = Relay(store, topic.log, topic.name)
    commands: Commands[Any] = Commands(
        store,
        REGISTRY,
        Masters((b"m" * 32,)),
        given=counting.given,
        permit=lambda call, state, command, given: None,
        projectors={Counted: [counting.counted]},
        recorded=relay.wake,
    )
    restoration = Restoration(
        store,
        gate,
        log or topic.log,
        topic.name,
        SERVICE,
        own_events(commands.record_again),
        forget=commands.forget,
    )
    try:
        yield Guarded(store, gate, commands, relay, restoration)
    finally:
        await store.close()


async def prepared(postgres: Postgres, database: str) -> None:
    """The tables of the service, without a mark: as a new database has them."""
    await counting.prepare(postgres, database)
    async with connected(postgres, database) as connection:
        await connection.execute(restore.SCHEMA)


@asynccontextmanager
async def connected(postgres: Postgres, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres.connect(database)
    try:
        yield connection
    finally:
        await connection.close()


async def rows_of(postgres: Postgres, database: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    async with connected(postgres, database) as connection:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]


async def recorded(postgres: Postgres, database: str) -> dict[str, Sequence[tuple[Any, ...]]]:
    """Everything of the service that a restoration must bring back, to the byte."""
    queries = {
        "events": "SELECT alliance_id, sequence, stream, version, event_id, type, body FROM events"
        " ORDER BY alliance_id, sequence",
        "heads": "SELECT alliance_id, last_sequence, relayed_sequence FROM heads ORDER BY 1",
        "totals": "SELECT stream, total FROM totals ORDER BY 1",
    }
    return {name: await rows_of(postgres, database, query) for name, query in queries.items()}


LAST = 100
"""Events after the copy."""


class Past:
    """A service of two alliances: the copy of its database, and what came after it and was published."""

    us: AllianceId
    them: AllianceId
    counters: Sequence[UUID]

    def __init__(self, postgres: Postgres, database: str, topic: Topic) -> None:
        self.postgres = postgres
        self.database = database
        self.topic = topic
        self.us, self.them = sorted([new_alliance(), new_alliance()])
        self.counters = [uuid4() for _ in range(3)]

    async def live(self) -> None:
        await prepared(self.postgres, self.database)
        async with guarded(self.postgres, self.database, self.topic) as service:
            await service.restoration.begin()
            await self.work(service, 7)
        self.copy = await self.postgres.create_database(template=self.database)
        async with guarded(self.postgres, self.database, self.topic) as service:
            await service.restoration.begin()
            await self.work(service, LAST)
        self.before = await recorded(self.postgres, self.database)

    async def work(self, service: Guarded, events: int) -> None:
        for number in range(events):
            alliance = self.them if number % 4 == 3 else self.us
            await service.count(alliance, self.counters[number % 3], beside=None)
        await service.relayed()

    def again(self, **options: Any) -> Any:
        """The service on the copy."""
        return guarded(self.postgres, self.copy, self.topic, **options)

    async def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return await rows_of(self.postgres, self.copy, query, *arguments)


class Held:
    """A log that gives nothing until it is let go."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.let_go = asyncio.Event()

    def reader(self, *arguments: Any) -> Any:
        reader = self._log.reader(*arguments)
        poll = reader.poll

        async def held(seconds: float, limit: int) -> Sequence[Received]:
            await self.let_go.wait()
            found: Sequence[Received] = await poll(seconds, limit)
            return found

        reader.poll = held
        return reader
