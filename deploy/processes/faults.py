"""Settings that prove wrong when what they name is reached, in the words of the person who set them."""

from typing import Final

from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from events.brokers import NotLetIn


class WrongSetting(Exception):
    """One sentence that names the variables: waiting does not help."""


_NOT_LET_IN: Final = {
    "user": "The brokers refuse the user or the password: {0}LOG_USER, {0}LOG_PASSWORD.",
    "protocol": "The brokers do not speak what {0}LOG_PROTOCOL names, or not with SCRAM-SHA-512.",
    "authority": "The brokers' certificate is not vouched for by {0}LOG_AUTHORITY, or is another host's.",
}


def of_brokers(error: NotLetIn, prefix: str) -> WrongSetting:
    """`prefix` begins the variables, say `MEMBERS_`."""
    return WrongSetting(_NOT_LET_IN[error.what].format(prefix))


def of_database(error: DBAPIError | PostgresError, url: str) -> WrongSetting | None:
    """By SQLSTATE (PostgreSQL's manual, appendix A); None where the variable `url` is not at fault."""
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or ""
    if state.startswith("28"):
        password = url.removesuffix("URL") + "PASSWORD"
        return WrongSetting(f"The database refuses the user or the password: {url}, {password}.")
    if state == "3D000":
        return WrongSetting(f"{url} names a database that is not there.")
    if state == "42501":
        return WrongSetting(f"{url} names a role that may not do this in its database.")
    return None
