"""A ledger that was put back: its log comes back from its topic, and with it what it had followed."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from events.errors import Restoring
from events.freezing import frozen, resume
from events.ids import AllianceId
from ledger.book import Book
from ledger.log.api import published
from ledger.log.signing import LogKeys
from ledger.posting.rules import Source
from rigs.books import publisher_of
from rigs.closing import close
from rigs.ledgers import A, B, Ledger, Rig, events, opened
from rigs.postgres import Postgres
from samples import books as made_up
from samples.books import Publisher

LAST = 100


@pytest.fixture
async def rig(postgres: Postgres, database: str) -> AsyncIterator[Rig]:
    async with opened(postgres, database) as one:
        yield one


async def test_a_ledger_put_back_has_its_log_and_books_again_and_posts_nothing_twice(rig: Rig) -> None:
    old, new = AllianceId(uuid4()), AllianceId(uuid4())
    sources = [Publisher(name, one) for one in (old, new) for name in made_up.SOURCES]
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(20, *sources[:2]))
        await ledger.catch_up()
        await ledger.relayed()
    copy, book = await rig.postgres.create_database(template=rig.database), made_up.book()
    async with rig.ledger(rig.database, book) as ledger:
        await ledger.restoration.begin()
        await close(ledger.store, book, old, "2025-H1", [A])
        await rig.publish(*events(LAST // 2, *sources[:2]), *events(LAST // 2, *sources[2:]))
        await ledger.catch_up()
        await ledger.relayed()
    before = await rig.kept(rig.database)
    # Each log begins with what opens it; one has had a half-year closed, in two entries.
    assert len(before["entries"]) == 20 + LAST + 2 + 2
    async with rig.ledger(copy) as ledger:
        await ledger.restoration.begin()
        assert await rig.kept(copy) == before
        # The follower went back too, and reads all of it once more.
        await ledger.catch_up()
        assert await rig.kept(copy) == before
        await rig.publish(sources[0].gave(A, "1.00"), sources[3].gave(B, "1.00"))
        await ledger.catch_up()
        await ledger.relayed()
        assert len(await ledger.store.events(old, 0, 1000)) == 1 + 20 + 2 + LAST // 2 + 1
    assert (await rig.kept(copy))["frozen"] == []
    await rig.postgres.drop_database(copy)


async def test_a_ledger_put_back_shows_no_checkpoint_that_is_older_than_one_shown_before(rig: Rig) -> None:
    alliance, keys = AllianceId(uuid4()), LogKeys([bytes(32)])
    sources = [Publisher(name, alliance) for name in made_up.SOURCES]

    async def shown(ledger: Ledger) -> str:
        await publisher_of(ledger.store, keys).step()
        async with published(ledger.store, alliance) as log:
            return log.checkpoint

    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(20, *sources))
        await ledger.catch_up()
        await ledger.relayed()
        first = await shown(ledger)
    copy = await rig.postgres.create_database(template=rig.database)
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(20, *sources))
        await ledger.catch_up()
        await ledger.relayed()
        last = await shown(ledger)
    assert last != first
    async with rig.ledger(copy) as ledger:
        with pytest.raises(Restoring):
            await shown(ledger)
        with pytest.raises(Restoring):
            async with published(ledger.store, alliance):
                pass
        await ledger.restoration.begin()
        with pytest.raises(Restoring):
            async with published(ledger.store, alliance):
                pass
        assert await shown(ledger) == last
    await rig.postgres.drop_database(copy)


async def test_a_ledger_of_which_nothing_is_left_is_there_again_from_its_topic(rig: Rig) -> None:
    alliance = AllianceId(uuid4())
    empty = await rig.postgres.create_database(template=rig.database)
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(LAST, *(Publisher(name, alliance) for name in made_up.SOURCES)))
        await ledger.catch_up()
        await ledger.relayed()
    async with rig.ledger(empty) as ledger:
        await ledger.restoration.begin()
        await ledger.catch_up()
    assert await rig.kept(empty) == await rig.kept(rig.database)
    await rig.postgres.drop_database(empty)


async def test_an_alliance_that_stood_still_in_the_copy_and_was_resumed_goes_on(rig: Rig) -> None:
    alliance = AllianceId(uuid4())
    purchasing, tenders = (Publisher(name, alliance) for name in made_up.SOURCES)
    before, unknown, after = (
        purchasing.gave(A, "1.00"),
        purchasing.publish(purchasing.words.broken()),
        tenders.gave(B, "2.00"),
    )
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(before, unknown, after)
        await ledger.catch_up()
        assert [one.code for one in await frozen(ledger.store)] == ["cannot_post"]
        await ledger.relayed()
    copy = await rig.postgres.create_database(template=rig.database)
    mended = _mended()
    async with rig.ledger(rig.database, mended) as ledger:
        await ledger.restoration.begin()
        await resume(ledger.store, alliance)
        await ledger.catch_up()
        await ledger.relayed()
    async with rig.ledger(copy, mended) as ledger:
        await ledger.restoration.begin()
        await ledger.catch_up()
        assert await frozen(ledger.store) == []
    assert await rig.kept(copy) == await rig.kept(rig.database)
    await rig.postgres.drop_database(copy)


def _mended() -> Book:
    """The rule that raised posts nothing in the new version."""
    sources = dict(made_up.SOURCES)
    source = sources["purchasing"]
    words = made_up.vocabulary("purchasing")
    rules = {kind: rule for kind, rule in source.rules.items() if kind is not words.broken}
    sources["purchasing"] = Source(source.registry, rules)
    return Book(sources, made_up.MASTERS, "test.example")
