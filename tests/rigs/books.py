"""A ledger's database of the test's own, on which made-up events are applied without their services."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from events.follow import Arrived
from events.ids import AllianceId
from events.log_postgres import create_topics
from events.store import Store
from ledger import app as ledger_app
from ledger.book import Book
from ledger.log.cosigning import Cosigning
from ledger.log.publishing import Publisher
from ledger.log.signing import LogKeys
from ledger.log.witnesses import Witnesses
from ledger.recorded import LEDGER
from rigs.postgres import Postgres
from samples import books
from service.migrations import migrate
from service.standing import Standings


@dataclass(frozen=True)
class Books:
    """`address` is libpq's, of the service's own role; the topics lie in the same database."""

    store: Store
    book: Book
    address: str
    topics_owner: asyncpg.Connection

    async def apply(self, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        """In one transaction, as the follower does it."""
        async with self.store.transaction() as transaction:
            await self.book.apply(transaction, alliance, events)


def publisher_of(store: Store, keys: LogKeys, witnesses: Mapping[str, str] | None = None) -> Publisher:
    """As in the ledger: `witnesses` say where those that charters name are reached."""
    return Publisher(store, keys, Cosigning(store, Standings(), Witnesses(witnesses or {})))


@asynccontextmanager
async def opened(postgres: Postgres) -> AsyncIterator[Books]:
    database, role = await postgres.create_database(), await postgres.create_role()
    url = f"postgresql+asyncpg://{{}}@/{database}?host={postgres.host}"
    await migrate(url.format("postgres"), LEDGER, ledger_app.MIGRATIONS, role)
    owner = await postgres.connect(database)
    store = Store.connect(url.format(role))
    try:
        await create_topics(owner, {f"alliance.{name}": role for name in books.SOURCES}, [role])
        address = f"postgresql://{role}@/{database}?host={postgres.host}"
        yield Books(store, books.book(), address, owner)
    finally:
        await store.close()
        await owner.close()
        await postgres.drop_database(database)
