"""The ledger, put together."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlalchemy import MetaData

from events.follow import Arrived
from events.ids import AllianceId
from events.log import Log
from events.registry import Registry
from events.sealing import Masters
from events.store import Transaction
from ledger import messages
from ledger.accounts import api as accounts_api
from ledger.balances import api as balances_api
from ledger.book import LEDGER, Book
from ledger.entries import api as entries_api
from ledger.entries import events as entries_events
from ledger.obligations import api as obligations_api
from ledger.permissions import RULES
from ledger.posting.rules import SOURCES, Source, sources
from ledger.settings import LedgerSettings
from ledger.tables import documents, metadata
from service.assembly import Description, assemble
from service.runtime import Service

REGISTRY: Final = Registry.of(LEDGER, entries_events.EVENTS)
METADATA: Final[MetaData] = metadata
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def describe(book: Book) -> Description:
    """The ledger, keeping its books by `book`."""

    async def keep(
        service: Service, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
    ) -> None:
        await book.apply(transaction, alliance, events)

    return Description(
        name=LEDGER,
        title="Ledger",
        registry=REGISTRY,
        metadata=metadata,
        documents=documents,
        rules=RULES,
        projectors={},
        routers=[entries_api.router, balances_api.router, accounts_api.router, obligations_api.router],
        messages=[messages.MESSAGES],
        migrations=MIGRATIONS,
        follows=SOURCES,
        react=keep,
        log_of=SOURCES,
    )


def create(
    settings: LedgerSettings, log: Log, drain: asyncio.Event, followed: Mapping[str, Source] | None = None
) -> FastAPI:
    """`followed` are the services whose events are posted: all of them unless given."""
    masters = {
        "members": settings.members_master,
        "purchasing": settings.purchasing_master,
        "tenders": settings.tenders_master,
        LEDGER: settings.log_master,
    }
    secrets = {name: [bytes.fromhex(master.get_secret_value())] for name, master in masters.items()}
    keyrings = {name: Masters(tuple(epochs)) for name, epochs in secrets.items()}
    book = Book(followed or sources(), keyrings, settings.origin_prefix)
    return assemble(describe(book), settings, log, drain, secrets)
