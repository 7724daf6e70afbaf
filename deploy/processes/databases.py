"""The job that makes databases and roles in a PostgreSQL that is run elsewhere; the superuser's only use."""

from typing import Final

import asyncpg
from sqlalchemy import make_url

from embedded import databases
from processes.faults import of_database
from service.settings import SuperuserSettings, load

PREFIX: Final = "DATABASES_"


async def run() -> None:
    """As `alliance databases`. Ends the program with one sentence where it cannot."""
    settings = load(SuperuserSettings, PREFIX)
    roles = [role for service in databases.SERVICES for role in (service, f"{service}_owner")]
    passwords = {role: getattr(settings, f"{role}_password").get_secret_value() for role in roles}
    url = make_url(settings.address()).set(drivername="postgresql")
    try:
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            await databases.prepare(connection, passwords, log=False)
        finally:
            await connection.close()
    except asyncpg.PostgresError as error:
        if (fault := of_database(error, f"{PREFIX}URL")) is None:
            raise
        raise SystemExit(str(fault)) from None
    except OSError:
        raise SystemExit(f"The database that {PREFIX}URL names cannot be reached.") from None
