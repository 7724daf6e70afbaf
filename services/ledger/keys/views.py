"""What a log has told of keys so far, and telling it more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from events.envelope import Event
from events.ids import AllianceId
from events.store import Transaction
from ledger.balances.views import NEVER
from ledger.book import Book, as_system
from ledger.keys.events import KeyRotated
from ledger.log.signing import LogKeys
from ledger.period.views import own, version
from ledger.recorded import LEDGER
from standing import Standing

_MOST: Final = 1000


async def told(transaction: Transaction, alliance: AllianceId, size: int = NEVER) -> Sequence[KeyRotated]:
    """By the first `size` entries."""
    return [entry.event for entry in await own(transaction, alliance, KeyRotated, size=size, limit=_MOST)]


async def signing(
    transaction: Transaction, alliance: AllianceId, size: int, origin: str, keys: LogKeys
) -> LogKeys:
    """Those of `keys` that may sign the log at a size: up to the newest one that it tells of, so that who
    reads that much of it knows them. A key that the log tells otherwise does not sign: its secret is wrong.
    """
    epochs = [
        event.epoch
        for event in await told(transaction, alliance, size)
        if event.service == LEDGER
        and event.epoch <= keys.epoch
        and event.verifier_key == str(keys.signer(alliance, origin, event.epoch).verifier)
    ]
    return keys.up_to(max(epochs, default=0))


async def record(
    book: Book,
    transaction: Transaction,
    alliance: AllianceId,
    events: Sequence[Event],
    last: int,
    standing: Standing | None,
    now: datetime,
) -> None:
    """Appends to a log of `last` entries, as the system; the head must be locked by this transaction."""
    context = as_system(alliance, standing, now)
    await book.record(transaction, context, events, last, await version(transaction, alliance))
