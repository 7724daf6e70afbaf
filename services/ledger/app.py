"""The ledger, put together."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlalchemy import MetaData

from events.follow import Arrived
from events.ids import AllianceId
from events.log import Log
from events.sealing import Masters
from events.store import Transaction
from ledger import messages
from ledger.accounts import api as accounts_api
from ledger.balances import api as balances_api
from ledger.book import Book
from ledger.entries import api as entries_api
from ledger.keys.rotation import Rotation
from ledger.log import api as log_api
from ledger.log.cosigning import LACKING, Cosigning
from ledger.log.publishing import CHECKPOINTS, Publisher
from ledger.log.signing import LogKeys
from ledger.log.witnesses import Witnesses
from ledger.obligations import api as obligations_api
from ledger.period import api as period_api
from ledger.permissions import RULES
from ledger.posting.rules import SOURCES, Source, sources
from ledger.recorded import LEDGER, OWN
from ledger.recording import Recording
from ledger.settings import LedgerSettings
from ledger.tables import documents, metadata
from service.application import Loop
from service.assembly import Description, assemble
from service.runtime import Service

REGISTRY: Final = OWN.registry
METADATA: Final[MetaData] = metadata
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def describe(
    book: Book, keys: LogKeys, epochs: Mapping[str, int], witnesses: Mapping[str, str]
) -> Description:
    """The ledger, keeping its books by `book` and signing its logs with `keys`. `epochs`: how many there are
    of each source's secrets; `witnesses`: where those are reached, by name.
    """

    async def keep(
        service: Service, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
    ) -> None:
        await book.apply(transaction, alliance, events)

    def loops(service: Service) -> Sequence[Loop]:
        store, standings = service.store, service.standings
        cosigning = Cosigning(store, standings, Witnesses(witnesses))
        return [
            Publisher(store, keys, cosigning).run,
            Rotation(store, standings, book, keys, epochs).run,
        ]

    return Description(
        name=LEDGER,
        title="Ledger",
        registry=REGISTRY,
        metadata=metadata,
        documents=documents,
        rules=RULES,
        projectors={},
        routers=[
            log_api.router,
            entries_api.router,
            balances_api.router,
            accounts_api.router,
            obligations_api.router,
            period_api.router,
        ],
        messages=[messages.MESSAGES],
        migrations=MIGRATIONS,
        follows=SOURCES,
        react=keep,
        commands=partial(Recording, book),
        log_of=SOURCES,
        loops=loops,
        gauges=CHECKPOINTS,
        details=LACKING,
    )


def create(
    settings: LedgerSettings, log: Log, drain: asyncio.Event, followed: Mapping[str, Source] | None = None
) -> FastAPI:
    """`followed` are the services whose events are posted: all of them unless given."""
    masters = settings.masters()
    book = book_of(masters, settings.origin_prefix, followed)
    epochs = {name: len(secrets) for name, secrets in masters.items()}
    description = describe(book, LogKeys(masters[LEDGER]), epochs, settings.witnesses)
    return assemble(description, settings, log, drain, masters)


def book_of(
    masters: Mapping[str, Sequence[bytes]], origin_prefix: str, followed: Mapping[str, Source] | None = None
) -> Book:
    """`masters` are the sealing secrets by source service, the ledger itself included."""
    keyrings = {name: Masters(tuple(secrets)) for name, secrets in masters.items()}
    return Book(followed or sources(), keyrings, origin_prefix)
