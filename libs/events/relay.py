"""The relay: a service's own events, from its store to the log between services.

A command never waits for the log and never fails because the log is down: events wait here. One relay is
active a database (advisory lock). `relayed_sequence` moves by compare-and-set, only over the leading events
that the log acknowledged; a restart may send twice, and followers pass duplicates over. One repair for
everything (a gap, a freeze, a lost topic, a new log): `rewind`.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import structlog

from events.errors import DatabaseUnavailable
from events.ids import NO_ALLIANCE, AllianceId
from events.log import Log, Record
from events.pausing import pause
from events.store import Store, Transaction, driver

ACTIVE_RELAY = 0x72656C6179
"""The advisory lock of the active relay: "relay" in ASCII."""

POLL_SECONDS = 0.05
RETRY_SECONDS = 0.5
FLUSH_SECONDS = 3.0
BATCH = 200
"""Events of one alliance sent at once; with `ALLIANCES` it bounds what lies in memory."""
ALLIANCES = 32

_WAITING = """
SELECT h.alliance_id, h.relayed_sequence, e.body FROM (
    SELECT alliance_id, relayed_sequence FROM heads
    WHERE relayed_sequence < last_sequence AND alliance_id > $1 ORDER BY alliance_id LIMIT $2
) h CROSS JOIN LATERAL (
    SELECT sequence, body FROM events
    WHERE alliance_id = h.alliance_id AND sequence > h.relayed_sequence ORDER BY sequence LIMIT $3
) e ORDER BY h.alliance_id, e.sequence
"""

logger = structlog.get_logger(__name__)


class _NothingAcknowledged(Exception):
    """The log took none of what waits."""


class Relay:
    """Sends the events of `store` to `topic`. `wake` it after a commit; it looks by itself every 50 ms."""

    def __init__(self, store: Store, log: Log, topic: str) -> None:
        self._store = store
        self._log = log
        self._topic = topic
        self._woken = asyncio.Event()
        self._turn = NO_ALLIANCE
        """After which alliance to go on: always from the first, those that are busy would starve others."""

    def wake(self) -> None:
        self._woken.set()

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set, then sends what still waits. While another process relays, it stands by."""
        while not drain.is_set():
            try:
                async with self._active() as lock:
                    # Without the connection the lock is gone, and another relay may be active.
                    while lock is not None and not lock.is_closed() and not drain.is_set():
                        if not await self.step():
                            await pause(self._woken, POLL_SECONDS)
                    if lock is not None and drain.is_set():
                        await self._flush()
            except (DatabaseUnavailable, _NothingAcknowledged) as error:
                logger.warning("relay_interrupted", topic=self._topic, error=type(error).__name__)
            # Not for `_woken`: commands go on while the log is down, and each would have it try again.
            await pause(drain, RETRY_SECONDS)

    async def step(self) -> int:
        """Sends what waits, of up to `ALLIANCES` alliances at once; returns how many events were
        acknowledged.
        """
        self._woken.clear()
        waiting = await self._waiting()
        if not waiting:
            return 0
        async with asyncio.TaskGroup() as group:
            sending = {
                group.create_task(self._log.publish(self._topic, records)): (alliance, relayed)
                for (alliance, relayed), records in waiting.items()
            }
        async with self._store.single() as transaction:
            for task, (alliance, relayed) in sending.items():
                if acknowledged := task.result():
                    await transaction.raw.execute(
                        "SELECT move_relayed($1, $2, $3)", alliance, relayed, relayed + acknowledged
                    )
        total = sum(task.result() for task in sending)
        if total == 0:
            raise _NothingAcknowledged
        return total

    async def _waiting(self) -> dict[tuple[AllianceId, int], Sequence[Record]]:
        """(alliance, relayed sequence) → its next events."""
        async with self._store.single() as transaction:
            transaction.writable()
            rows = await transaction.raw.fetch(_WAITING, self._turn, ALLIANCES, BATCH)
            if not rows and self._turn != NO_ALLIANCE:
                rows = await transaction.raw.fetch(_WAITING, NO_ALLIANCE, ALLIANCES, BATCH)
        self._turn = AllianceId(rows[-1]["alliance_id"]) if rows else NO_ALLIANCE
        waiting: dict[tuple[AllianceId, int], list[Record]] = defaultdict(list)
        for row in rows:
            alliance = AllianceId(row["alliance_id"])
            waiting[alliance, row["relayed_sequence"]].append(Record(alliance, row["body"]))
        return dict(waiting)

    async def _flush(self) -> None:
        """At the end, for a bounded time: what is left is sent at the next start."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                while await self.step():
                    pass
        except TimeoutError:
            logger.warning("relay_not_flushed", topic=self._topic)

    @asynccontextmanager
    async def _active(self) -> AsyncIterator[asyncpg.Connection | None]:
        """The connection that holds the lock; None while another relay is active."""
        async with self._store.reading() as connection:
            raw = await driver(connection)
            if not await raw.fetchval("SELECT pg_try_advisory_lock($1)", ACTIVE_RELAY):
                yield None
                return
            try:
                yield raw
            finally:
                # Ends the session, and so the lock, whatever state it is in: in the pool the lock would last.
                raw.terminate()


async def rewind(transaction: Transaction, alliance: AllianceId | None) -> int:
    """Has the relay send again from the first event on, of one alliance or (None) of all; returns how
    many.
    """
    status: str = await transaction.raw.execute(
        "UPDATE heads SET relayed_sequence = 0"
        " WHERE last_sequence > 0 AND ($1::uuid IS NULL OR alliance_id = $1)",
        alliance,
    )
    return int(status.rsplit(maxsplit=1)[-1])
