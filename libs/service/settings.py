"""Settings from environment variables: one prefix a service, typed, checked before anything starts.

A secret may stand in a file: `MEMBERS_DEPLOYMENT_SECRET_FILE=/run/secrets/deployment`. A variable with
the prefix that no setting knows is refused: a misspelt limit would silently be the default.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from service.auth import ALGORITHMS
from service.limits import Limits


class _Files(PydanticBaseSettingsSource):
    """Values of variables that end in `_FILE`: the content of the file, without the line's end."""

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        prefix = self.config.get("env_prefix", "")
        variable = f"{prefix}{field_name.upper()}"
        path = os.environ.get(f"{variable}_FILE")
        if path is None:
            return None, field_name, False
        if variable in os.environ:
            raise SystemExit(f"{variable} and {variable}_FILE are both set: leave one out.")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SystemExit(
                f"{variable}_FILE names a file that cannot be read: {type(error).__name__}."
            ) from None

    def __call__(self) -> dict[str, Any]:
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """What every service is told. A service derives its own and gives `env_prefix`, say `MEMBERS_`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    environment: Literal["embedded", "compose", "kubernetes"] = "embedded"
    database_url: str = Field(pattern=r"^postgresql\+asyncpg://", description="postgresql+asyncpg://…")
    database_pool: int = Field(
        10, ge=2, le=200, description="Most connections to the database; the relay holds one."
    )
    log_url: str = Field(
        pattern=r"^(postgresql\+asyncpg|kafka)://",
        description="The log between the services: PostgreSQL or Kafka.",
    )
    jwks: str = Field(min_length=1, description="Keys of the token issuer: a URL, or a file.")
    issuer: str = Field(min_length=1, max_length=500, description="`iss` of the tokens.")
    audience: str = Field(min_length=1, max_length=500, description="`aud` of the tokens.")
    algorithms: Annotated[tuple[str, ...], NoDecode] = ALGORITHMS
    deployment_secret: SecretStr = Field(
        min_length=32,
        description="Person ids and stream tickets come from it: the same in all services, for ever.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    body_limit: int = Field(
        Limits().body, ge=1024, le=64 * 1024 * 1024, description="Bytes of a request's body."
    )
    text_limit: int = Field(Limits().text, ge=100, description="Characters of one text in a body.")
    page_limit: int = Field(Limits().page, ge=1, le=1000, description="Items of one page.")
    rate_limit: float = Field(
        Limits().rate, ge=0, description="Requests a second of one caller; 0: no limit."
    )
    rate_burst: int = Field(Limits().burst, ge=1, description="Requests that one caller may send at once.")

    @field_validator("algorithms", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("algorithms")
    @classmethod
    def _pinned(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not set(value) <= set(ALGORITHMS):
            raise ValueError(f"takes some of {', '.join(ALGORITHMS)}")
        return value

    def limits(self, bodies: Mapping[str, int] | None = None) -> Limits:
        """The limits of the application; `bodies` are those of single routes, by the end of their path."""
        return Limits(
            body=self.body_limit,
            bodies=bodies or {},
            text=self.text_limit,
            page=self.page_limit,
            rate=self.rate_limit,
            burst=self.rate_burst,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given in code first (embedded mode), then variables, then files."""
        return init_settings, env_settings, _Files(settings_cls)


Some = TypeVar("Some", bound=Settings)


def load(kind: type[Some], **values: object) -> Some:
    """The settings, or an end with one sentence that names the variables at fault and never shows a value."""
    prefix = kind.model_config.get("env_prefix", "")
    known = {f"{prefix}{name.upper()}" for name in kind.model_fields}
    known |= {f"{name}_FILE" for name in known}
    unknown = sorted(name for name in os.environ if prefix and name.startswith(prefix) and name not in known)
    if unknown:
        raise SystemExit(f"{', '.join(unknown)}: there is no such setting.")
    try:
        return kind(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [
            f"{prefix}{str(fault['loc'][0]).upper()} {_complaint(fault['type'], fault['msg'])}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SystemExit("; ".join(faults) + ".") from None


def _complaint(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    return (
        message.removeprefix("Value error, ")
        .replace("String should", "should")
        .replace("Input should", "should")
    )
