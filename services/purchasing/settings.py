"""The settings of the purchasing service: variables that begin with `PURCHASING_`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from service.masters import Master
from service.settings import Settings


class PurchasingSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="PURCHASING_")

    master: Master = Field(
        description="Hexadecimal, an epoch after the other: figures are sealed with keys derived from it."
    )
