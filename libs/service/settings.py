"""Settings from environment variables: one prefix a service, typed, checked before anything starts.

A secret may stand in a file: `MEMBERS_DEPLOYMENT_SECRET_FILE=/run/secrets/deployment`. A variable with
the prefix that no setting knows is refused: a misspelt limit would silently be the default.
"""

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import make_url

from events.brokers import Brokers
from service.auth import ALGORITHMS
from service.limits import Limits


class _Files(PydanticBaseSettingsSource):
    """Values of variables that end in `_FILE`: the content of the file, without the line's end."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{self._prefix}{field_name.upper()}"
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


class _Variables(BaseSettings):
    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

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
        assert isinstance(env_settings, EnvSettingsSource)
        return init_settings, env_settings, _Files(settings_cls, env_settings.env_prefix)


_BROKERS = re.compile(r"kafka://[\w.\[\]:-]+:\d{1,5}(,[\w.\[\]:-]+:\d{1,5})*")


class LogSettings(_Variables):
    """Where the log between the services is and, on Kafka, as whom it is reached."""

    log_url: str = Field(
        max_length=2000, repr=False, description="kafka://host:port,host:port; embedded, PostgreSQL."
    )
    log_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "SASL_SSL", description="As the brokers' listener has it. With SASL_ the mechanism is SCRAM-SHA-512."
    )
    log_user: str | None = Field(None, min_length=1, max_length=255, description="The Kafka user.")
    log_password: SecretStr | None = Field(None, min_length=8, max_length=1000)
    log_authority: str | None = Field(
        None, max_length=1_000_000, description="Certificates (PEM) to check the brokers' against."
    )
    log_copies: int = Field(
        3, ge=1, le=9, description="Replicas that each topic must have; of them two acknowledge an event."
    )

    @field_validator("log_url")
    @classmethod
    def _is_a_log(cls, value: str) -> str:
        if not value.startswith("postgresql+asyncpg://") and not _BROKERS.fullmatch(value):
            raise ValueError(
                "takes kafka://host:port,host:port, or in the embedded form postgresql+asyncpg://"
            )
        return value

    @field_validator("log_authority")
    @classmethod
    def _is_a_certificate(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ssl.create_default_context(cadata=value)
            except ssl.SSLError:
                raise ValueError("holds no certificate in PEM form") from None
        return value

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if not self.log_url.startswith("kafka://"):
            return self
        if self.log_protocol == "PLAINTEXT":
            if self.log_user is not None or self.log_password is not None:
                raise ValueError("LOG_PROTOCOL is PLAINTEXT, which has no users: LOG_USER is of no use")
        elif self.log_user is None or self.log_password is None:
            missing = "LOG_USER" if self.log_user is None else "LOG_PASSWORD"
            raise ValueError(f"{missing} is missing: with LOG_PROTOCOL {self.log_protocol} one has to log in")
        if self.log_authority is not None and self.log_protocol != "SASL_SSL":
            raise ValueError("LOG_AUTHORITY is of no use unless LOG_PROTOCOL is SASL_SSL")
        return self

    def brokers(self) -> Brokers:
        """Raises ValueError where the log is not on Kafka."""
        if not self.log_url.startswith("kafka://"):
            raise ValueError("LOG_URL takes kafka://host:port,host:port here")
        return Brokers(
            self.log_url.removeprefix("kafka://"),
            self.log_user,
            self.log_password.get_secret_value() if self.log_password else None,
            encrypted=self.log_protocol == "SASL_SSL",
            authority=self.log_authority,
        )


DATABASE = r"^postgresql\+asyncpg://"


def with_password(url: str, password: SecretStr | None) -> str:
    if password is None:
        return url
    return make_url(url).set(password=password.get_secret_value()).render_as_string(hide_password=False)


class OwnerSettings(_Variables):
    """What the job that migrates a service's database is told, and the service itself never."""

    url: str = Field(pattern=DATABASE, repr=False, description="postgresql+asyncpg://…, the owner's.")
    password: SecretStr | None = Field(None, description="The owner's, where it is not in the URL.")
    grants_to: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="The role that the service runs under; its name unless given.",
    )

    def address(self) -> str:
        return with_password(self.url, self.password)


class SuperuserSettings(_Variables):
    """What the job that makes databases and roles is told: its own way in, and the passwords to give."""

    url: str = Field(pattern=DATABASE, repr=False, description="postgresql+asyncpg://…, a superuser's.")
    password: SecretStr | None = Field(None, description="The superuser's, where it is not in the URL.")
    members_password: SecretStr = Field(min_length=8, description="Of the role that members runs under.")
    members_owner_password: SecretStr = Field(min_length=8, description="Of the role that migrates it.")
    purchasing_password: SecretStr = Field(min_length=8)
    purchasing_owner_password: SecretStr = Field(min_length=8)
    tenders_password: SecretStr = Field(min_length=8)
    tenders_owner_password: SecretStr = Field(min_length=8)
    ledger_password: SecretStr = Field(min_length=8)
    ledger_owner_password: SecretStr = Field(min_length=8)

    def address(self) -> str:
        return with_password(self.url, self.password)


class TopicsSettings(LogSettings):
    """What the job that makes topics and rights is told: its own way in, and the passwords to give.

    A user whose password it is not told is somebody else's to make.
    """

    members_password: SecretStr | None = Field(None, min_length=8, description="Of the Kafka user members.")
    purchasing_password: SecretStr | None = Field(None, min_length=8)
    tenders_password: SecretStr | None = Field(None, min_length=8)
    ledger_password: SecretStr | None = Field(None, min_length=8)


class Settings(LogSettings):
    """What every service is told. A service derives its own and gives `env_prefix`, say `MEMBERS_`."""

    environment: Literal["embedded", "compose", "kubernetes"] = "embedded"
    database_url: str = Field(pattern=DATABASE, repr=False, description="postgresql+asyncpg://…")
    database_password: SecretStr | None = Field(None, description="Where it is not in the URL.")
    database_pool: int = Field(
        10, ge=2, le=200, description="Most connections to the database; the relay holds one."
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

    def database(self) -> str:
        """The URL, with the password in it."""
        return with_password(self.database_url, self.database_password)


Some = TypeVar("Some", bound=_Variables)


def load(kind: type[Some], prefix: str | None = None, **values: object) -> Some:
    """The settings, or an end with one sentence that names the variables at fault and never shows a value."""
    prefix = kind.model_config.get("env_prefix", "") if prefix is None else prefix
    known = {f"{prefix}{name.upper()}" for name in kind.model_fields}
    known |= {f"{name}_FILE" for name in known}
    unknown = sorted(name for name in os.environ if prefix and name.startswith(prefix) and name not in known)
    if unknown:
        raise SystemExit(f"{', '.join(unknown)}: there is no such setting.")
    try:
        return kind(_env_prefix=prefix, **values)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [
            f"{prefix}{str(fault['loc'][0]).upper()} {_complaint(fault['type'], fault['msg'])}"
            if fault["loc"]
            else re.sub(r"\b(?=LOG_)", prefix, fault["msg"].removeprefix("Value error, "))
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
