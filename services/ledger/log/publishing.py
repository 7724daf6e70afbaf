"""Checkpoints: signed and published once the topic of the ledger has acknowledged the size, within a second.

The entries are stored first, then acknowledged (`heads.relayed_sequence`), then signed, then cosigned by the
witnesses that answer at once (`ledger.log.cosigning`). The published size moves forward only, by
compare-and-set: killed anywhere, or beside another replica, the ledger shows no size twice with two roots and
goes back to none. Of the keys that signed one checkpoint, one signs the next too. A database that was put
back lacks at most what the topic has, and takes it back before anything new (`events.restore`); until then
nothing is signed here, and nothing shown.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from events.errors import DatabaseUnavailable, NotRestored, Restoring
from events.ids import AllianceId
from events.pausing import pause
from events.store import Store, Transaction
from ledger.entries.views import origin
from ledger.keys.views import signing
from ledger.log.cosigning import Cosigning, Panel
from ledger.log.signing import LogKeys
from ledger.log.views import BrokenTree, catch_up, worked_out
from tlog.checkpoints import Checkpoint
from tlog.merkle import root
from tlog.notes import Note

EVERY_SECONDS: Final = 0.5

CHECKPOINTS: Final = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0)::float8
    AS checkpoint_age_seconds,
    (SELECT count(*) FROM logs WHERE cosigned < quorum)::float8 AS checkpoints_without_quorum,
    (SELECT count(*) FROM logs WHERE cosigned < witnesses)::float8 AS checkpoints_lacking_witnesses
FROM heads h LEFT JOIN logs l USING (alliance_id)
JOIN events e ON e.alliance_id = h.alliance_id AND e.sequence = coalesce(l.size, 0) + 1
"""
"""For operators: how long the oldest entry waits that no checkpoint covers, and where witnesses lack."""

logger = structlog.get_logger(__name__)

_DUE = (
    "SELECT h.alliance_id, h.relayed_sequence FROM heads h LEFT JOIN logs l USING (alliance_id)"
    " WHERE h.relayed_sequence > coalesce(l.size, 0) ORDER BY h.alliance_id"
)
_PUBLISH = (
    "INSERT INTO logs (alliance_id, size, checkpoint, keys, witnesses, quorum, cosigned)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (alliance_id)"
    " DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint, keys = excluded.keys,"
    " witnesses = excluded.witnesses, quorum = excluded.quorum, cosigned = excluded.cosigned"
    " WHERE logs.size < excluded.size AND logs.keys && excluded.keys"
)
_BEFORE = "SELECT checkpoint, NOT keys && $2 AS replaced FROM logs WHERE alliance_id = $1"
_AT_ONCE: Final = 8
"""Logs: each takes a connection, but none while witnesses are asked."""


class Publisher:
    """Publishes the checkpoints of all logs in `store`."""

    def __init__(self, store: Store, keys: LogKeys, cosigning: Cosigning) -> None:
        self._store = store
        self._keys = keys
        self._cosigning = cosigning

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set: publishes what is due, and has what is published get the lines it lacks."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._cosigning.run(drain))
                await self._publish_all(drain)
        finally:
            await self._cosigning.close()

    async def _publish_all(self, drain: asyncio.Event) -> None:
        while not drain.is_set():
            try:
                await self.step()
            except* (DatabaseUnavailable, Restoring) as group:
                logger.warning("checkpoints_interrupted", error=type(group.exceptions[0]).__name__)
            await pause(drain, EVERY_SECONDS)

    async def step(self) -> int:
        """Publishes what is due; returns of how many logs."""
        async with self._store.single() as transaction:
            due = await transaction.raw.fetch(_DUE)
        places = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for row in due:
                group.create_task(
                    self._publish(AllianceId(row["alliance_id"]), row["relayed_sequence"], places)
                )
        return len(due)

    async def _publish(self, alliance: AllianceId, size: int, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                signed = await self._signed(alliance, size)
                if signed is None:
                    return
                note, keys, panel = signed
                note = await self._cosigning.cosigned(alliance, size, note, panel)
                counts = (panel.named, panel.quorum, panel.signed(note))
                async with self._store.single() as transaction:
                    transaction.writable(alliance)
                    await transaction.raw.execute(_PUBLISH, alliance, size, note, keys, *counts)
            except NotRestored:
                return  # this alliance waits for a person, the others do not
            except BrokenTree as error:
                # So does this one: a root that is not the entries' could not be taken back.
                logger.error("tree_broken", alliance_id=str(alliance), detail=str(error))

    async def _signed(self, alliance: AllianceId, size: int) -> tuple[str, Sequence[str], Panel] | None:
        """The note, the keys that signed it, and the witnesses to ask; None where no known key signs."""
        async with self._store.transaction() as transaction:
            await catch_up(transaction, alliance, size)
            checkpoint = await checkpoint_at(transaction, alliance, size)
            panel = await self._cosigning.panel(transaction, alliance)
            signers = await signing(transaction, alliance, size, checkpoint.origin, self._keys)
            keys = [str(key) for key in signers.verifiers(alliance, checkpoint.origin)]
            before = await transaction.raw.fetchrow(_BEFORE, alliance, keys)
            if before is not None and before["replaced"]:
                # The settings' secret is another one: nobody would know the key.
                logger.error("log_key_replaced", alliance_id=str(alliance))
                return None
            if before is not None:
                await _require_growth(transaction, alliance, before["checkpoint"])
        return signers.note(alliance, checkpoint), keys, panel


async def _require_growth(transaction: Transaction, alliance: AllianceId, note: str) -> None:
    """Raises BrokenTree where the tree does not go on from a checkpoint that is published."""
    published = Checkpoint.parse(Note.parse(note.encode()).text)
    if await checkpoint_at(transaction, alliance, published.size) != published:
        raise BrokenTree(f"the tree is not the one whose size {published.size} is published")


async def checkpoint_at(transaction: Transaction, alliance: AllianceId, size: int) -> Checkpoint:
    """Of the log's first `size` entries, which it has."""
    name = await origin(transaction, alliance)
    assert name is not None
    return Checkpoint(
        name, size, await worked_out(transaction, alliance, size, lambda hashes: root(size, hashes))
    )
