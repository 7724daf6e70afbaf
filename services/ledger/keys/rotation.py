"""Has every log tell of the epochs that the settings have: before a new key signs, and once each.

The first checkpoint that a new key signs covers the entry that names it, and the old key signs it too.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog

from events.errors import DatabaseUnavailable, NotRestored, Restoring
from events.ids import AllianceId
from events.pausing import pause
from events.store import Store
from ledger.book import Book
from ledger.entries.views import origin
from ledger.keys.domain import untold
from ledger.keys.events import KeyRotated
from ledger.keys.views import record, told
from ledger.log.signing import LogKeys
from ledger.log.views import BrokenTree
from service.standing import Standings

EVERY_SECONDS: Final = 2.0

_UNTOLD = (
    "SELECT alliance_id FROM heads h WHERE last_sequence > 0 AND $2 >"
    " (SELECT count(*) FROM events e WHERE e.alliance_id = h.alliance_id"
    "  AND e.stream = '/ledger/alliances/' || h.alliance_id AND e.type = $1) ORDER BY alliance_id"
)

logger = structlog.get_logger(__name__)


class Rotation:
    """For the logs in `store`. `epochs`: how many each source has by the settings."""

    def __init__(
        self,
        store: Store,
        standings: Standings,
        book: Book,
        keys: LogKeys,
        epochs: Mapping[str, int],
    ) -> None:
        self._store = store
        self._standings = standings
        self._book = book
        self._keys = keys
        self._epochs = epochs
        self._to_tell = sum(epochs.values()) - len(epochs)

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set; at once where there is nothing to tell."""
        while self._to_tell and not drain.is_set():
            try:
                await self.step()
            except (DatabaseUnavailable, Restoring) as error:
                logger.warning("rotation_interrupted", error=type(error).__name__)
            await pause(drain, EVERY_SECONDS)

    async def step(self) -> None:
        async with self._store.single() as transaction:
            rows = await transaction.raw.fetch(_UNTOLD, KeyRotated.type, self._to_tell)
        for row in rows:
            try:
                await self._tell(AllianceId(row["alliance_id"]))
            except NotRestored:
                continue  # this alliance waits for a person, the others do not
            except BrokenTree as error:
                logger.error("tree_broken", alliance_id=str(row["alliance_id"]), detail=str(error))

    async def _tell(self, alliance: AllianceId) -> None:
        async with self._store.transaction() as transaction:
            last = await transaction.lock_head(alliance)
            name = await origin(transaction, alliance)
            assert name is not None
            signed_by = await transaction.raw.fetchval(
                "SELECT keys FROM logs WHERE alliance_id = $1", alliance
            )
            events = untold(
                await told(transaction, alliance),
                self._epochs,
                lambda epoch: str(self._keys.signer(alliance, name, epoch).verifier),
                signed_by or (),
            )
            if events:
                standing = await self._standings.read(transaction, alliance)
                await record(self._book, transaction, alliance, events, last, standing, datetime.now(UTC))
