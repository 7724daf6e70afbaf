"""The settings of the ledger: variables that begin with `LEDGER_`."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from service.masters import Master, epochs
from service.settings import DATABASE, Settings, with_password


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    plain = not (url.query or url.fragment or url.username or url.password or re.search(r"[^!-~]", text))
    return url.scheme in {"http", "https"} and bool(url.hostname) and port != 0 and plain


class LedgerSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    members_master: Master = Field(description="Hexadecimal, all epochs: opens what members sealed.")
    purchasing_master: Master = Field(description="The same of what purchasing sealed.")
    tenders_master: Master = Field(description="The same of what tenders sealed.")
    log_master: Master = Field(
        description="Hexadecimal, all epochs: the logs' signing keys are derived from it."
    )
    origin_prefix: str = Field(
        "alliance.local",
        pattern=r"^[a-z0-9][a-z0-9.-]{0,99}(/[a-z0-9.-]{1,50}){0,3}$",
        description="The logs' names begin with it. It need not be reachable; a log keeps its name for ever.",
    )

    witnesses: Annotated[Mapping[str, str], NoDecode] = Field(
        {},
        description="Where witnesses that charters name are reached: name=URL, name=URL.",
    )

    @field_validator("witnesses", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        pairs = {name: url.rstrip("/") for name, _, url in parts}
        if not all(name and _is_address(url) for name, url in pairs.items()):
            raise ValueError("takes name=URL pairs separated by commas, the URLs with http:// or https://")
        if len(pairs) < len(parts):
            raise ValueError("names a witness twice")
        return pairs

    def masters(self) -> Mapping[str, Sequence[bytes]]:
        """By source service, the ledger itself included."""
        masters = {
            "members": self.members_master,
            "purchasing": self.purchasing_master,
            "tenders": self.tenders_master,
            "ledger": self.log_master,
        }
        return {name: epochs(master) for name, master in masters.items()}


class RebuildSettings(LedgerSettings):
    """What the job that rebuilds the books is told beside: it works as the tables' owner."""

    owner_url: str = Field(pattern=DATABASE, repr=False, description="postgresql+asyncpg://…, the owner's.")
    owner_password: SecretStr | None = Field(None, description="The owner's, where it is not in the URL.")

    def owner(self) -> str:
        """The owner's URL, with the password in it."""
        return with_password(self.owner_url, self.owner_password)
