"""Checkpoints: signed and published once the topic of the ledger has acknowledged the size, within a second.

The entries are stored first, then acknowledged (`heads.relayed_sequence`), then signed. The published size
moves forward only, by compare-and-set: killed anywhere, or beside another replica, the ledger shows no size
twice with two roots and goes back to none. A database that was put back lacks at most what the topic has, and
takes it back before anything new (`events.restore`); until then nothing is signed here, and nothing shown.
"""

import asyncio
from typing import Final

import structlog

from events.errors import DatabaseUnavailable, NotRestored, Restoring
from events.ids import AllianceId
from events.pausing import pause
from events.store import Store, Transaction
from ledger.entries.views import origin
from ledger.log.signing import LogKeys
from ledger.log.views import catch_up, worked_out
from tlog.checkpoints import Checkpoint
from tlog.merkle import root

EVERY_SECONDS: Final = 0.5

CHECKPOINTS: Final = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0)::float8
    AS checkpoint_age_seconds
FROM heads h LEFT JOIN logs l USING (alliance_id)
JOIN events e ON e.alliance_id = h.alliance_id AND e.sequence = coalesce(l.size, 0) + 1
"""
"""For operators: how long the oldest entry waits that no checkpoint covers."""

logger = structlog.get_logger(__name__)

_DUE = (
    "SELECT h.alliance_id, h.relayed_sequence FROM heads h LEFT JOIN logs l USING (alliance_id)"
    " WHERE h.relayed_sequence > coalesce(l.size, 0) ORDER BY h.alliance_id"
)
_PUBLISH = (
    "INSERT INTO logs (alliance_id, size, checkpoint, keys) VALUES ($1, $2, $3, $4) ON CONFLICT (alliance_id)"
    " DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint, keys = excluded.keys"
    " WHERE logs.size < excluded.size"
)


class Publisher:
    """Publishes the checkpoints of all logs in `store`."""

    def __init__(self, store: Store, keys: LogKeys) -> None:
        self._store = store
        self._keys = keys

    async def run(self, drain: asyncio.Event) -> None:
        while not drain.is_set():
            try:
                await self.step()
            except (DatabaseUnavailable, Restoring) as error:
                logger.warning("checkpoints_interrupted", error=type(error).__name__)
            await pause(drain, EVERY_SECONDS)

    async def step(self) -> int:
        """Publishes what is due; returns of how many logs."""
        async with self._store.single() as transaction:
            due = await transaction.raw.fetch(_DUE)
        for row in due:
            try:
                await self._publish(AllianceId(row["alliance_id"]), row["relayed_sequence"])
            except NotRestored:
                continue  # this alliance waits for a person, the others do not
        return len(due)

    async def _publish(self, alliance: AllianceId, size: int) -> None:
        async with self._store.transaction() as transaction:
            await catch_up(transaction, alliance, size)
            checkpoint = await checkpoint_at(transaction, alliance, size)
            note = self._keys.note(alliance, checkpoint)
            keys = [str(key) for key in self._keys.verifiers(alliance, checkpoint.origin)]
            await transaction.raw.execute(_PUBLISH, alliance, size, note, keys)


async def checkpoint_at(transaction: Transaction, alliance: AllianceId, size: int) -> Checkpoint:
    """Of the log's first `size` entries, which it has."""
    name = await origin(transaction, alliance)
    assert name is not None
    return Checkpoint(
        name, size, await worked_out(transaction, alliance, size, lambda hashes: root(size, hashes))
    )
