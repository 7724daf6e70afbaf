"""The settings of the tenders service: variables that begin with `TENDERS_`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from service.settings import Settings


class TendersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="TENDERS_")

    master: SecretStr = Field(
        min_length=64, description="Hexadecimal: figures are sealed with keys derived from it."
    )
