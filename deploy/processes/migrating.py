"""The job that brings databases to their newest form, before services start; told by variables of its own."""

from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from processes.faults import of_database
from processes.parts import migrations_of
from service.migrations import migrate
from service.settings import OwnerSettings, load


async def migrate_services(services: Sequence[str]) -> None:
    """One after another. Ends the program with one sentence where it cannot."""
    # All are loaded first: a variable that is missing is said before anything is changed.
    owners = {service: load(OwnerSettings, _prefix(service)) for service in services}
    for service, owner in owners.items():
        url = f"{_prefix(service)}URL"
        try:
            await migrate(owner.address(), service, migrations_of(service), owner.grants_to or service)
        except DBAPIError as error:
            if (fault := of_database(error, url)) is None:
                raise
            raise SystemExit(str(fault)) from None
        except OSError:
            raise SystemExit(f"The database that {url} names cannot be reached.") from None


def _prefix(service: str) -> str:
    return f"{service.upper()}_OWNER_"
