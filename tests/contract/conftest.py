"""What tests of the ledger's books begin with."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from events.ids import AllianceId
from rigs.books import Books, opened
from rigs.postgres import Postgres


@pytest.fixture(scope="module")
async def books(postgres: Postgres) -> AsyncIterator[Books]:
    """A ledger's database, for all tests of a file."""
    async with opened(postgres) as books:
        yield books


@pytest.fixture
def alliance() -> AllianceId:
    return AllianceId(uuid4())
