"""An operator's rebuild of the ledger: as the tables' owner, beside the running product or without it."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from embedded.folder import CannotStart, DataFolder, existing
from embedded.postgres import Server
from embedded.secrets import kafka_passwords, load_or_make
from events.brokers import Brokers
from events.comparing import LogDown, compare
from events.log import Log, topic_of
from events.log_kafka import KafkaLog
from events.log_postgres import PostgresLog
from events.store import Store
from ledger.app import book_of
from ledger.book import Book
from ledger.posting.rules import SOURCES
from ledger.rebuilding import Rebuilt
from ledger.rebuilding import rebuild as rebuild_books
from ledger.recorded import LEDGER
from ledger.settings import RebuildSettings
from processes.progress import shown
from processes.stores import FOLDER, reached
from processes.whereabouts import KAFKA, told
from service.settings import load

_REPLACED_SECONDS: Final = 24 * 3600.0
"""A table of one alliance is replaced by one statement, however large it is."""


async def rebuild(data: Path | None) -> Sequence[str]:
    """Holds the ledger's log against its topic and works out again all that the ledger shows; says what it
    found. Raises CannotStart where log and topic disagree, and where an alliance could not be posted anew.
    """
    async with ledger_of(data) as ledger:
        with shown("the log against its topic") as progress:
            try:
                compared = await compare(
                    ledger.store, ledger.log, topic_of("ledger"), "ledger", SOURCES, progress
                )
            except LogDown:
                raise CannotStart("The log between the services does not answer: nothing was done.") from None
        if compared.faults:
            faults = "\n  ".join(compared.faults)
            raise CannotStart(
                f"The ledger's log and its topic disagree; nothing was rebuilt:\n  {faults}\n"
                "What the log lacks, alliance restore ledger brings back; the rest a person has to look at."
            )
        with shown("the books from the log") as progress:
            rebuilt = await rebuild_books(ledger.store, ledger.book, progress)
    lines = [
        f"{topic_of('ledger')}: {compared.events} records are as the log has them.",
        f"ledger: {rebuilt.entries} entries of {rebuilt.alliances} alliances posted anew.",
        *_differences(rebuilt),
    ]
    if rebuilt.failed:
        failed = [f"  {alliance} stays as it was: {why}" for alliance, why in rebuilt.failed.items()]
        raise CannotStart("\n".join([*lines, *failed]))
    return lines


def _differences(rebuilt: Rebuilt) -> Sequence[str]:
    tables = sorted(table for table in rebuilt.removed if rebuilt.removed[table] or rebuilt.added[table])
    if not tables:
        return ["What was shown is what follows from the log, to the byte."]
    return [
        f"  {table}: {rebuilt.removed[table]} rows removed, {rebuilt.added[table]} rows added"
        for table in tables
    ]


@dataclass(frozen=True)
class Ledger:
    store: Store
    """The owner's."""
    book: Book
    log: Log


@asynccontextmanager
async def ledger_of(data: Path | None) -> AsyncIterator[Ledger]:
    """Without a folder, what the environment tells of, as it tells `alliance serve ledger`, with
    LEDGER_OWNER_URL; where it tells nothing, the folder's. Raises CannotStart, and SystemExit where a
    variable is wrong.
    """
    if data is None and any(name.startswith("LEDGER_OWNER_URL") for name in os.environ):
        settings = load(RebuildSettings)
        book = book_of(settings.masters(), settings.origin_prefix)
        async with _opened(settings.owner(), book, KafkaLog(settings.brokers())) as ledger:
            yield ledger
        return
    async with reached(data or FOLDER) as server:
        folder = existing(data or FOLDER)
        masters = load_or_make(folder).sealing
        url = server.url(LEDGER, f"{LEDGER}_owner").render_as_string(hide_password=False)
        async with _opened(url, book_of(masters, ""), _log_of(folder, server)) as ledger:
            yield ledger


@asynccontextmanager
async def _opened(url: str, book: Book, log: Log) -> AsyncIterator[Ledger]:
    store = Store.connect(url, pool_size=1, answer=_REPLACED_SECONDS)
    try:
        yield Ledger(store, book, log)
    finally:
        await log.close()
        await store.close()


def _log_of(folder: DataFolder, server: Server) -> Log:
    if folder.log != "kafka":
        address = server.url("log", LEDGER).set(drivername="postgresql")
        return PostgresLog(address.render_as_string(hide_password=False))
    broker = told(folder).get(KAFKA)
    if broker is None:
        raise CannotStart(f"The broker of {folder.path} does not run: rebuild while make run-kafka does.")
    return KafkaLog(Brokers(broker.address, LEDGER, kafka_passwords(folder)[LEDGER]))
