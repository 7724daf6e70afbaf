"""Documents on a real PostgreSQL: erasing leaves nothing, and a restore cannot bring it back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from events.ids import AllianceId
from rigs.postgres import Postgres
from service.documents import SALT_SIZE, Documents, verify

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALLIANCE, OTHER = AllianceId(UUID(int=9)), AllianceId(UUID(int=10))
ID = UUID(int=1)
SALT = bytes(range(SALT_SIZE))
BODY = b"Minutes of the meeting with Anna Dupont"


@pytest.fixture
def documents() -> Documents:
    return Documents(MetaData())


@pytest.fixture
async def connection(
    postgres: Postgres, database: str, documents: Documents
) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(f"postgresql+asyncpg://postgres@/{database}?host={postgres.host}")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(documents.documents.metadata.create_all)
            yield connection
    finally:
        await engine.dispose()


async def put(connection: AsyncConnection, documents: Documents) -> None:
    _, insert = documents.put(
        ID, ALLIANCE, kind="minutes", body=BODY, salt=SALT, media_type="text/plain", at=NOW
    )
    await connection.execute(insert)


async def test_a_document_is_read_back_and_meets_its_digest(
    connection: AsyncConnection, documents: Documents
) -> None:
    claimed, insert = documents.put(
        ID, ALLIANCE, kind="minutes", body=BODY, salt=SALT, media_type="text/plain", at=NOW
    )
    await connection.execute(insert)
    row = (await connection.execute(documents.read(ALLIANCE, ID))).one()
    assert verify(claimed, row.salt, row.body)
    assert (row.kind, row.media_type, row.created_at, row.owner) == ("minutes", "text/plain", NOW, None)


async def test_another_alliance_does_not_find_it(connection: AsyncConnection, documents: Documents) -> None:
    await put(connection, documents)
    assert (await connection.execute(documents.read(OTHER, ID))).one_or_none() is None


async def test_erasing_leaves_neither_bytes_nor_salt_and_may_be_repeated(
    connection: AsyncConnection, documents: Documents
) -> None:
    await put(connection, documents)
    for _ in range(2):
        for statement in documents.erase(ID, NOW):
            await connection.execute(statement)
    assert (await connection.execute(text("SELECT count(*) FROM documents"))).scalar() == 0
    assert (await connection.execute(text("SELECT subject, at FROM erasures"))).all() == [(str(ID), NOW)]


async def test_what_a_restore_brings_back_the_list_of_erasures_takes_away_again(
    connection: AsyncConnection, documents: Documents
) -> None:
    for statement in documents.erase(ID, NOW):
        await connection.execute(statement)
    await put(connection, documents)
    await connection.execute(documents.note("fa4fe60c02783f7577f3f4eec874cbfe", NOW))
    await connection.execute(documents.replay())
    assert (await connection.execute(documents.read(ALLIANCE, ID))).one_or_none() is None
