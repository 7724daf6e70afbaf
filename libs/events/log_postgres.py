"""The log between services as tables in a PostgreSQL database of its own: a topic is a table, one partition.

For one machine: no broker to run, the same guarantees. Offsets are gapless from 0 on and become visible in
order. A topic's table takes inserts from its writer's role alone, and no change or deletion from anyone.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence, Set
from importlib.resources import files
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg
import structlog

from events.log import SAME_TOPIC_SECONDS, Position, PositionLost, Received, Record, Start

IDLE_SECONDS = 0.05
"""How often a reader looks for what another process wrote."""

TIMEOUT_SECONDS = 10
"""A statement that takes longer counts as trouble: nothing here may wait for ever."""

_TOPIC = files(__package__).joinpath("log_postgres.sql").read_text()

_TROUBLE = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # used between the server's farewell and the end of the connection
)

logger = structlog.get_logger(__name__)


async def create_topics(
    connection: asyncpg.Connection, writers: Mapping[str, str], readers: Sequence[str]
) -> None:
    """Makes what is missing of the topics (topic → the role that writes it), readable by `readers`.

    Run by the owner of the database, at each start; nobody else may then connect to the database at all.
    """
    async with connection.transaction():
        database = _quoted(await connection.fetchval("SELECT current_database()"))
        everyone = ", ".join(sorted({_quoted(role) for role in (*writers.values(), *readers)}))
        await connection.execute(
            f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
            f"GRANT CONNECT ON DATABASE {database} TO {everyone};"
            "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            f"GRANT USAGE ON SCHEMA public TO {everyone}"
        )
        for topic, writer in writers.items():
            table = _table(topic)
            await connection.execute(
                _TOPIC.replace("{table}", table).replace("{number}", _quoted(f"number {topic}"))
            )
            await connection.execute(f"GRANT INSERT (key, value) ON {table} TO {_quoted(writer)}")
            for reader in readers:
                await connection.execute(f"GRANT SELECT ON {table} TO {_quoted(reader)}")


def _table(topic: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_.]{0,50}", topic):
        raise ValueError(f"not the name of a topic: {topic!r}")
    return _quoted(topic)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _keep(connection: asyncpg.Connection) -> None:
    """Each use is one statement and leaves nothing to reset: that would double an idle poll's round trips."""


class Arrivals:
    """Wakes the readers of this process as soon as something is published in it."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tell(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set by the first `tell` from now on: take it before looking, or what comes in between is missed."""
        return self._next


class PostgresLog:
    """`events.log.Log` on the tables of `create_topics`, at `address` (a libpq URL with the role in it).

    Each service has a role and so a log object of its own; those in one process share one `arrivals`.
    """

    def __init__(self, address: str, arrivals: Arrivals | None = None) -> None:
        self._address = address
        self._arrivals = arrivals or Arrivals()
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def publish(self, topic: str, records: Sequence[Record]) -> int:
        try:
            pool = await self.pool()
            await pool.execute(
                f"INSERT INTO {_table(topic)} (key, value)"  # noqa: S608
                " SELECT key, value FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY r(key, value, place)"
                " ORDER BY place",
                [record.key for record in records],
                [record.value for record in records],
            )
        except _TROUBLE as error:
            logger.warning("not_published", topic=topic, error=repr(error))
            return 0
        self._arrivals.tell()
        return len(records)

    def reader(self, topics: Sequence[str], group: str | None, start: Start) -> "PostgresReader":
        """With one partition there is nothing to share: each reader reads everything, in whatever group."""
        return PostgresReader(self, self._arrivals, topics, start)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def pool(self) -> asyncpg.Pool:
        """Connections are made when needed, and again after the server was away."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=4,
                    timeout=TIMEOUT_SECONDS,
                    command_timeout=TIMEOUT_SECONDS,
                    reset=_keep,
                )
        return self._pool


class PostgresReader:
    """`events.log.Reader` by asking the tables, at once after a `tell` and every 50 ms."""

    def __init__(self, log: PostgresLog, arrivals: Arrivals, topics: Sequence[str], start: Start) -> None:
        self._log = log
        self._arrivals = arrivals
        self._start = start
        self._topics = list(topics)
        self._offsets: dict[str, int] = {}
        self._ids: dict[str, UUID] = {}
        """Of the topics as they were when `start` was asked."""
        self._found_ids: Mapping[str, UUID] = {}
        self._look_at = 0.0

    async def poll(self, seconds: float, limit: int) -> Sequence[Received]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            arrival = self._arrivals.next()
            records = await self._found(limit)
            if records:
                return records
            remaining = deadline - loop.time()
            if remaining <= 0:
                return []
            try:
                await asyncio.wait_for(
                    arrival.wait(), min(seconds if records is None else IDLE_SECONDS, remaining)
                )
            except TimeoutError:
                continue

    async def _found(self, limit: int) -> Sequence[Received] | None:
        """None while the database is away."""
        try:
            ids = await self._look()
        except _TROUBLE as error:
            logger.warning("log_not_read", topics=self._topics, error=repr(error))
            return None
        for topic, now in ids.items():
            if self._ids.get(topic) != now:
                self._offsets[topic] = await self._start(topic, 0, now)
                self._ids[topic] = now
        try:
            return await self._read(limit)
        except _TROUBLE as error:
            logger.warning("log_not_read", topics=self._topics, error=repr(error))
            return None

    async def _look(self) -> Mapping[str, UUID]:
        """The ids of the topics, asked for every few seconds."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return self._found_ids
        pool = await self._log.pool()
        self._found_ids = {
            topic: UUID(await pool.fetchval("SELECT obj_description($1::text::regclass)", _table(topic)))
            for topic in self._topics
        }
        self._look_at = now + SAME_TOPIC_SECONDS
        return self._found_ids

    async def _read(self, limit: int) -> list[Received]:
        records: list[Received] = []
        # The topic that was read first comes last next time, or one with a backlog would starve the others.
        self._topics.append(self._topics.pop(0))
        for topic in self._topics:
            if len(records) < limit:
                records += await self._read_topic(topic, limit - len(records))
        for record in records:
            self._offsets[record.topic] = record.offset + 1
        return records

    async def _read_topic(self, topic: str, limit: int) -> list[Received]:
        """Asks for the record before the position too (without its content): its absence is a loss."""
        offset = self._offsets[topic]
        pool = await self._log.pool()
        rows = await pool.fetch(
            'SELECT "offset", key,'  # noqa: S608
            ' CASE WHEN "offset" >= $1 THEN value END AS value'
            f' FROM {_table(topic)} WHERE "offset" >= $1 - 1 ORDER BY "offset" LIMIT $2',
            offset,
            limit + 1,
        )
        if offset > 0:
            if not rows or rows[0]["offset"] != offset - 1:
                raise PositionLost(topic, 0, offset, goes_on=await self._end(topic))
            rows = rows[1:]
        return [
            Received(topic, 0, row["offset"], str(row["key"]).encode(), row["value"]) for row in rows[:limit]
        ]

    async def _end(self, topic: str) -> int:
        pool = await self._log.pool()
        end: int = await pool.fetchval(
            f'SELECT coalesce(max("offset") + 1, 0) FROM {_table(topic)}'  # noqa: S608
        )
        return end

    def assigned(self) -> Set[Position]:
        return {(topic, 0) for topic in self._ids}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        if topic in self._ids and partition == 0:
            self._offsets[topic] = offset

    def restart(self) -> None:
        self._ids.clear()
        self._look_at = 0.0

    async def ends(self) -> Mapping[Position, int]:
        try:
            return {(topic, 0): await self._end(topic) for topic in self._topics}
        except _TROUBLE as error:
            logger.warning("log_not_read", topics=self._topics, error=repr(error))
            return {}

    async def committed(self, offsets: Mapping[Position, int]) -> None:
        """Nobody scales what runs on one machine."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
