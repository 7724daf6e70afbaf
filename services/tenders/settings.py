"""The settings of the tenders service: variables that begin with `TENDERS_`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from service.masters import Master
from service.settings import Settings


class TendersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="TENDERS_")

    master: Master = Field(
        description="Hexadecimal, an epoch after the other: figures are sealed with keys derived from it."
    )
