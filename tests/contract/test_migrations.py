"""A service's migrations make the tables that its code works with, and nothing else."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from embedded.app import SERVICES
from ledger.tables import metadata as ledger
from members.tables import metadata as members
from purchasing.tables import metadata as purchasing
from rigs.postgres import Postgres
from service.migrations import migrate
from tenders.tables import metadata as tenders

METADATA = {"members": members, "purchasing": purchasing, "tenders": tenders, "ledger": ledger}
SCRIPTED = {
    "alembic_version", "heads", "events", "receipts", "deadlines", "standing",
    "positions", "followed", "seen", "frozen", "held", "mark",
}  # fmt: skip
"""Made by the libraries' own scripts."""


def _differences(connection: Connection, metadata: MetaData) -> list[object]:
    def ours(item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
        return not (kind == "table" and name in SCRIPTED)

    context = MigrationContext.configure(
        connection, opts={"include_object": ours, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_migrated_database_is_what_the_code_expects(
    service: str, postgres: Postgres, database: str
) -> None:
    versions: Path = SERVICES[service][2]
    role = await postgres.create_role()
    url = f"postgresql+asyncpg://postgres@/{database}?host={postgres.host}"
    await migrate(url, service, versions, role)
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences, METADATA[service]) == []
    finally:
        await engine.dispose()
    await migrate(url, service, versions, role)  # a second time changes nothing and does not fail
    connection2 = await postgres.connect(database)
    try:
        await connection2.execute(f'DROP OWNED BY "{role}"')
    finally:
        await connection2.close()
