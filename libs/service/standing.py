"""What a service keeps of who stands where: one small document an alliance.

Other services fold the members service's events as they follow them, so that an expulsion bites everywhere;
the members service folds its own in the command's transaction. A document stays parsed in the process as long
as its sequence stays the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import asyncpg

from events.begin import Begun
from events.ids import AllianceId
from events.store import Transaction
from standing import Standing, Told, evolve

SCHEMA: Final = files(__package__).joinpath("standing.sql").read_text()
COMMAND_BEGIN: Final = files(__package__).joinpath("command_begin.sql").read_text()
KEPT: Final = 1024


class Standings:
    """The documents of one service's database."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[AllianceId, tuple[int, Standing]] = OrderedDict()

    async def read(self, transaction: Transaction, alliance: AllianceId) -> Standing | None:
        """As committed, or as this transaction has changed it; None for an unknown alliance."""
        kept = self._parsed.get(alliance)
        row = await transaction.raw.fetchrow(
            "SELECT sequence AS standing_sequence,"
            " CASE WHEN sequence <> $2 THEN document END AS standing_document"
            " FROM standing WHERE alliance_id = $1",
            alliance,
            kept[0] if kept else 0,
        )
        return self._of_row(alliance, row, kept) if row else None

    async def begin(self, transaction: Transaction, alliance: AllianceId, arguments: Sequence[Any]) -> Begun:
        """Begins a command (`events.execute.Begin`); beside it the standing, read under the head's lock."""
        kept = self._parsed.get(alliance)
        row = await transaction.raw.fetchrow(
            "SELECT * FROM command_begin_standing($1, $2, $3, $4, $5, $6)",
            *arguments,
            kept[0] if kept else 0,
        )
        assert row is not None
        return Begun(row, self._of_row(alliance, row, kept))

    def _of_row(
        self, alliance: AllianceId, row: asyncpg.Record, kept: tuple[int, Standing] | None
    ) -> Standing | None:
        if row["standing_document"] is not None:
            kept = (row["standing_sequence"], Standing.model_validate_json(row["standing_document"]))
            self._parsed[alliance] = kept
            if len(self._parsed) > KEPT:
                self._parsed.popitem(last=False)
        return kept[1] if kept and row["standing_sequence"] is not None else None

    def forget(self) -> None:
        """Drops what is kept parsed: the database is not the one that it was read from."""
        self._parsed.clear()

    async def apply(self, transaction: Transaction, alliance: AllianceId, told: Sequence[Told]) -> None:
        """Folds events in, in the transaction that records them or moves the position past them."""
        row = await transaction.raw.fetchrow(
            "SELECT document FROM standing WHERE alliance_id = $1 FOR UPDATE", alliance
        )
        standing = Standing.model_validate_json(row["document"]) if row else None
        changed = None
        for event in told:
            before, standing = standing, evolve(standing, event)
            if standing is not before:
                changed = event.sequence  # the same however the events come in batches
        if standing is None or changed is None:
            return
        await transaction.raw.execute(
            "INSERT INTO standing VALUES ($1, $2, $3) ON CONFLICT (alliance_id)"
            " DO UPDATE SET sequence = excluded.sequence, document = excluded.document",
            alliance,
            changed,
            standing.model_dump_json().encode(),
        )
