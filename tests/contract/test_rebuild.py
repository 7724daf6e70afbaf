"""All that the ledger shows is worked out again from its log, to the same bytes, and is served meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from events.envelope import Head
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger import rebuilding
from ledger.book import Book
from ledger.posting.rules import Source
from ledger.rebuilding import SHOWN, Rebuilt, rebuild
from rigs.closing import LATE, close
from rigs.counting import url_of
from rigs.ledgers import A, Rig, events, opened
from rigs.postgres import Postgres
from rigs.restoring import connected, rows_of
from samples import books as made_up
from samples.books import Publisher

NOT_FROM_THE_LOG = {
    "alembic_version", "heads", "events", "receipts", "deadlines", "documents", "erasures",
    "positions", "followed", "seen", "frozen", "held", "mark", "logs",
}  # fmt: skip


@pytest.fixture
async def rig(postgres: Postgres, database: str) -> AsyncIterator[Rig]:
    async with opened(postgres, database) as one:
        yield one


class Past:
    """Two alliances with 60 entries each, and one whose only event posts nothing."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.us, self.them, self.silent = sorted(AllianceId(uuid4()) for _ in range(3))
        self.publishers = {
            alliance: [Publisher(name, alliance) for name in made_up.SOURCES]
            for alliance in (self.us, self.them, self.silent)
        }
        self.seen: list[tuple[int, int]] = []

    async def live(self) -> None:
        said = self.publishers[self.silent][0]
        async with self.rig.ledger(self.rig.database) as ledger:
            await ledger.restoration.begin()
            for alliance in (self.us, self.them):
                await self.rig.publish(*events(59, *self.publishers[alliance]))
            await self.rig.publish(said.publish(said.words.said()))
            await ledger.catch_up()

    async def kept(self) -> Mapping[str, Any]:
        return await self.rig.kept(self.rig.database)

    async def spoil(self, *statements: str) -> None:
        async with connected(self.rig.postgres, self.rig.database) as connection:
            for statement in statements:
                assert not (await connection.execute(statement)).endswith(" 0"), statement

    async def rebuild(self, book: Book | None = None) -> Rebuilt:
        """As the tables' owner."""
        store = Store.connect(url_of(self.rig.postgres, self.rig.database), pool_size=1)
        try:
            return await rebuild(store, book or made_up.book(), lambda done, of: self.seen.append((done, of)))
        finally:
            await store.close()

    async def shown(self, alliance: AllianceId) -> Decimal:
        """What is shown at this moment of what A gave in all."""
        ((amount,),) = await rows_of(
            self.rig.postgres,
            self.rig.database,
            "SELECT sum(amount) FROM balances"
            " WHERE alliance_id = $1 AND member = $2 AND side = 'contributed' AND span = 'year'",
            alliance,
            A,
        )
        return Decimal(amount)


@pytest.fixture
async def past(rig: Rig) -> Past:
    past = Past(rig)
    await past.live()
    return past


async def test_what_is_as_it_should_be_stays_as_it_is(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await past.kept()
    assert {table: len(before[table]) > 0 for table in SHOWN if table != "standing"} == {
        table: True for table in SHOWN if table != "standing"
    }
    # In other batches than at first, and with two of them for each alliance.
    monkeypatch.setattr(rebuilding, "BATCH", 37)
    rebuilt = await past.rebuild()
    assert (rebuilt.alliances, rebuilt.entries, rebuilt.failed) == (3, 124, {})
    assert sum(rebuilt.removed.values()) == sum(rebuilt.added.values()) == 0
    assert await past.kept() == before
    assert past.seen[0] == (0, 124)
    assert past.seen[-1] == (124, 124)
    assert past.seen == sorted(past.seen)


async def test_what_differs_from_the_log_is_healed(past: Past) -> None:
    before = await past.kept()
    await past.spoil(
        f"UPDATE balances SET amount = amount + 1 WHERE alliance_id = '{past.us}' AND span = 'year'",
        f"UPDATE rollups SET amount = amount * 1.000 WHERE alliance_id = '{past.them}'",
        f"DELETE FROM postings WHERE alliance_id = '{past.us}' AND entry = 3",
        f"UPDATE obligations SET since = '2024-01-01' WHERE alliance_id = '{past.them}'",
        f"DELETE FROM reversals WHERE alliance_id = '{past.us}'",
        f"INSERT INTO obligations SELECT gen_random_uuid(), obligation, creditor, debtor, project, commodity,"
        f" since, due_on, outstanding FROM obligations WHERE alliance_id = '{past.us}'",
        "INSERT INTO standing VALUES (gen_random_uuid(), 1, '{}')",
    )
    assert await past.kept() != before
    rebuilt = await past.rebuild()
    assert await past.kept() == before
    assert await rows_of(past.rig.postgres, past.rig.database, "SELECT FROM standing") == []
    assert (rebuilt.removed["postings"], rebuilt.added["postings"]) == (0, 2)
    assert (rebuilt.removed["obligations"], rebuilt.added["obligations"]) == (2, 1)
    assert (rebuilt.removed["standing"], rebuilt.added["standing"]) == (1, 0)
    assert rebuilt.removed["balances"] == rebuilt.added["balances"] > 0
    assert rebuilt.removed["rollups"] == rebuilt.added["rollups"] > 0


async def test_it_is_the_same_however_the_entries_came_in_batches(past: Past) -> None:
    us, obligation = past.publishers[past.us][0], uuid4()
    async with past.rig.ledger(past.rig.database) as ledger:
        await ledger.restoration.begin()
        for month in (5, 3, 4):
            owed = us.owed(obligation, A, None, "1.00", effective_on=date(2025, month, 1))
            await past.rig.publish(owed)
            await ledger.catch_up()
    before = await past.kept()
    assert (await past.rebuild()).added.total() == 0
    assert await past.kept() == before


async def test_what_counts_in_which_half_year_is_worked_out_again(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed in the middle of a batch, and anew from nothing: what came late stays where it was counted."""
    us, book = past.publishers[past.us][0], made_up.book()
    async with past.rig.ledger(past.rig.database, book) as ledger:
        await ledger.restoration.begin()
        for period in ("2025-H1", "2025-H2"):
            await close(ledger.store, book, past.us, period, [A])
            await past.rig.publish(us.gave(A, "7.00", effective_on=LATE))
            await ledger.catch_up()
    before = await past.kept()
    counted = [row for row in before["period_sums"] if row[0] == past.us and row[2:4] == (A, "contributed")]
    assert [(row[1].isoformat(), row[-1]) for row in counted][-1] == ("2026-01-01", Decimal("7.00"))
    monkeypatch.setattr(rebuilding, "BATCH", 37)
    assert (await past.rebuild()).added.total() == 0
    async with connected(past.rig.postgres, past.rig.database) as connection:
        await connection.execute("TRUNCATE period_sums, postings")
    await past.rebuild()
    assert await past.kept() == before


async def test_dropped_altogether_it_is_there_again_from_the_log(past: Past) -> None:
    before = await past.kept()
    async with connected(past.rig.postgres, past.rig.database) as connection:
        await connection.execute(f"TRUNCATE {', '.join(SHOWN)}")
    await past.rebuild()
    assert await past.kept() == before


class Watched(Book):
    """Before it posts the batch with this number, `then` is called."""

    def __init__(self, batch: int, then: Any) -> None:
        super().__init__(made_up.SOURCES, made_up.MASTERS, "test.example")
        self._batch = batch
        self._then = then
        self.posted = 0

    async def post(
        self,
        transaction: Transaction,
        alliance: AllianceId,
        first: int,
        heads: Sequence[Head],
        bodies: Sequence[bytes],
    ) -> None:
        self.posted += 1
        if self.posted == self._batch:
            await self._then()
        await super().post(transaction, alliance, first, heads, bodies)


async def test_meanwhile_the_old_state_is_served_and_entries_are_taken(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 25)
    right = await past.shown(past.us)
    await past.spoil(
        f"UPDATE balances SET amount = 7 WHERE alliance_id = '{past.us}' AND side = 'contributed'"
    )
    wrong = await past.shown(past.us)
    assert wrong != right
    us, them = past.publishers[past.us][0], past.publishers[past.them][0]

    async def meanwhile() -> None:
        assert await past.shown(past.us) == wrong
        async with past.rig.ledger(past.rig.database) as ledger:
            await ledger.restoration.begin()
            await past.rig.publish(us.gave(A, "100.00"), them.gave(A, "10.00"))
            await ledger.catch_up()
        assert await past.shown(past.us) == wrong + 100

    book = Watched(2, meanwhile)
    rebuilt = await past.rebuild(book)
    assert rebuilt.entries == 126
    assert await past.shown(past.us) == right + 100
    # As a ledger has it that knew no fault and no rebuild.
    after = await past.kept()
    assert (await past.rebuild()).added.total() == 0
    assert await past.kept() == after


async def test_an_entry_that_comes_between_the_last_look_and_the_lock_is_in(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, us = await past.shown(past.us), past.publishers[past.us][0]
    posted = rebuilding._Alliance._post

    async def post(one: Any, alliance: AllianceId, done: int) -> int:
        count = await posted(one, alliance, done)
        if alliance == past.us and done == 0:
            async with past.rig.ledger(past.rig.database) as ledger:
                await ledger.restoration.begin()
                await past.rig.publish(us.gave(A, "100.00"))
                await ledger.catch_up()
        return count

    monkeypatch.setattr(rebuilding._Alliance, "_post", post)
    await past.rebuild()
    assert await past.shown(past.us) == right + 100


async def test_an_entry_that_comes_at_the_last_moment_waits_and_is_posted_once(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, us = await past.shown(past.us), past.publishers[past.us][0]
    await past.rig.publish(us.gave(A, "100.00"))
    store = Store.connect(url_of(past.rig.postgres, past.rig.database), pool_size=1)
    replaced = rebuilding._Alliance._replace
    waits: list[bool] = []

    async with past.rig.ledger(past.rig.database) as ledger, asyncio.TaskGroup() as group:
        await ledger.restoration.begin()

        async def replace(one: Any, table: str, key: Sequence[str], alliance: AllianceId) -> None:
            if alliance == past.us and not waits:
                group.create_task(ledger.catch_up())
                async with asyncio.timeout(20):
                    while not await rows_of(  # noqa: ASYNC110 - what it looks at is in the database
                        past.rig.postgres,
                        past.rig.database,
                        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        " AND datname = current_database() AND query LIKE '%lock_head%'",
                    ):
                        await asyncio.sleep(0.01)
                waits.append(await past.shown(past.us) == right)
            await replaced(one, table, key, alliance)

        monkeypatch.setattr(rebuilding._Alliance, "_replace", replace)
        await rebuild(store, made_up.book(), lambda done, of: None)
    await store.close()
    monkeypatch.undo()
    assert waits == [True]
    assert await past.shown(past.us) == right + 100
    assert (await past.rebuild()).added.total() == 0


@pytest.mark.parametrize("batch", [1, 2])
async def test_killed_in_the_middle_the_old_state_is_served_and_it_can_be_begun_again(
    past: Past, batch: int
) -> None:
    before = await past.kept()
    await past.spoil("UPDATE balances SET amount = 7 WHERE side = 'contributed'")
    spoilt = await past.kept()

    async def killed() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await past.rebuild(Watched(batch, killed))
    left = await past.kept()
    whole = {past.us: before, past.them: spoilt} if batch == 2 else {past.us: spoilt, past.them: spoilt}
    for alliance, state in whole.items():
        assert _of(left, alliance) == _of(state, alliance)
    await past.rebuild()
    assert await past.kept() == before


def _of(kept: Mapping[str, Any], alliance: AllianceId) -> list[tuple[Any, ...]]:
    return [row for row in kept["balances"] if row[0] == alliance]


async def test_an_alliance_that_cannot_be_posted_anew_stays_as_it_was(past: Past) -> None:
    """A rule that no longer knows what it once posted is a fault of the program, and is said."""
    await past.spoil("UPDATE balances SET amount = 7 WHERE side = 'contributed'")
    spoilt = await past.kept()
    sources = dict(made_up.SOURCES)
    words = made_up.vocabulary("purchasing")
    rules = {**sources["purchasing"].rules, words.said: sources["purchasing"].rules[words.broken]}
    sources["purchasing"] = Source(sources["purchasing"].registry, rules)
    rebuilt = await past.rebuild(Book(sources, made_up.MASTERS, "test.example"))
    assert rebuilt.failed == {past.silent: "cannot_post: alliance.purchasing.said.v1: ValueError"}
    assert await past.kept() != spoilt
    assert (await past.rebuild()).failed == {}


async def test_every_table_of_the_ledger_follows_from_the_log_or_is_known_not_to(rig: Rig) -> None:
    tables = await rows_of(
        rig.postgres, rig.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    assert {table for (table,) in tables} == NOT_FROM_THE_LOG | set(SHOWN)
