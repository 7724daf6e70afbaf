"""The settings of the ledger: variables that begin with `LEDGER_`."""

from collections.abc import Mapping, Sequence

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from service.masters import Master, epochs
from service.settings import DATABASE, Settings, with_password


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
