"""The PostgreSQL that a product runs on its data folder: its processes, and connections of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil

from embedded import databases
from embedded.postgres import Server


def servers_on(data: Path) -> list[psutil.Process]:
    """Its processes: each works in its data directory."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and Path(process.cwd()) == data / "postgres":
                found.append(process)
        except psutil.Error:
            continue
    return found


@asynccontextmanager
async def connected(
    server: Server, database: str, role: str = databases.SUPERUSER
) -> AsyncIterator[asyncpg.Connection]:
    """`role` may be a service, `<service>_owner` or the superuser."""
    url = server.url(database, role)
    connection = await asyncpg.connect(
        host=str(url.query["host"]), user=url.username, password=url.password, database=url.database
    )
    try:
        yield connection
    finally:
        await connection.close()
