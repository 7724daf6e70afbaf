"""Works out again from the log all that the ledger shows, while the old state goes on being served.

An operator's job, under the role that owns the tables. Each alliance is posted anew, entry by entry, into
temporary tables, and then put in place of what is shown, in one transaction and under its head's lock: nobody
sees anything in between, and what the follower brings meanwhile waits or is in. Rows that are as they should
be stay as they are. Killed anywhere, it leaves no trace and can be begun again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Table

from events.envelope import parse
from events.follow import CannotApply
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger.balances.views import balances, rollups
from ledger.book import Book
from ledger.log.views import tiles
from ledger.obligations.views import obligations
from ledger.period.views import period_sums
from ledger.posting.views import postings, reversals
from service.standing import Standings
from standing import Told

BATCH: Final = 1000

_MEMBERS: Final = "members"


def _key(table: Table) -> Sequence[str]:
    return [column.name for column in table.primary_key]


SHOWN: Final[Mapping[str, Sequence[str]]] = {
    **{
        table.name: _key(table)
        for table in (postings, reversals, balances, rollups, period_sums, obligations, tiles)
    },
    "standing": ["alliance_id"],
}
"""Every table that follows from the log, with its primary key."""


@dataclass
class Rebuilt:
    """What a rebuild found."""

    alliances: int = 0
    entries: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    """By table, rows that were not as the log has them."""
    added: Counter[str] = field(default_factory=Counter)
    failed: dict[AllianceId, str] = field(default_factory=dict)
    """Alliances that cannot be posted anew, left as they were, and why."""


async def rebuild(store: Store, book: Book, progress: Callable[[int, int], None]) -> Rebuilt:
    """`store` is the owner's; `progress(entries done, of how many)` is called now and then."""
    rebuilt = Rebuilt()
    async with store.single() as transaction:
        for table in SHOWN:
            # Found before the tables of that name that are shown: all that posts names them without a schema.
            await transaction.raw.execute(
                f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)"
            )
        alliances = await _alliances(transaction)
        entries = await transaction.raw.fetchval("SELECT coalesce(sum(last_sequence), 0)::bigint FROM heads")
        progress(0, entries)
        one = _Alliance(transaction, book, rebuilt, lambda: progress(rebuilt.entries, entries))
        for alliance in alliances:
            try:
                await one.rebuild(alliance)
            except CannotApply as error:
                rebuilt.failed[alliance] = f"{error.code}: {error.detail}"
            await transaction.raw.execute(f"TRUNCATE {', '.join(f'pg_temp.{table}' for table in SHOWN)}")
            rebuilt.alliances += 1
    return rebuilt


async def _alliances(transaction: Transaction) -> Sequence[AllianceId]:
    """Also those of which only rows are left that no entry stands behind."""
    tables = ("heads", *SHOWN)
    every = " UNION ".join(f"SELECT alliance_id FROM public.{table}" for table in tables)  # noqa: S608
    return [AllianceId(row["alliance_id"]) for row in await transaction.raw.fetch(f"{every} ORDER BY 1")]


class _Alliance:
    """Rebuilds one alliance after the other, on one connection."""

    def __init__(
        self, transaction: Transaction, book: Book, rebuilt: Rebuilt, progress: Callable[[], None]
    ) -> None:
        self._transaction = transaction
        self._raw = transaction.raw
        self._book = book
        self._rebuilt = rebuilt
        self._progress = progress

    async def rebuild(self, alliance: AllianceId) -> None:
        done = await self._post(alliance, 0)
        async with self._raw.transaction():
            # In the follower's order; from here on it waits.
            await self._raw.execute("SELECT FROM public.standing WHERE alliance_id = $1 FOR UPDATE", alliance)
            await self._raw.execute("SELECT FROM heads WHERE alliance_id = $1 FOR UPDATE", alliance)
            await self._post(alliance, done)
            for table, key in SHOWN.items():
                await self._replace(table, key, alliance)

    async def _post(self, alliance: AllianceId, done: int) -> int:
        """Posts what comes after the first `done` entries; returns how many there are then."""
        standings = Standings()
        while True:
            rows = await self._raw.fetch(
                "SELECT body FROM events WHERE alliance_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
                alliance,
                done,
                BATCH,
            )
            if not rows:
                return done
            bodies = [row["body"] for row in rows]
            heads = [parse(body) for body in bodies]
            told = [Told.by(head) for head in heads if head.service == _MEMBERS]
            async with self._raw.transaction():
                await standings.apply(self._transaction, alliance, told)
                await self._book.post(self._transaction, alliance, done, heads, bodies)
            done += len(rows)
            self._rebuilt.entries += len(rows)
            self._progress()

    async def _replace(self, table: str, key: Sequence[str], alliance: AllianceId) -> None:
        """As text, since 1.0 and 1.00 are equal as numbers and not as bytes."""
        same = " AND ".join(f"made.{column} = shown.{column}" for column in key)
        await self._raw.execute(f"ANALYZE pg_temp.{table}")
        removed = await self._raw.execute(
            f"DELETE FROM public.{table} shown WHERE alliance_id = $1 AND NOT EXISTS"  # noqa: S608
            f" (SELECT FROM pg_temp.{table} made WHERE {same} AND made::text = shown::text)",
            alliance,
        )
        added = await self._raw.execute(
            f"INSERT INTO public.{table} SELECT * FROM pg_temp.{table} made"  # noqa: S608
            f" WHERE alliance_id = $1 AND NOT EXISTS (SELECT FROM public.{table} shown WHERE {same})",
            alliance,
        )
        self._rebuilt.removed[table] += int(removed.rsplit(maxsplit=1)[-1])
        self._rebuilt.added[table] += int(added.rsplit(maxsplit=1)[-1])
