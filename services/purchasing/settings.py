"""The settings of the purchasing service: variables that begin with `PURCHASING_`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from service.settings import Settings


class PurchasingSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="PURCHASING_")

    master: SecretStr = Field(
        min_length=64, description="Hexadecimal: figures are sealed with keys derived from it."
    )
