"""A ledger over a log of its own, fed by two made-up services, on a database that can be put back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from events import log_postgres
from events.again import followed_events
from events.follow import Arrived, Follower
from events.gate import Gate
from events.ids import AllianceId
from events.log import Log, Record
from events.log_postgres import PostgresLog
from events.relay import Relay
from events.restore import Restoration
from events.store import Store, Transaction
from ledger import app as ledger_app
from ledger.book import Book
from ledger.recorded import LEDGER
from rigs.postgres import Postgres
from rigs.restoring import rows_of
from samples import books as made_up
from samples.books import Publisher
from service.migrations import migrate

A, B = uuid4(), uuid4()
TOPIC = f"alliance.{LEDGER}"

KEPT = {
    **{
        table: f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
        for table in ("postings", "balances", "rollups")
    },
    "period_sums": "SELECT * FROM period_sums ORDER BY 1, 2, 3, 4, 5",
    "tiles": "SELECT * FROM tiles ORDER BY 1, 2, 3",
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


@asynccontextmanager
async def opened(postgres: Postgres, database: str) -> AsyncIterator[Rig]:
    """`database` is empty before."""
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
