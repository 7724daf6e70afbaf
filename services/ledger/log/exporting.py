"""A log as a folder, the same bytes as over HTTP: any file server can serve it, any verifier read it."""

import asyncio
import shutil
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger.log.publishing import checkpoint_at
from ledger.log.views import read_tile
from tlog.checkpoints import Checkpoint
from tlog.notes import MalformedNote, Note
from tlog.tiles import WIDTH, Tile, bundles_of, tiles_of


class OtherLog(Exception):
    """The folder has a checkpoint from which the log, as it is published, does not go on."""


async def export(
    store: Store, alliance: AllianceId, folder: Path, progress: Callable[[int, int], None]
) -> int:
    """Writes what the published checkpoint covers, the checkpoint last; returns its size.

    Full tiles that are there stay: an export into the same folder goes on from the one before, and until its
    checkpoint is there the one before is whole. `progress(tiles done, of how many)` is called now and then.
    Raises NotFound where no checkpoint is, and OtherLog.
    """
    async with store.single() as transaction:
        log = await transaction.raw.fetchrow(
            "SELECT size, checkpoint, keys FROM logs WHERE alliance_id = $1", alliance
        )
        if log is None:
            raise NotFound("checkpoint_unknown")
        goes_on = await _goes_on(transaction, alliance, folder, log["size"])
        wanted = list(chain(bundles_of(log["size"]), tiles_of(log["size"])))
        for done, tile in enumerate(wanted):
            progress(done, len(wanted))
            file = folder / tile.path
            if not goes_on or not file.exists():
                await asyncio.to_thread(_write, file, await read_tile(transaction, alliance, tile))
        progress(len(wanted), len(wanted))
    _write(folder / "keys", "".join(f"{key}\n" for key in log["keys"]).encode())
    _write(folder / "checkpoint", log["checkpoint"].encode())
    for tile in wanted:
        await asyncio.to_thread(_only, folder, tile)
    size: int = log["size"]
    return size


async def _goes_on(transaction: Transaction, alliance: AllianceId, folder: Path, size: int) -> bool:
    """Whether there is a checkpoint of this log. Raises OtherLog for one of another, or of more of it."""
    before = await asyncio.to_thread(_checkpoint, folder / "checkpoint")
    if before is None:
        return False
    if before.size > size or await checkpoint_at(transaction, alliance, before.size) != before:
        raise OtherLog
    return True


def _checkpoint(file: Path) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse(file.read_bytes()).text)
    except FileNotFoundError:
        return None
    except MalformedNote:
        raise OtherLog from None


def _write(file: Path, body: bytes) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.write_bytes(body)
    unfinished.replace(file)


def _only(folder: Path, tile: Tile) -> None:
    """Removes the tile as it was when it was narrower."""
    partial = folder / f"{Tile(tile.level, tile.index).path}.p"
    if tile.width == WIDTH:
        shutil.rmtree(partial, ignore_errors=True)
        return
    for file in partial.iterdir():
        if file.name != str(tile.width):
            file.unlink()
