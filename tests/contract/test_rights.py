"""What a service's role may do in the databases of the running product, with the grants they really have."""

from typing import Any

import asyncpg
import pytest

from embedded.databases import DATABASES, LOG, SERVICES
from events.log import topic_of
from rigs.product import Founded, Product


@pytest.fixture(scope="module")
async def founded(product: Product) -> Founded:
    """An alliance, so that tables of events and of the log are not empty."""
    alliance = await product.found()
    await product.quiet()
    return alliance


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, product: Product) -> str:
    return str(request.param)


async def test_no_role_of_a_service_is_a_superuser_or_member_of_anything(
    product: Product, service: str
) -> None:
    ((*attributes,),) = await product.rows(
        "postgres",
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname = $1",
        service,
    )
    assert attributes == [False] * 5
    assert (
        await product.rows(
            "postgres",
            "SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1",
            service,
        )
        == []
    )


@pytest.mark.parametrize("database", DATABASES)
async def test_no_role_of_a_service_owns_anything(product: Product, database: str, service: str) -> None:
    owned = await product.rows(
        database,
        "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = $1"
        " UNION SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolname = $1"
        " UNION SELECT n.nspname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner"
        " WHERE r.rolname = $1"
        " UNION SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = $1",
        service,
    )
    assert owned == []


async def test_no_service_may_connect_to_the_database_of_another(product: Product, service: str) -> None:
    for other in (*SERVICES, "postgres", "template1"):
        if other != service:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with product.database(other, service):
                    pass


ATTEMPTS = (
    'UPDATE {table} SET {column} = {column}',
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "DROP TABLE {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER {trigger}",
    "ALTER TABLE {table} ADD COLUMN more text",
    "DROP TRIGGER {trigger} ON {table}",
    "CREATE RULE quietly AS ON DELETE TO {table} DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION refuse_change()",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE mine (a int)",
    "SET ROLE postgres",
    "SET ROLE {database}_owner",
    "SET SESSION AUTHORIZATION postgres",
    "SET session_replication_role = replica",
)  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("where", ["events", "log"])
async def test_what_is_recorded_cannot_be_changed_by_the_service_that_recorded_it(
    product: Product, founded: Founded, service: str, where: str, attempt: str
) -> None:
    database, table, column, trigger = (
        (service, "events", "body", "append_only")
        if where == "events"
        else (LOG, f'"{topic_of(service)}"', "value", "refuse_change")
    )
    before = await count(product, database, table)
    statement = attempt.format(table=table, column=column, trigger=trigger, database=database)
    async with product.database(database, service) as connection:
        # By the grants already, before a trigger is asked.
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"permission denied|must be owner"):
            await connection.execute(statement)
    assert await count(product, database, table) == before


async def test_the_tables_tried_were_not_empty(product: Product, founded: Founded) -> None:
    """Some triggers and grants are only met by a row."""
    assert await count(product, "members", "events") > 0
    assert await count(product, LOG, f'"{topic_of("members")}"') > 0


async def count(product: Product, database: str, table: str) -> int:
    ((found,),) = await product.rows(database, f"SELECT count(*) FROM {table}")
    return int(found)


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_the_trigger_stands_behind_the_grants(product: Product, founded: Founded, role: str) -> None:
    """Who has every grant is still refused: by a trigger that also fires for replicas."""
    for database, table, column in (
        ("members", "events", "body"),
        (LOG, f'"{topic_of("members")}"', "value"),
    ):
        options: dict[str, Any] = {} if role == "superuser" else {"role": f"{database}_owner"}
        for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            async with product.database(database, **options) as connection:
                if role == "superuser":
                    await connection.execute("SET session_replication_role = replica")
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="refused"):
                    await connection.execute(statement)


async def test_a_service_writes_its_own_topic_and_no_other(product: Product, service: str) -> None:
    async with product.database(LOG, service) as connection:
        for other in SERVICES:
            if other == service:
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    f'INSERT INTO "{topic_of(other)}" (key, value) VALUES (gen_random_uuid(), $1)', b"x"
                )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # an offset of its own choice
            await connection.execute(
                f'INSERT INTO "{topic_of(service)}" ("offset", key, value)'
                " VALUES (1000000, gen_random_uuid(), $1)",
                b"x",
            )


async def test_a_service_cannot_take_a_receipt_or_a_head_back(product: Product, service: str) -> None:
    async with product.database(service, service) as connection:
        for statement in ("DELETE FROM heads", "UPDATE receipts SET answer = 'x'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
