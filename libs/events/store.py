"""The event store of one service: per alliance gapless and in commit order, append only.

An alliance has one writer at a time, the transaction that holds its row in `heads`. It is locked first,
before anything that a decision rests on is read: locked last, two decisions on two streams that share a
limit would both pass. Alliances do not wait for one another.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, cast

import asyncpg
from sqlalchemy import Executable, event
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from events.errors import DatabaseUnavailable
from events.gate import Gate
from events.ids import AllianceId

SCHEMA = files(__package__).joinpath("schema.sql").read_text()
"""The tables, triggers and functions of a store; run once by the owner's migration."""


_TROUBLE: tuple[type[Exception], ...] = (
    TimeoutError,
    NoConnection,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # used between the server's farewell and the end of the connection
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""The database is lost, is stopping, has no more to give, or chose another transaction: it says nothing about
the request.
"""
_NO_CONNECTION: tuple[type[Exception], ...] = (*_TROUBLE, OSError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Appended:
    """One event ready to be written: its bytes, and what the store indexes it by."""

    stream: str
    version: int
    event_id: str
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt ready to be written: under this key `caller` gets the same answer again."""

    caller: str
    alliance: AllianceId
    key: str
    fingerprint: bytes
    answer: bytes


ANSWER_SECONDS = 60.0
"""How long a statement may take. Of a partition in the network nobody is told: TCP itself gives up after a
quarter of an hour.
"""

_APPEND = "SELECT append_events($1, $2, $3, $4, $5, $6, $7)"
_KEEP = "INSERT INTO receipts (caller, alliance_id, key, fingerprint, answer) VALUES"
_APPEND_AND_KEEP = f"WITH kept AS ({_KEEP} ($8, $9, $10, $11, $12)) {_APPEND}"
_KEEP_ALONE = f"{_KEEP} ($1, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One database transaction, for SQLAlchemy statements and, on hot paths, for asyncpg directly."""

    connection: AsyncConnection
    raw: asyncpg.Connection
    gate: Gate | None = None

    def writable(self, alliance: AllianceId | None = None) -> None:
        """Raises Restoring or NotRestored where nothing may be recorded (`events.gate`)."""
        if self.gate is not None:
            self.gate.require(self.raw, alliance)

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        return await self.connection.execute(statement)

    async def lock_head(self, alliance: AllianceId) -> int:
        """Takes the alliance's lock until the end of the transaction; returns its last sequence."""
        self.writable(alliance)
        return cast(int, await self.raw.fetchval("SELECT lock_head($1)", alliance))

    async def append(
        self, alliance: AllianceId, last_sequence: int, events: Sequence[Appended], keep: Kept | None = None
    ) -> None:
        """Writes events at `last_sequence + 1` and on, and their command's receipt; the head must be locked
        by this transaction.
        """
        columns = (
            alliance,
            last_sequence,
            [new.stream for new in events],
            [new.version for new in events],
            [new.event_id for new in events],
            [new.type for new in events],
            [new.body for new in events],
        )
        receipt = (keep.caller, keep.alliance, keep.key, keep.fingerprint, keep.answer) if keep else ()
        if events:
            await self.raw.execute(_APPEND_AND_KEEP if keep else _APPEND, *columns, *receipt)
        elif keep:
            await self.raw.execute(_KEEP_ALONE, *receipt)

    async def versions(self, alliance: AllianceId, streams: Sequence[str]) -> dict[str, int]:
        """The present versions of those streams that exist."""
        rows = await self.raw.fetch(
            "SELECT stream, max(version) AS version FROM events"
            " WHERE alliance_id = $1 AND stream = ANY($2::text[]) GROUP BY stream",
            alliance,
            list(streams),
        )
        return {row["stream"]: row["version"] for row in rows}

    async def has(self, event_ids: Sequence[str]) -> bool:
        """Whether one of these events is recorded here."""
        found = await self.raw.fetchval(
            "SELECT EXISTS (SELECT FROM events WHERE event_id = ANY($1::text[]))", event_ids
        )
        return bool(found)

    async def stream(self, alliance: AllianceId, stream: str, after: int = 0) -> list[bytes]:
        rows = await self.raw.fetch(
            "SELECT body FROM events"
            " WHERE alliance_id = $1 AND stream = $2 AND version > $3 ORDER BY version",
            alliance,
            stream,
            after,
        )
        return [row["body"] for row in rows]


class Store:
    """A service's database: transactions, and reading the log of an alliance."""

    def __init__(
        self, engine: AsyncEngine, pool_size: int, patience: float, gate: Gate | None = None
    ) -> None:
        self.engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.gate = gate
        self._places = asyncio.Semaphore(pool_size)
        self._patience = patience
        # Taken from SQLAlchemy's pool and kept: to take and return one each time costs two round trips' work.
        self._idle: list[Transaction] = []

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        pool_size: int = 10,
        patience: float = 10,
        answer: float = ANSWER_SECONDS,
        gate: Gate | None = None,
    ) -> "Store":
        """`url` is `postgresql+asyncpg://…`; connections are made when first needed, and waited for so many
        seconds while all are in use. A statement that is not answered in `answer` seconds ends its
        connection; a transaction in which a client says nothing for twice as long is ended by the server, and
        with it the locks that it has. Behind a `gate` nothing is recorded before it is opened.
        """
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            connect_args={
                "command_timeout": answer,
                "server_settings": {"idle_in_transaction_session_timeout": f"{2 * answer * 1000:.0f}"},
            },
        )
        event.listen(engine.sync_engine, "checkout", _replace_closed)
        if gate is not None:
            event.listen(engine.sync_engine, "connect", gate.connected)
        return cls(engine, pool_size, patience, gate)

    @asynccontextmanager
    async def transaction(self, *, gated: bool = True) -> AsyncIterator[Transaction]:
        """READ COMMITTED; commits at the end, rolls back on any exception. Not `gated`: what opens the gate.

        SQLAlchemy is told AUTOCOMMIT and the transaction is asyncpg's own: two round trips fewer a command.
        """
        async with self._connection() as connected:
            transaction = connected.raw.transaction()
            over = False
            try:
                await transaction.start()
                try:
                    yield connected if gated else replace(connected, gate=None)
                except Exception:
                    await transaction.rollback()
                    over = True
                    raise
                await transaction.commit()
                over = True
            finally:
                if not over:
                    # Cancelled midway, nobody knows whether a transaction is open here: its locks would stay,
                    # and the next user's would be a savepoint in it, answered for and never committed.
                    connected.raw.terminate()

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Transaction]:
        """For one query, which needs no transaction around it: two round trips fewer."""
        async with self._connection() as connected:
            yield connected

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for single queries, each in a transaction of its own."""
        async with self._connection() as connected:
            yield connected.connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Transaction]:
        """Raises DatabaseUnavailable where there is no connection, or it is lost or of no use meanwhile."""
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        try:
            taken = await self._taken()
            whole = False
            try:
                yield taken
                whole = True
            except Exception as error:
                whole = True
                if isinstance(error, TimeoutError):
                    # The answer may still come: whoever asked next on this connection would wait for it.
                    taken.raw.terminate()
                if _is_trouble(error, taken.raw):
                    raise DatabaseUnavailable from error
                raise
            finally:
                await self._give_back(taken, whole)
        finally:
            self._places.release()

    async def _taken(self) -> Transaction:
        while self._idle:
            taken = self._idle.pop()
            if not taken.raw.is_closed():
                return taken
            await taken.connection.close()
        try:
            connection = await self.engine.connect()
            return Transaction(connection, await driver(connection), self.gate)
        except Exception as error:
            if not _is_no_connection(error):
                raise
            raise DatabaseUnavailable from error

    async def _give_back(self, taken: Transaction, whole: bool) -> None:
        if taken.raw.is_closed() or not whole:
            await asyncio.shield(taken.connection.close())
            return
        if taken.connection.in_transaction():
            await taken.connection.rollback()  # SQLAlchemy's own book-keeping: nothing is open on the server
        self._idle.append(taken)

    async def events(
        self, alliance: AllianceId, after: int, limit: int, types: Sequence[str] | None = None
    ) -> list[tuple[int, bytes]]:
        """(sequence, bytes) of an alliance's events in order, from `after + 1` on."""
        async with self._connection() as connected:
            rows = await connected.raw.fetch(
                "SELECT sequence, body FROM events WHERE alliance_id = $1 AND sequence > $2"
                " AND ($4::text[] IS NULL OR type = ANY($4)) ORDER BY sequence LIMIT $3",
                alliance,
                after,
                limit,
                types,
            )
        return [(row["sequence"], row["body"]) for row in rows]

    async def last_sequence(self, alliance: AllianceId) -> int:
        """0 for an alliance of which nothing is recorded here."""
        async with self._connection() as connected:
            last = await connected.raw.fetchval(
                "SELECT last_sequence FROM heads WHERE alliance_id = $1", alliance
            )
        return cast(int, last or 0)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().connection.close()
        await self.engine.dispose()


async def driver(connection: AsyncConnection) -> asyncpg.Connection:
    raw = (await connection.get_raw_connection()).driver_connection
    return cast(asyncpg.Connection, raw)


def _is_no_connection(error: Exception) -> bool:
    """What the server says itself when it takes no connection (it is starting, or full) comes wrapped."""
    if isinstance(error, DBAPIError):
        return isinstance(error.orig and error.orig.__cause__, _NO_CONNECTION)
    return isinstance(error, _NO_CONNECTION)


def _is_trouble(error: BaseException | None, connection: asyncpg.Connection) -> bool:
    """Some of what a lost connection raises, the caller's own code may raise too: then the connection is
    there.
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_trouble(error.orig and error.orig.__cause__, connection)
    if isinstance(error, (OSError, asyncpg.InterfaceError)) and connection.is_closed():
        return True
    return isinstance(error, _TROUBLE)


def _replace_closed(connection: Any, record: Any, proxy: Any) -> None:
    # A transaction on the driver's own connection may die unseen by the pool (server restarted): the next
    # checkout would hand the dead connection out.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
