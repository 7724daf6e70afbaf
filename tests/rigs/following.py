"""A follower over a log in memory and a real PostgreSQL, and what it has applied."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from events.follow import Arrived, Follower
from events.freezing import frozen
from events.ids import AllianceId
from events.store import Store, Transaction
from rigs.counting import TOPIC, MemoryLog, Tiny, counted_event, tiny_service
from rigs.postgres import Postgres

OTHER = "alliance.other"
Applied = list[tuple[AllianceId, str, int]]


@asynccontextmanager
async def followed_by(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    """A tiny service with a table of what was applied."""
    async with tiny_service(postgres, database) as one:
        async with one.connect() as connection:
            await connection.execute(
                "CREATE TABLE applied (n serial, alliance_id uuid, source text, sequence bigint)"
            )
        yield one


class Rig:
    """A follower over a log in memory; `fault` is raised by what applies an event with that sequence."""

    def __init__(self, tiny: Tiny, store: Store | None = None, log: MemoryLog | None = None) -> None:
        self.tiny = tiny
        self.store = store or tiny.store
        self.log = log or MemoryLog()
        self.faults: dict[tuple[AllianceId, int], BaseException] = {}
        self.follower = Follower(
            self.store, self.log, {TOPIC: "tiny", OTHER: "other"}, "group", self.apply, batch=50
        )

    async def apply(self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        for one in events:
            await transaction.raw.execute(
                "INSERT INTO applied (alliance_id, source, sequence) VALUES ($1, $2, $3)",
                alliance,
                one.head.service,
                one.head.sequence,
            )
            if fault := self.faults.get((alliance, one.head.sequence)):
                raise fault

    def put(self, alliance: AllianceId, *sequences: int, topic: str = TOPIC, **options: Any) -> None:
        for sequence in sequences:
            body = counted_event(alliance, sequence, service=topic.split(".")[1], **options)
            self.log.records.setdefault(topic, []).append((str(alliance).encode(), body))

    async def read(self, times: int = 3) -> None:
        """Polls so many times with a reader of its own, as after a restart."""
        async with self.log.reader([TOPIC, OTHER], "group", self.follower._positions.start) as reader:
            for _ in range(times):
                await self.follower.step(reader)

    async def applied(self, alliance: AllianceId, source: str = "tiny") -> list[int]:
        rows = await self.tiny.rows(
            "SELECT sequence FROM applied WHERE alliance_id = $1 AND source = $2 ORDER BY n",
            alliance,
            source,
        )
        return [sequence for (sequence,) in rows]

    async def stands(self, alliance: AllianceId) -> tuple[str, int, str] | None:
        found = await frozen(self.store, alliance)
        return (found[0].source, found[0].sequence, found[0].code) if found else None


@asynccontextmanager
async def running(*followers: Follower) -> AsyncIterator[None]:
    drain = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for follower in followers:
            group.create_task(follower.run(drain))
        try:
            yield
        finally:
            drain.set()


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - what it looks at is in the database
            await asyncio.sleep(0.005)
