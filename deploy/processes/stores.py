"""The stores that an operator's command works on: a data folder's, or those that the environment tells of."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from embedded.databases import SERVICES
from embedded.folder import CannotStart, InUse, existing, held
from embedded.postgres import Server, attached, running
from embedded.secrets import load_or_make
from events.store import Store
from processes.parts import parts_of
from service.settings import load

FOLDER: Final = Path("var")
"""Where nothing else is named."""


@asynccontextmanager
async def stores(data: Path | None) -> AsyncIterator[Mapping[str, Store]]:
    """By service. Without a folder, those of which the environment tells as it tells `alliance serve`; where
    it tells of none, the folder's four. Under the services' own roles: an operator's command needs no more.

    Raises CannotStart, and SystemExit where a variable is wrong.
    """
    told = [service for service in SERVICES if is_told_of(service)]
    if data is None and told:
        async with _opened({service: _address(service) for service in told}) as opened:
            yield opened
        return
    async with reached(data or FOLDER) as server, of_server(server) as opened:
        yield opened


def store_of(reached: Mapping[str, Store], service: str) -> Store:
    """Raises CannotStart where the environment does not tell of the service."""
    if service not in reached:
        raise CannotStart(
            f"{service.upper()}_DATABASE_URL is not set, only that of {', '.join(reached)}: "
            "set what the service is told, or name a data folder."
        )
    return reached[service]


@asynccontextmanager
async def of_server(server: Server) -> AsyncIterator[Mapping[str, Store]]:
    urls = {service: server.url(service).render_as_string(hide_password=False) for service in SERVICES}
    async with _opened(urls) as opened:
        yield opened


def is_told_of(service: str) -> bool:
    return (
        f"{service.upper()}_DATABASE_URL" in os.environ
        or f"{service.upper()}_DATABASE_URL_FILE" in os.environ
    )


def _address(service: str) -> str:
    return load(parts_of(service).settings).database()


@asynccontextmanager
async def _opened(urls: Mapping[str, str]) -> AsyncIterator[Mapping[str, Store]]:
    opened = {service: Store.connect(url, pool_size=1) for service, url in urls.items()}
    try:
        yield opened
    finally:
        for store in opened.values():
            await store.close()


@asynccontextmanager
async def reached(data: Path) -> AsyncIterator[Server]:
    """The database of the product that is running on the folder; started for the time being where none is."""
    folder = existing(data)
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(held(data))
        except InUse:
            server = attached(folder, load_or_make(folder).passwords)
        else:
            server = await stack.enter_async_context(running(folder, load_or_make(folder).passwords))
        yield server
