"""The fixtures that every kind of test shares: real servers, started once for the test run."""

from collections.abc import AsyncIterator, Iterator

import pytest

from rigs.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of the test run. Who stops or kills one starts one of its own: `Postgres()`."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The name of an empty database that is dropped after the test."""
    name = await postgres.create_database()
    try:
        yield name
    finally:
        await postgres.drop_database(name)
