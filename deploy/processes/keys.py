"""An operator's part in keys: handing some out, beginning a new epoch, and saying which keys sign a log."""

import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from embedded.folder import CannotStart, existing, held, write_once
from embedded.secrets import begin_epoch, load_or_make
from events.errors import DatabaseUnavailable, NotFound, Restoring
from events.ids import AllianceId
from events.store import Store
from ledger.app import book_of
from ledger.keys.exporting import export
from ledger.recorded import LEDGER
from ledger.settings import LedgerSettings
from processes.stores import FOLDER, is_told_of, of_server, reached, store_of, stores
from service.settings import load

STANDARD_OUTPUT: Final = Path("-")


def require_place(file: Path) -> None:
    """Raises CannotStart where keys may not be written: before the log tells that they were handed out."""
    if file == STANDARD_OUTPUT:
        if sys.stdout.isatty():
            raise CannotStart("Keys are not shown on a terminal: name a file, or lead - into one.")
    elif file.exists() or not os.access(file.parent, os.W_OK | os.X_OK):
        raise CannotStart(f"{file} is there already, or its folder cannot be written: name a new file.")


async def exported(
    data: Path | None, alliance: AllianceId, company: UUID | None, recipient: str | None
) -> bytes:
    """A key file, of which the log tells already. Raises CannotStart where the ledger does not know what was
    asked for.
    """
    async with _ledger(data) as (store, masters):
        try:
            # No log is opened by it: there is no name to begin.
            return await export(store, book_of(masters, ""), masters, alliance, company, recipient)
        except NotFound as error:
            what = f"company {company} in the alliance" if error.code == "company_unknown" else "alliance"
            raise CannotStart(f"The ledger knows no {what} {alliance}: nothing was done.") from None
        except Restoring:
            raise CannotStart(
                "The ledger's database was not held against its topic yet: start the ledger, wait until"
                " /readyz says that its restoration is done, and give the command again."
            ) from None
        except DatabaseUnavailable:
            raise CannotStart("The ledger's database does not answer: nothing was done.") from None


def write(file: Path, keys: bytes) -> None:
    """Whole, and for its owner only."""
    if file == STANDARD_OUTPUT:
        sys.stdout.write(keys.decode())
        sys.stdout.flush()
    else:
        write_once(file, keys.decode())


@asynccontextmanager
async def _ledger(data: Path | None) -> AsyncIterator[tuple[Store, Mapping[str, Sequence[bytes]]]]:
    """Its store under its own role, and the master secrets."""
    if data is None and is_told_of(LEDGER):
        settings = load(LedgerSettings)
        store = Store.connect(settings.database(), pool_size=1)
        try:
            yield store, settings.masters()
        finally:
            await store.close()
        return
    async with reached(data or FOLDER) as server, of_server(server) as found:
        yield found[LEDGER], load_or_make(existing(data or FOLDER)).sealing


def rotate(data: Path, source: str) -> str:
    """Begins a new epoch of a source's keys in a folder on which nothing runs; says what follows."""
    existing(data)
    with held(data) as folder:
        load_or_make(folder)
        epoch = begin_epoch(folder, source)
        return (
            f"{source}: epoch {epoch} begins with the next start; what was sealed before stays readable. "
            f"Keep a new copy of {folder.secrets} elsewhere."
        )


async def log_keys(data: Path | None, alliance: AllianceId) -> Sequence[str]:
    """The verifier keys that sign the published checkpoint of a log, the newest first; each begins with the
    log's name. Raises CannotStart where there is no checkpoint.
    """
    async with stores(data) as found, store_of(found, LEDGER).single() as transaction:
        keys: list[str] | None = await transaction.raw.fetchval(
            "SELECT keys FROM logs WHERE alliance_id = $1", alliance
        )
    if keys is None:
        raise CannotStart(f"The ledger has no checkpoint of an alliance {alliance}.")
    return keys
