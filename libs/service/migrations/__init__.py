"""Owns how a service's tables come to be: Alembic, run by the tables' owner under an advisory lock.

Publishes `migrate`, and `Form`, by which a service knows whether it may begin.
Never runs as a service's own role, which owns nothing; grants that role what it needs.
"""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from events.store import Store

MIGRATING = 0x6D6967
"""The advisory lock of who migrates: "mig" in ASCII."""

_GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role};
REVOKE UPDATE, DELETE ON events FROM {role};
REVOKE DELETE ON heads FROM {role};
REVOKE UPDATE ON receipts FROM {role};
"""


def _config(service: str, versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["service"] = service
    return config


async def migrate(url: str, service: str, versions: Path, role: str) -> None:
    """Brings a service's database to the newest form and grants `role` what it needs; repeatable.

    `url` is the owner's. `versions` holds the service's migrations.
    """
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
            await connection.run_sync(_upgrade, _config(service, versions))
            await connection.run_sync(run_sql, _GRANTS.format(role=f'"{role}"'))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_sql(connection: Connection, script: str) -> None:
    """Runs several statements at once, which the driver takes only without parameters."""
    driver = connection.connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))


def head_of(versions: Path) -> str | None:
    """The newest migration of a service."""
    return ScriptDirectory.from_config(_config("", versions)).get_current_head()


class NotMigrated(Exception):
    """The database has not the form yet that this program needs: `alliance migrate` brings it there."""


class Form:
    """The form of the database that a service needs: that of its newest migration, or a later one.

    A later one, which this program does not know, is good: migrations expand first and contract a release
    later, so the earlier program goes on while the new one is rolled out.
    """

    def __init__(self, versions: Path) -> None:
        script = ScriptDirectory.from_config(_config("", versions))
        self._earlier = {one.revision for one in script.walk_revisions()} - {script.get_current_head()}

    async def require(self, store: Store) -> None:
        """Raises NotMigrated, or DatabaseUnavailable."""
        async with store.single() as transaction:
            try:
                found = await transaction.raw.fetchval("SELECT version_num FROM alembic_version")
            except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
                found = None
        if found is None or found in self._earlier:
            raise NotMigrated(f"the newest migration is not applied; found: {found or 'none'}")
