"""All four services in one process, over PostgreSQL started here: the default form of the product."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from typing import Any, Final

import asyncpg
from fastapi import FastAPI
from sqlalchemy import URL

import ledger.app
import ledger.settings
import members.app
import members.settings
import purchasing.app
import purchasing.settings
import tenders.app
import tenders.settings
from embedded.folder import DataFolder
from embedded.postgres import Server, running
from embedded.secrets import Secrets, load_or_make
from embedded.tokens import AUDIENCE, ISSUER, issuer_of
from events.log import Log, topic_of
from events.log_postgres import Arrivals, PostgresLog, create_topics
from service.application import together
from service.migrations import migrate
from service.serve import serve
from service.settings import Settings, load

POOL: Final = 8
"""Connections a service: one alliance has one writer, so more would only wait."""

Create = Callable[[Any, Log, asyncio.Event], FastAPI]

SERVICES: Final[Mapping[str, tuple[type[Settings], Create, Path]]] = {
    "members": (members.settings.MembersSettings, members.app.create, members.app.MIGRATIONS),
    "purchasing": (purchasing.settings.PurchasingSettings, purchasing.app.create, purchasing.app.MIGRATIONS),
    "tenders": (tenders.settings.TendersSettings, tenders.app.create, tenders.app.MIGRATIONS),
    "ledger": (ledger.settings.LedgerSettings, ledger.app.create, ledger.app.MIGRATIONS),
}


async def run(folder: DataFolder, listener: socket, ready: Callable[[], None]) -> None:
    """Until SIGTERM or SIGINT. `listener` is bound already; `ready` is called before the first request."""
    folder.require_log_in("embedded")
    secrets = load_or_make(folder)
    issuer_of(folder)
    drain = asyncio.Event()
    async with running(folder, secrets.passwords) as server, asyncio.TaskGroup() as group:
        supervision = group.create_task(server.supervise())
        await prepare(server)
        ready()
        try:
            await serve(create(folder, secrets, server, drain), listener)
        finally:
            supervision.cancel()


async def prepare(server: Server) -> None:
    """Brings every database to its newest form, and makes what is missing of the log's topics."""
    for name, (_, _, migrations) in SERVICES.items():  # one after another: Alembic keeps its state in globals
        await migrate(_text(server.url(name, f"{name}_owner")), name, migrations, role=name)
    connection = await asyncpg.connect(_libpq(server.url("log", "log_owner")))
    try:
        await create_topics(connection, {topic_of(name): name for name in SERVICES}, list(SERVICES))
    finally:
        await connection.close()


def create(folder: DataFolder, secrets: Secrets, server: Server, drain: asyncio.Event) -> FastAPI:
    """The four applications under one, each on its own database under its own role."""
    return assemble(secrets, str(issuer_of(folder).jwks_path), server.url, drain)


def assemble(secrets: Secrets, jwks: str, url: Callable[[str, str], URL], drain: asyncio.Event) -> FastAPI:
    """The same wherever databases and keys are; `url(database, role)` says where. Connects to nothing yet."""
    arrivals = Arrivals()
    applications = {}
    for name, (kind, build, _) in SERVICES.items():
        settings = load(
            kind,
            database_url=_text(url(name, name)),
            database_pool=POOL,
            log_url=_text(url("log", name)),
            jwks=jwks,
            issuer=ISSUER,
            audience=AUDIENCE,
            deployment_secret=secrets.deployment.hex(),
            **_masters(name, secrets),
        )
        applications[name] = build(settings, PostgresLog(_libpq(url("log", name)), arrivals), drain)
    return together("Alliance", "1", applications, drain)


def _masters(name: str, secrets: Secrets) -> dict[str, Any]:
    """Each service seals with its own; the ledger opens them all."""
    written = {
        source: ",".join(secret.hex() for secret in epochs) for source, epochs in secrets.sealing.items()
    }
    if name == "ledger":
        masters = {f"{source}_master": master for source, master in written.items()}
        masters["log_master"] = masters.pop("ledger_master")
        return masters
    return {"master": written[name]}


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _libpq(url: URL) -> str:
    return _text(url.set(drivername="postgresql"))
