"""A ledger that was put back: its log comes back from its topic, and with it what it had followed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from events import log_postgres
from events.follow import Arrived, Follower
from events.freezing import frozen, resume
from events.gate import Gate
from events.ids import AllianceId
from events.log import Log, Record
from events.log_postgres import PostgresLog
from events.relay import Relay
from events.restore import Restoration, followed_events
from events.store import Store, Transaction
from ledger import app as ledger_app
from ledger.book import LEDGER, Book
from ledger.posting.rules import Source
from rigs.postgres import Postgres
from rigs.restoring import rows_of
from samples import books as made_up
from samples.books import Publisher
from service.migrations import migrate

A, B = uuid4(), uuid4()
TOPIC = f"alliance.{LEDGER}"
LAST = 100

KEPT = {
    **{
        table: f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
        for table in ("postings", "balances", "rollups")
    },
    "reversals": "SELECT * FROM reversals ORDER BY 1, 2",
    "obligations": "SELECT * FROM obligations ORDER BY 1, 2",
    "entries": "SELECT alliance_id, sequence, stream, version, event_id, type, body FROM events"
    " ORDER BY alliance_id, sequence",
    "heads": "SELECT alliance_id, last_sequence, relayed_sequence FROM heads ORDER BY 1",
    "followed": "SELECT source, alliance_id, sequence FROM followed WHERE sequence > 0 ORDER BY 1, 2",
    "seen": "SELECT * FROM seen ORDER BY 1, 2, 3",
    "frozen": "SELECT alliance_id FROM frozen ORDER BY 1",
}


@dataclass
class Ledger:
    """The ledger as a process of its own would have it, on one database."""

    store: Store
    follower: Follower
    relay: Relay
    restoration: Restoration
    log: Log

    async def catch_up(self) -> None:
        async with self.log.reader(
            list(self.follower.topics), LEDGER, self.follower._positions.start
        ) as reader:
            while await self.follower.step(reader):
                continue

    async def relayed(self) -> None:
        while await self.relay.step():
            continue


class Rig:
    """Two made-up services, a log, and a ledger whose database can be put back."""

    def __init__(self, postgres: Postgres, database: str, role: str, log: Log) -> None:
        self.postgres = postgres
        self.database = database
        self.role = role
        self.log = log

    @asynccontextmanager
    async def ledger(self, database: str, book: Book | None = None) -> AsyncIterator[Ledger]:
        gate = Gate()
        url = f"postgresql+asyncpg://{self.role}@/{database}?host={self.postgres.host}"
        store = Store.connect(url, pool_size=4, gate=gate)
        books = book or made_up.book()

        async def apply(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
            transaction.writable(alliance)
            await books.apply(transaction, alliance, events)

        topics = {f"alliance.{name}": name for name in made_up.SOURCES}
        restoration = Restoration(
            store,
            gate,
            self.log,
            TOPIC,
            LEDGER,
            followed_events(LEDGER, apply),
            sources=list(made_up.SOURCES),
        )
        try:
            yield Ledger(
                store,
                Follower(store, self.log, topics, LEDGER, apply),
                Relay(store, self.log, TOPIC),
                restoration,
                self.log,
            )
        finally:
            await store.close()

    async def publish(self, *events: Arrived) -> None:
        for event in events:
            assert await self.log.publish(event.topic, [Record(event.head.alliance, event.body)]) == 1

    async def kept(self, database: str) -> Mapping[str, Any]:
        return {name: await rows_of(self.postgres, database, query) for name, query in KEPT.items()}


@pytest.fixture
async def rig(postgres: Postgres, database: str) -> AsyncIterator[Rig]:
    role, topics = await postgres.create_role(), await postgres.create_database()
    owner = await postgres.connect(topics)
    names = [f"alliance.{name}" for name in (*made_up.SOURCES, LEDGER)]
    await log_postgres.create_topics(owner, dict.fromkeys(names, role), [role])
    await owner.close()
    url = f"postgresql+asyncpg://postgres@/{database}?host={postgres.host}"
    await migrate(url, LEDGER, ledger_app.MIGRATIONS, role)
    log = PostgresLog(f"postgresql://{role}@/{topics}?host={postgres.host}")
    yield Rig(postgres, database, role, log)
    await log.close()
    await postgres.drop_database(topics)


def events(count: int, purchasing: Publisher, tenders: Publisher) -> list[Arrived]:
    """Of every kind that is posted, in turn."""
    obligation = uuid4()
    made: list[Arrived] = []
    for number in range(0, count, 5):
        day = date(2025, 1 + number % 12, 3)
        wrong = purchasing.gave(A, f"{number}.10", effective_on=day)
        made += [
            wrong,
            tenders.got(B, "4.00", effective_on=day),
            purchasing.owed(obligation, A, B, "12.50", effective_on=day),
            tenders.expected(A, "-3.00"),
            purchasing.taken_back(wrong),
        ]
    return made


async def test_a_ledger_put_back_has_its_log_and_books_again_and_posts_nothing_twice(rig: Rig) -> None:
    old, new = AllianceId(uuid4()), AllianceId(uuid4())
    sources = [Publisher(name, one) for one in (old, new) for name in made_up.SOURCES]
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(20, *sources[:2]))
        await ledger.catch_up()
        await ledger.relayed()
    copy = await rig.postgres.create_database(template=rig.database)
    async with rig.ledger(rig.database) as ledger:
        await ledger.restoration.begin()
        await rig.publish(*events(LAST // 2, *sources[:2]), *events(LAST // 2, *sources[2:]))
        await ledger.catch_up()
        await ledger.relayed()
    before = await rig.kept(rig.database)
    assert len(before["entries"]) == 20 + LAST + 2  # each log begins with what opens it
    async with rig.ledger(copy) as ledger:
        await ledger.restoration.begin()
        assert await rig.kept(copy) == before
        # The follower went back too, and reads all of it once more.
        await ledger.catch_up()
        assert await rig.kept(copy) == before
        await rig.publish(sources[0].gave(A, "1.00"), sources[3].gave(B, "1.00"))
        await ledger.catch_up()
        await ledger.relayed()
        assert len(await ledger.store.events(old, 0, 1000)) == 1 + 20 + LAST // 2 + 1
    assert (await rig.kept(copy))["frozen"] == []
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
