"""What tests of the ledger's books, and of fetching a log, begin with."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from events.ids import AllianceId
from ledger.audit import loading
from rigs.books import Books, opened
from rigs.files import Files
from rigs.postgres import Postgres
from samples.logs import files, history


@pytest.fixture(scope="module")
async def books(postgres: Postgres) -> AsyncIterator[Books]:
    """A ledger's database, for all tests of a file."""
    async with opened(postgres) as books:
        yield books


@pytest.fixture
def alliance() -> AllianceId:
    return AllianceId(uuid4())


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "PAUSES", (0.0,))


@pytest.fixture
def served() -> Iterator[Files]:
    """A log of 300 entries."""
    with Files(dict(files(history(300)))) as found:
        yield found
