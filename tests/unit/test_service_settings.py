"""Settings that are wrong end the start with a sentence that names them and shows no value."""

import os
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from service.settings import OwnerSettings, Settings, load

SECRET = "a secret of at least thirty-two characters"


class MembersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MEMBERS_")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("MEMBERS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEMBERS_DATABASE_URL", "postgresql+asyncpg://members@/members?host=/run")
    monkeypatch.setenv("MEMBERS_LOG_URL", "kafka://broker:9092,other:9093")
    monkeypatch.setenv("MEMBERS_LOG_USER", "members")
    monkeypatch.setenv("MEMBERS_LOG_PASSWORD", "hunter2-hunter2")
    monkeypatch.setenv("MEMBERS_JWKS", "https://issuer.example/jwks")
    monkeypatch.setenv("MEMBERS_ISSUER", "https://issuer.example")
    monkeypatch.setenv("MEMBERS_AUDIENCE", "alliance")
    monkeypatch.setenv("MEMBERS_DEPLOYMENT_SECRET", SECRET)
    return monkeypatch


def complaint() -> str:
    with pytest.raises(SystemExit) as caught:
        load(MembersSettings)
    assert isinstance(caught.value.code, str)
    return caught.value.code


def test_right_settings_are_loaded(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MEMBERS_CORS_ORIGINS", "https://a.example, https://b.example")
    environment.setenv("MEMBERS_BODY_LIMIT", "4096")
    settings = load(MembersSettings)
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.limits({"/imports": 9999}).body == 4096
    assert settings.limits({"/imports": 9999}).body_of("/v1/imports") == 9999


def test_a_missing_variable_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("MEMBERS_DATABASE_URL")
    assert complaint() == "MEMBERS_DATABASE_URL is missing."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://hunter2"),
        ("LOG_URL", "hunter2:9092"),
        ("LOG_URL", "kafka://hunter2"),
        ("LOG_PASSWORD", "hunter2"),
        ("LOG_PROTOCOL", "hunter2"),
        ("LOG_AUTHORITY", "hunter2"),
        ("LOG_COPIES", "0"),
        ("DATABASE_POOL", "many-hunter2"),
        ("BODY_LIMIT", "1"),
        ("ALGORITHMS", "HS256"),
        ("ALGORITHMS", ""),
        ("DEPLOYMENT_SECRET", "hunter2"),
        ("ENVIRONMENT", "hunter2"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not_shown(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(f"MEMBERS_{name}", value)
    said = complaint()
    assert said.startswith(f"MEMBERS_{name} ")
    assert "hunter2" not in said
    assert "\n" not in said


def test_a_variable_that_no_setting_knows_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MEMBERS_RATE_LIMITT", "5")
    assert complaint() == "MEMBERS_RATE_LIMITT: there is no such setting."


def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    environment.delenv("MEMBERS_DEPLOYMENT_SECRET")
    environment.setenv("MEMBERS_DEPLOYMENT_SECRET_FILE", str(file))
    settings = load(MembersSettings)
    assert settings.deployment_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings)


def test_a_secret_in_two_places_or_in_a_file_that_is_not_there_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("MEMBERS_DEPLOYMENT_SECRET_FILE", str(tmp_path / "nowhere"))
    assert "both set" in complaint()
    environment.delenv("MEMBERS_DEPLOYMENT_SECRET")
    assert complaint().startswith("MEMBERS_DEPLOYMENT_SECRET_FILE names a file that cannot be read")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"LOG_USER": None},
            "MEMBERS_LOG_USER is missing: with MEMBERS_LOG_PROTOCOL SASL_SSL one has to log in.",
        ),
        (
            {"LOG_PASSWORD": None, "LOG_PROTOCOL": "SASL_PLAINTEXT"},
            "MEMBERS_LOG_PASSWORD is missing: with MEMBERS_LOG_PROTOCOL SASL_PLAINTEXT one has to log in.",
        ),
        (
            {"LOG_PROTOCOL": "PLAINTEXT"},
            "MEMBERS_LOG_PROTOCOL is PLAINTEXT, which has no users: MEMBERS_LOG_USER is of no use.",
        ),
    ],
)
def test_a_log_that_nobody_could_log_in_to_is_refused(
    environment: pytest.MonkeyPatch, changes: dict[str, str | None], said: str
) -> None:
    for name, value in changes.items():
        if value is None:
            environment.delenv(f"MEMBERS_{name}")
        else:
            environment.setenv(f"MEMBERS_{name}", value)
    assert complaint() == said


def test_the_brokers_are_reached_encrypted_and_as_the_user_unless_told_otherwise(
    environment: pytest.MonkeyPatch,
) -> None:
    settings = load(MembersSettings)
    brokers = settings.brokers()
    assert (brokers.servers, brokers.user) == ("broker:9092,other:9093", "members")
    assert brokers.options()["security_protocol"] == "SASL_SSL"
    assert "hunter2" not in repr(settings) + repr(brokers)


def test_a_password_of_its_own_becomes_part_of_the_address(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MEMBERS_DATABASE_PASSWORD", "p@ss/word")
    settings = load(MembersSettings)
    assert settings.database() == "postgresql+asyncpg://members:p%40ss%2Fword@/members?host=%2Frun"
    assert "p@ss" not in repr(settings)


def test_who_migrates_is_told_by_variables_that_the_service_does_not_know(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("MEMBERS_OWNER_URL", "postgresql+asyncpg://owner@db/members")
    environment.setenv("MEMBERS_OWNER_PASSWORD", "hunter2")
    owner = load(OwnerSettings, "MEMBERS_OWNER_")
    assert owner.address() == "postgresql+asyncpg://owner:hunter2@db/members"
    assert complaint() == "MEMBERS_OWNER_PASSWORD, MEMBERS_OWNER_URL: there is no such setting."
