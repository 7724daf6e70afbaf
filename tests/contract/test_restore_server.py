"""A PostgreSQL server that is put back, or a copy of it promoted, under a service that goes on running."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from events import restore as restore_module
from events.envelope import parse
from events.errors import DatabaseUnavailable
from rigs.counting import COUNTER, new_alliance
from rigs.postgres import Postgres
from rigs.restoring import Guarded, connected, guarded, prepared, rows_of, topic_in_postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    one = Postgres()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_module, "RETRY_SECONDS", 0.02)


async def promote(server: Postgres) -> None:
    async with connected(server, "postgres") as connection:
        assert await connection.fetchval("SELECT pg_promote()")


@pytest.mark.parametrize("how", ["copied", "promoted"])
async def test_a_running_service_gives_no_number_out_twice(
    postgres: Postgres, server: Postgres, how: str
) -> None:
    database, us, counter = await server.create_database(), new_alliance(), uuid4()
    await prepared(server, database)
    drain, copy = asyncio.Event(), server.folder / "copy"

    async def command(service: Guarded) -> int:
        """Repeated while the database is away or compared."""
        while True:
            try:
                position: int = (await service.count(us, counter)).position
                return position
            except DatabaseUnavailable:
                await asyncio.sleep(0.01)

    async with topic_in_postgres(postgres) as topic, guarded(server, database, topic) as service:
        await service.restoration.begin()
        for _ in range(5):
            await command(service)
        server.stop()
        subprocess.run(["cp", "-a", server.host, copy], check=True)  # with its owner, who is not the test's
        server.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(service.restoration.run(drain))
            given = [await command(service) for _ in range(100)]
            await service.relayed()
            before = await rows_of(server, database, "SELECT sequence, body FROM events ORDER BY 1")
            # Of these nobody heard: they are lost, and what the process remembers of them has to go too.
            assert [await command(service) for _ in range(2)] == [106, 107]
            server.stop()
            shutil.rmtree(server.host)
            copy.rename(server.host)
            if how == "promoted":
                signal = Path(server.host) / "standby.signal"
                subprocess.run(["cp", "-a", Path(server.host) / "PG_VERSION", signal], check=True)
            server.start()
            if how == "promoted":
                await promote(server)
            given += [await command(service) for _ in range(3)]
            await service.relayed()
            drain.set()
        assert given == list(range(6, 109))
        after = await rows_of(server, database, "SELECT sequence, body FROM events ORDER BY 1")
        assert after[: len(before)] == before
        assert [parse(body).sequence for body in await topic.bodies(us)] == list(range(1, 109))
        assert await service.commands.state(us, COUNTER, counter) == (108, 108)
        ((timeline,),) = await rows_of(server, database, "SELECT timeline FROM mark")
        assert timeline == (2 if how == "promoted" else 1)
