"""A tiny service on `events` alone, without HTTP: counters that go up, each with a private price."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import BigInteger, Column, MetaData, Table, Uuid
from sqlalchemy.dialects.postgresql import insert

from events import follow, store
from events.begin import Begun
from events.decision import Aggregate, Call, Placed
from events.envelope import Context, Event, Recorded, encode
from events.errors import Invalid, Refused
from events.execute import Commands
from events.ids import AllianceId, CompanyId, PersonId
from events.log import PositionLost, Received, Record, Start
from events.registry import Registry
from events.sealing import Confidential, Masters, Seal
from events.store import Store, Transaction
from money import Money
from rigs.postgres import Postgres

SERVICE, TOPIC = "tiny", "alliance.tiny"
ALICE = PersonId("a" * 32)
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Counted(Event, type="alliance.tiny.counted.v1"):
    by: int
    price: Confidential[Money] | None = None


class Renamed(Event, type="alliance.tiny.renamed.v1"):
    name: str


@dataclass(frozen=True)
class Count:
    """`times` events of `by` each; refused at once where `by` is 0."""

    by: int = 1
    times: int = 1
    price: Confidential[Money] | None = None
    beside: str | None = None
    """Another stream, that gets an event as well."""


@dataclass(frozen=True)
class Given:
    effective_on: date = date(2025, 3, 1)
    charter_version: int = 1


def decide(total: int | None, command: Any, given: Any, now: datetime) -> Sequence[Event | Placed]:
    if command.by == 0:
        raise Refused("counts_nothing")
    if command.by < 0:
        raise Invalid("negative", pointer="/by")
    new: list[Event | Placed] = [Counted(by=command.by, price=command.price) for _ in range(command.times)]
    if command.beside is not None:
        new.append(Placed(Renamed(name="x"), stream=command.beside, charter_version=7, project="life"))
    return new


def evolve(total: int | None, recorded: Recorded[Any]) -> int:
    return (total or 0) + recorded.event.by


COUNTER: Aggregate[int, Any] = Aggregate("counter", evolve, decide)
REGISTRY = Registry.of(SERVICE, [Counted, Renamed])

TOTALS = Table(
    "totals",
    MetaData(),
    Column("stream", Uuid, primary_key=True),
    Column("total", BigInteger, nullable=False),
)


def counted(recorded: Recorded[Counted]) -> Sequence[Any]:
    new = insert(TOTALS).values(stream=UUID(recorded.stream.split("/")[1]), total=recorded.event.by)
    return [
        new.on_conflict_do_update(
            index_elements=["stream"], set_={"total": TOTALS.c.total + new.excluded.total}
        )
    ]


def counted_event(alliance: AllianceId, sequence: int, *, service: str = SERVICE, by: int = 1) -> bytes:
    """As the service would have recorded it; the same bytes each time."""
    event_id = f"018f0000-0000-7000-8000-{sequence:012d}"
    around = Context(
        service, alliance, datetime(2025, 1, 1, tzinfo=UTC), ALICE, "r", None, date(2025, 1, 1), 1, "life"
    )
    return encode(
        Counted(by=by),
        around,
        id=event_id,
        stream="counter/1",
        version=sequence,
        sequence=sequence,
        seal=Seal(Masters((b"m" * 32,)), alliance, event_id),
    )


async def given(transaction: Transaction, call: Call, begun: Begun | None) -> Given:
    return Given()


@dataclass
class Tiny:
    """A store with its commands. `database` is a real one, `connect` gives plain connections to it."""

    postgres: Postgres
    database: str
    store: Store
    commands: Commands[Given]
    permitted: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return url_of(self.postgres, self.database)

    def call(self, alliance: AllianceId, key: str | None = None, **options: Any) -> Call:
        options.setdefault("fingerprint", b"f")
        return Call(ALICE, alliance, NOW, "request", key=key or uuid4().hex, **options)

    async def count(
        self, alliance: AllianceId, counter: UUID, command: Count | None = None, **call: Any
    ) -> Any:
        command = command or Count()
        return await self.commands.execute(self.call(alliance, **call), COUNTER, counter, command)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await self.postgres.connect(self.database)
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, query: str, *arguments: Any) -> list[tuple]:
        async with self.connect() as connection:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]

    async def everything(self) -> dict[str, list[tuple]]:
        """All rows of all tables: what is equal before and after was not written."""
        tables = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {table: await self.rows(f'SELECT * FROM "{table}" ORDER BY 1, 2') for (table,) in tables}


def url_of(postgres: Postgres, database: str) -> str:
    return f"postgresql+asyncpg://postgres@/{database}?host={postgres.host}"


async def prepare(postgres: Postgres, database: str, schema: str = store.SCHEMA) -> None:
    connection = await postgres.connect(database)
    try:
        for script in (schema, follow.SCHEMA, "CREATE TABLE totals (stream uuid PRIMARY KEY, total bigint)"):
            await connection.execute(script)
    finally:
        await connection.close()


@asynccontextmanager
async def tiny_service(
    postgres: Postgres, database: str, *, prepared: bool = False, pool_size: int = 6, **options: Any
) -> AsyncIterator[Tiny]:
    """`options` go to Commands, in place of this module's."""
    if not prepared:
        await prepare(postgres, database)
    opened = Store.connect(url_of(postgres, database), pool_size=pool_size)
    settings = {
        "given": given,
        "permit": lambda call, state, command, given: None,
        "projectors": {Counted: [counted]},
        **options,
    }
    commands = Commands(opened, REGISTRY, Masters((b"m" * 32,)), **settings)
    try:
        yield Tiny(postgres, database, opened, commands)
    finally:
        await opened.close()


def new_alliance() -> AllianceId:
    return AllianceId(uuid4())


def price(amount: str = "12.34", owner: UUID | None = None) -> Confidential[Money]:
    return Confidential[Money](owner=CompanyId(owner or uuid4()), open=Money(amount=amount, currency="EUR"))


class MemoryLog:
    """A log of one partition a topic in memory, which can be told to fail, to lose and to repeat."""

    def __init__(self) -> None:
        self.records: dict[str, list[tuple[bytes | None, bytes | None]]] = {}
        self.down = False
        self.takes: int | None = None
        """How many records of a call are acknowledged at most."""
        self.publishing = 0
        self.readers = 0
        self.starts = 0
        self.ends_asked = 0
        self.ids: dict[str, UUID] = {}

    def make_again(self, topic: str) -> None:
        """Deletes it and makes it anew: empty, under another id."""
        self.records[topic], self.ids[topic] = [], uuid4()

    async def publish(self, topic: str, records: Sequence[Record]) -> int:
        self.publishing += 1
        await asyncio.sleep(0)
        if self.down:
            return 0
        taken = records[: self.takes]
        self.records.setdefault(topic, []).extend((str(r.key).encode(), r.value) for r in taken)
        return len(taken)

    def reader(self, topics: Sequence[str], group: str | None, start: Start) -> "MemoryReader":
        self.readers += 1
        return MemoryReader(self, list(topics), start)

    async def close(self) -> None:
        return None


class MemoryReader:
    def __init__(self, log: MemoryLog, topics: list[str], start: Start) -> None:
        self._log = log
        self._topics = topics
        self._start = start
        self._offsets: dict[str, int] = {}
        self._ids: dict[str, UUID] = {}

    async def poll(self, seconds: float, limit: int) -> Sequence[Received]:
        for topic in self._topics:
            topic_id = self._log.ids.setdefault(topic, uuid4())
            if self._ids.get(topic) != topic_id:
                self._log.starts += 1
                self._offsets[topic] = await self._start(topic, 0, topic_id)
                self._ids[topic] = topic_id
        for _ in range(5):
            if found := self._take(limit):
                return found
            await asyncio.sleep(0.001)
        return []

    def _take(self, limit: int) -> list[Received]:
        found: list[Received] = []
        for topic in self._topics:
            at, lying = self._offsets[topic], self._log.records.get(topic, [])
            if at > len(lying):
                raise PositionLost(topic, 0, at, goes_on=len(lying))
            taken = lying[at : at + limit - len(found)]
            found += [Received(topic, 0, at + n, key, value) for n, (key, value) in enumerate(taken)]
            self._offsets[topic] = at + len(taken)
        return found

    def assigned(self) -> set[tuple[str, int]]:
        return {(topic, 0) for topic in self._ids}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self._offsets[topic] = offset

    def restart(self) -> None:
        self._ids.clear()

    async def ends(self) -> dict[tuple[str, int], int]:
        self._log.ends_asked += 1
        return {(topic, 0): len(self._log.records.get(topic, [])) for topic in self._topics}

    async def committed(self, offsets: Any) -> None:
        return None

    async def __aenter__(self) -> "MemoryReader":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None
