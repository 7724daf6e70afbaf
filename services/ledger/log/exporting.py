"""A log as a folder, the same bytes as over HTTP: any file server can serve it, any verifier read it."""

import asyncio
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import CHECKPOINT, KEYS, Folder, checkpoint_of
from ledger.audit.writing import alone, drop_narrower, write
from ledger.log.publishing import checkpoint_at
from ledger.log.views import read_tile
from tlog.tiles import bundles_of, tiles_of


class OtherLog(Exception):
    """The folder has a checkpoint from which the log, as it is published, does not go on."""


async def export(store: Store, alliance: AllianceId, path: Path, progress: Callable[[int, int], None]) -> int:
    """Writes into a folder what the published checkpoint covers, the checkpoint last; returns its size.

    Full tiles that are there stay: an export into the same folder goes on from the one before, and until its
    checkpoint is there the one before is whole. `progress(tiles done, of how many)` is called now and then.
    Raises NotFound where no checkpoint is, OtherLog, and Unusable where nobody should write there.
    """
    async with store.single() as transaction:
        log = await transaction.raw.fetchrow(
            "SELECT size, checkpoint, keys FROM logs WHERE alliance_id = $1", alliance
        )
        if log is None:
            raise NotFound("checkpoint_unknown")
        size: int = log["size"]
        with alone(path) as folder:
            goes_on = await _goes_on(transaction, alliance, folder, size)
            wanted = list(chain(bundles_of(size), tiles_of(size)))
            for done, tile in enumerate(wanted):
                progress(done, len(wanted))
                if not goes_on or not folder.has(tile.path):
                    content = await read_tile(transaction, alliance, tile)
                    await asyncio.to_thread(write, folder, tile.path, content)
            progress(len(wanted), len(wanted))
            write(folder, KEYS, "".join(f"{key}\n" for key in log["keys"]).encode())
            write(folder, CHECKPOINT, log["checkpoint"].encode())
            await asyncio.to_thread(drop_narrower, folder, size)
    return size


async def _goes_on(transaction: Transaction, alliance: AllianceId, folder: Folder, size: int) -> bool:
    """Whether there is a checkpoint of this log. Raises OtherLog for one of another, or of more of it."""
    if not folder.has(CHECKPOINT):
        return False
    try:
        before = checkpoint_of(folder.checkpoint)
    except DoesNotHold:
        raise OtherLog from None
    if before.size > size or await checkpoint_at(transaction, alliance, before.size) != before:
        raise OtherLog
    return True
