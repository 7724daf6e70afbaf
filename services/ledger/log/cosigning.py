"""What the ledger has witnesses do: those that the charter in force names cosign each checkpoint.

A checkpoint waits for them for two seconds at most, and only for those that answered last time. What lacks
then is asked for again while the checkpoint is published, and put under it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from events.errors import DatabaseUnavailable, NotRestored, Restoring
from events.ids import AllianceId
from events.pausing import pause
from events.store import Store, Transaction
from ledger.log.views import worked_out
from ledger.log.witnesses import Witnesses
from service.standing import Standings
from tlog.merkle import consistency_proof
from tlog.notes import MalformedNote, Note, Verifier

AGAIN_SECONDS: Final = 2.0
_AT_ONCE: Final = 200

_LOGS = (
    "SELECT alliance_id, size, checkpoint, witnesses, quorum, cosigned FROM logs"
    " WHERE alliance_id > $1 ORDER BY alliance_id LIMIT $2"
)
_COSIGNED = (
    "UPDATE logs SET checkpoint = $3, witnesses = $4, quorum = $5, cosigned = $6"
    " WHERE alliance_id = $1 AND checkpoint = $2"
)

LACKING: Final = {
    "checkpoints_without_quorum": "SELECT alliance_id::text AS alliance, cosigned, quorum, witnesses"
    " FROM logs WHERE cosigned < quorum ORDER BY alliance_id LIMIT 100"
}
"""For operators: whose checkpoints lack witnesses that they need."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Panel:
    """The witnesses that a charter names, and how many of them must sign."""

    named: int = 0
    quorum: int = 0
    keys: Sequence[Verifier] = ()

    def signed(self, note: str) -> int:
        """How many stand under a note in which no other line than theirs was let."""
        lines = {(name, key_id) for name, key_id, _ in Note.parse(note.encode()).signatures}
        return sum((key.name, key.id) in lines for key in self.keys)


class Cosigning:
    """For the logs in `store`."""

    def __init__(self, store: Store, standings: Standings, witnesses: Witnesses) -> None:
        self._store = store
        self._standings = standings
        self._witnesses = witnesses
        self._last = UUID(int=0)

    async def panel(self, transaction: Transaction, alliance: AllianceId) -> Panel:
        standing = await self._standings.read(transaction, alliance)
        charter = standing and standing.charter_on(standing.today(datetime.now(UTC)))
        if not charter:
            return Panel()
        return Panel(len(charter.witnesses), charter.witness_quorum, _known(charter.witnesses))

    async def cosigned(
        self, alliance: AllianceId, size: int, note: str, panel: Panel, *, again: bool = False
    ) -> str:
        """The note of the log at a size, with what lines are to be had now (`Witnesses.cosigned`)."""

        async def prove(old: int) -> Sequence[bytes]:
            async with self._store.single() as transaction:
                return await worked_out(transaction, alliance, size, partial(consistency_proof, old, size))

        return await self._witnesses.cosigned(note, panel.keys, prove, again=again)

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set: has published checkpoints get the lines that they lack."""
        while not drain.is_set():
            try:
                await self.step()
            except (DatabaseUnavailable, Restoring) as error:
                logger.warning("cosigning_interrupted", error=type(error).__name__)
            await pause(drain, AGAIN_SECONDS)

    async def close(self) -> None:
        await self._witnesses.close()

    async def step(self) -> None:
        """Looks at the next so many logs: a charter may come in force without an entry, too."""
        async with self._store.single() as transaction:
            rows = await transaction.raw.fetch(_LOGS, self._last, _AT_ONCE)
        for row in rows:
            try:
                await self._complete(row)
            except NotRestored:
                continue  # this alliance waits for a person, the others do not
        self._last = rows[-1]["alliance_id"] if len(rows) == _AT_ONCE else UUID(int=0)

    async def _complete(self, row: asyncpg.Record) -> None:
        alliance = AllianceId(row["alliance_id"])
        async with self._store.single() as transaction:
            transaction.writable(alliance)
            panel = await self.panel(transaction, alliance)
        note = await self.cosigned(alliance, row["size"], row["checkpoint"], panel, again=True)
        now = (note, panel.named, panel.quorum, panel.signed(note))
        if now == (row["checkpoint"], row["witnesses"], row["quorum"], row["cosigned"]):
            return
        async with self._store.single() as transaction:
            transaction.writable(alliance)
            await transaction.raw.execute(_COSIGNED, alliance, row["checkpoint"], *now)


def _known(keys: Sequence[str]) -> Sequence[Verifier]:
    """Without those of a kind that only a newer program knows."""
    found = []
    for key in keys:
        try:
            found.append(Verifier.parse(key))
        except MalformedNote:
            logger.warning("witness_key_unknown")
    return found
