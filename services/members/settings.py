"""The settings of the members service: variables that begin with `MEMBERS_`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from service.masters import Master
from service.settings import Settings


class MembersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MEMBERS_")

    master: Master = Field(
        description="Hexadecimal, an epoch after the other: figures are sealed with keys derived from it."
    )
