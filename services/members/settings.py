"""The settings of the members service: variables that begin with `MEMBERS_`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from service.settings import Settings


class MembersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MEMBERS_")

    master: SecretStr = Field(
        min_length=64, description="Hexadecimal: figures are sealed with keys derived from it."
    )
