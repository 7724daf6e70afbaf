"""Settings that are wrong end the start with a sentence that names them and shows no value."""

import os
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from service.settings import Settings, load

SECRET = "a secret of at least thirty-two characters"


class MembersSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MEMBERS_")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("MEMBERS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEMBERS_DATABASE_URL", "postgresql+asyncpg://members@/members?host=/run")
    monkeypatch.setenv("MEMBERS_LOG_URL", "kafka://broker:9092")
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
