"""The relay: a service's own events, from its store to the log between services.

A command never waits for the log and never fails because the log is down: events wait here. One relay is
active a database (advisory lock). `relayed_sequence` moves by compare-and-set, only over the leading events
that the log acknowledged; a restart may send twice, and followers pass duplicates over. One repair for
everything (a gap, a freeze, a lost topic, a new log): `rewind`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from events.follow import INFRASTRUCTURE
from events.ids import AllianceId
from events.log import Log, Record
from events.store import Store, Transaction, driver

ACTIVE_RELAY = 0x72656C6179
"""The advisory lock of the active relay: "relay" in ASCII."""

POLL_SECONDS = 0.05
RETRY_SECONDS = 0.5
FLUSH_SECONDS = 3.0
BATCH = 500
ALLIANCES = 64

logger = structlog.get_logger(__name__)


class Relay:
    """Sends the events of `store` to `topic`. `wake` it after a commit; it looks by itself every 50 ms."""

    def __init__(self, store: Store, log: Log, topic: str) -> None:
        self._store = store
        self._log = log
        self._topic = topic
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set, then sends what still waits. While another process relays, it stands by."""
        while not drain.is_set():
            try:
                async with self._active() as active:
                    while active and not drain.is_set():
                        if not await self.step():
                            await self._pause(POLL_SECONDS)
                    if active:
                        await self._flush()
            except INFRASTRUCTURE as error:
                logger.warning("relay_interrupted", topic=self._topic, error=type(error).__name__)
            if not drain.is_set():
                await self._pause(RETRY_SECONDS)

    async def step(self) -> int:
        """Sends what waits, of up to `ALLIANCES` alliances at once; returns how many events were
        acknowledged.
        """
        self._woken.clear()
        async with self._store.transaction() as transaction:
            waiting = await transaction.raw.fetch(
                "SELECT alliance_id, relayed_sequence FROM heads"
                " WHERE relayed_sequence < last_sequence LIMIT $1",
                ALLIANCES,
            )
        if not waiting:
            return 0
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._send(row["alliance_id"], row["relayed_sequence"])) for row in waiting
            ]
        return sum(task.result() for task in tasks)

    async def _flush(self) -> None:
        """At the end, for a bounded time: what is left is sent at the next start."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                while await self.step():
                    pass
        except INFRASTRUCTURE:
            logger.warning("relay_not_flushed", topic=self._topic)

    async def _send(self, alliance: AllianceId, relayed: int) -> int:
        events = await self._store.events(alliance, relayed, BATCH)
        acknowledged = await self._log.publish(self._topic, [Record(alliance, body) for _, body in events])
        if acknowledged:
            async with self._store.transaction() as transaction:
                await transaction.raw.execute(
                    "UPDATE heads SET relayed_sequence = $3 WHERE alliance_id = $1 AND relayed_sequence = $2",
                    alliance,
                    relayed,
                    relayed + acknowledged,
                )
        return acknowledged

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    @asynccontextmanager
    async def _active(self) -> AsyncIterator[bool]:
        async with self._store.engine.connect() as connection:
            raw = await driver(connection)
            got = await raw.fetchval("SELECT pg_try_advisory_lock($1)", ACTIVE_RELAY)
            try:
                yield got
            finally:
                if got and not raw.is_closed():
                    await raw.fetchval("SELECT pg_advisory_unlock($1)", ACTIVE_RELAY)


async def rewind(transaction: Transaction, alliance: AllianceId | None) -> int:
    """Has the relay send again from the first event on, of one alliance or (None) of all; returns how
    many.
    """
    status: str = await transaction.raw.execute(
        "UPDATE heads SET relayed_sequence = 0 WHERE $1::uuid IS NULL OR alliance_id = $1", alliance
    )
    return int(status.rsplit(maxsplit=1)[-1])
