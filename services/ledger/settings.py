"""The settings of the ledger: variables that begin with `LEDGER_`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from service.settings import Settings


class LedgerSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    members_master: SecretStr = Field(min_length=64, description="Hexadecimal: opens what members sealed.")
    purchasing_master: SecretStr = Field(
        min_length=64, description="Hexadecimal: opens what purchasing sealed."
    )
    tenders_master: SecretStr = Field(min_length=64, description="Hexadecimal: opens what tenders sealed.")
    log_master: SecretStr = Field(
        min_length=64, description="Hexadecimal: the logs' signing keys are derived from it."
    )
    origin_prefix: str = Field(
        "alliance.local",
        pattern=r"^[a-z0-9][a-z0-9.-]{0,99}(/[a-z0-9.-]{1,50}){0,3}$",
        description="The logs' names begin with it. It need not be reachable; a log keeps its name for ever.",
    )
