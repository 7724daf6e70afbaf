"""An operator's export of a log into a folder, that any file server can serve and any verifier read."""

from pathlib import Path

from embedded.folder import CannotStart
from events.errors import NotFound
from events.ids import AllianceId
from ledger.audit.findings import Unusable
from ledger.log.exporting import OtherLog, export
from ledger.log.views import BrokenTree
from processes.progress import shown
from processes.stores import store_of, stores


async def export_log(data: Path | None, alliance: AllianceId, folder: Path) -> str:
    """Says what it did. Raises CannotStart where the alliance has no checkpoint or a broken tree, or where
    the folder is another's or not to be written.
    """
    async with stores(data) as reached:
        with shown("tiles") as progress:
            try:
                size = await export(store_of(reached, "ledger"), alliance, folder, progress)
            except NotFound:
                raise CannotStart(f"The ledger has no checkpoint of an alliance {alliance}.") from None
            except Unusable as error:
                raise CannotStart(str(error)) from None
            except OSError as error:
                raise CannotStart(f"{folder} cannot be written: {error.strerror}.") from None
            except BrokenTree:
                raise CannotStart(
                    f"The ledger lacks tiles of the log of {alliance}:"
                    " alliance rebuild ledger makes them anew."
                ) from None
            except OtherLog:
                raise CannotStart(
                    f"{folder} has a checkpoint of another log, or of more of this one than is published:"
                    " nothing was written. Name another folder."
                ) from None
    return f"{folder} has the log of {alliance}: {size} entries, as its checkpoint covers them."
