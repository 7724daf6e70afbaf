"""One database and two roles for each service, and a database for the log between them.

    database      owner (migrations only)    who may connect
    <service>     <service>_owner            <service>
    log           log_owner                  the four services

A service's own role owns nothing, may create nothing and is a member of nothing; what it may do to a table is
granted by that table's migration.
"""

from collections.abc import Mapping

import asyncpg

SUPERUSER = "postgres"
"""Prepares the databases at each start and is not used after."""

SERVICES = ("members", "purchasing", "tenders", "ledger")
LOG = "log"
DATABASES = (*SERVICES, LOG)
ROLES = (*SERVICES, *(f"{database}_owner" for database in DATABASES))

_ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"


async def prepare(connection: asyncpg.Connection, passwords: Mapping[str, str], *, log: bool = True) -> None:
    """Makes what is missing and sets right what differs; may be interrupted anywhere and called again.

    Where the log is on Kafka (not `log`) there is neither its database nor its owner.
    """
    wanted = DATABASES if log else SERVICES
    roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for role in (*SERVICES, *(f"{database}_owner" for database in wanted)):
        verb = "ALTER" if role in roles else "CREATE"
        password = await connection.fetchval("SELECT quote_literal($1)", passwords[role])
        await connection.execute(f"{verb} ROLE {role} {_ATTRIBUTES} PASSWORD {password}")
    databases = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    for database in wanted:
        if database not in databases:
            await connection.execute(f"CREATE DATABASE {database} OWNER {database}_owner TEMPLATE template0")
    for database in (*wanted, "postgres", "template1"):
        await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    for service in SERVICES:
        open_to_it = f"{service}, {LOG}" if log else service
        await connection.execute(f"GRANT CONNECT ON DATABASE {open_to_it} TO {service}")
