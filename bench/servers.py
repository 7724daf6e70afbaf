"""PostgreSQL with the settings of the embedded form, and a Kafka broker, each of a measurement's own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded import app as embedded_app
from embedded.folder import held
from embedded.postgres import Server, running
from embedded.secrets import load_or_make
from events.brokers import Brokers
from events.sealing import Masters
from events.topics_kafka import create_topics
from processes.broker import Broker, free_port


@dataclass(frozen=True)
class Database:
    """The services' databases, migrated and empty; `keyrings` are theirs by service."""

    server: Server
    keyrings: dict[str, Masters]

    def address(self, database: str, role: str | None = None) -> str:
        """For asyncpg itself."""
        url = self.server.url(database, role).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def url(self, database: str, role: str | None = None) -> str:
        """For SQLAlchemy."""
        return self.server.url(database, role).render_as_string(hide_password=False)


@asynccontextmanager
async def postgres() -> AsyncIterator[Database]:
    path = Path(tempfile.mkdtemp(prefix="alliance-bench-", dir="/tmp"))
    try:
        with held(path / "data") as folder:
            secrets = load_or_make(folder)
            async with running(folder, secrets.passwords) as server:
                await embedded_app.prepare(server)
                keyrings = {name: Masters(tuple(masters)) for name, masters in secrets.sealing.items()}
                yield Database(server, keyrings)
    finally:
        shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def kafka(*topics: str) -> AsyncIterator[Brokers]:
    """With the topics as the product makes them."""
    path = Path(tempfile.mkdtemp(prefix="alliance-bench-", dir="/tmp"))
    broker = await asyncio.to_thread(Broker, path / "kafka", free_port(), free_port(), None)
    await asyncio.to_thread(broker.format)
    process = broker.spawn(path / "log")
    try:
        while not broker.answers():
            if process.poll() is not None:
                raise RuntimeError((path / "log").read_text()[-2000:])
            await asyncio.sleep(0.1)
        brokers = Brokers(broker.address)
        await create_topics(brokers, topics, copies=1)
        yield brokers
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(path, ignore_errors=True)


def busy(*processes: psutil.Process) -> float:
    """Seconds of processor time that these processes have taken so far."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)
