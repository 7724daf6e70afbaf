"""What can be told of the compose stack without an engine: compose.yaml, .env.example, the Dockerfile."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.databases import SERVICES
from embedded.folder import DataFolder, held
from embedded.secrets import hand_out
from embedded.tokens import AUDIENCE, ISSUER, issuer_of
from processes.parts import parts_of
from service.settings import OwnerSettings, SuperuserSettings, TopicsSettings, load
from tenders.publication.api import MOST_BYTES

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
JOBS = ("databases", "migrations", "topics")
STORES = ("postgres", "kafka")
RUNNING = (*STORES, *SERVICES, "gateway")
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")

TEXT = (FOLDER / "compose.yaml").read_text()
EXAMPLE = dict(
    line.split("=", 1) for line in (FOLDER / ".env.example").read_text().splitlines() if re.match(r"\w", line)
)


def with_defaults(text: str) -> str:
    return VARIABLE.sub(lambda match: match[2], text)


STACK: dict[str, Any] = yaml.safe_load(with_defaults(TEXT))


def test_the_stack_is_of_these() -> None:
    assert set(STACK["services"]) == {*JOBS, *RUNNING}


@pytest.mark.parametrize("name", [*JOBS, *RUNNING])
def test_each_container_is_guarded_and_limited(name: str) -> None:
    told = STACK["services"][name]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "gateway" else [])
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["init"] is True
    assert set(told["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & told.keys()
    assert all("docker.sock" not in volume for volume in told.get("volumes", []))


@pytest.mark.parametrize("name", RUNNING)
def test_what_runs_is_looked_after_and_given_time_to_stop(name: str) -> None:
    told = STACK["services"][name]
    assert told["restart"] == "unless-stopped"
    assert told["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= told["healthcheck"].keys()
    assert "stop_grace_period" in told


def test_everything_waits_for_what_it_needs() -> None:
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    needs = {name: told.get("depends_on", {}) for name, told in STACK["services"].items()}
    assert needs == {
        "postgres": {},
        "kafka": {},
        "databases": {"postgres": healthy},
        "migrations": {"databases": done},
        "topics": {"kafka": healthy},
        **{service: {"migrations": done, "topics": done} for service in SERVICES},
        "gateway": dict.fromkeys(SERVICES, healthy),
    }


def test_only_the_gateway_publishes_a_port_and_the_stores_are_on_a_network_of_their_own() -> None:
    assert [name for name, told in STACK["services"].items() if "ports" in told] == ["gateway"]
    assert STACK["services"]["gateway"]["ports"] == ["127.0.0.1:8080:8080"]
    assert STACK["networks"] == {"outside": {}, "inside": {"internal": "true"}, "stores": {"internal": True}}
    joined = {name: set(told["networks"]) for name, told in STACK["services"].items()}
    assert joined == {
        "gateway": {"outside", "inside"},
        **{service: {"inside", "stores"} for service in SERVICES},
        **{name: {"stores"} for name in (*STORES, *JOBS)},
    }


def test_every_image_is_named_with_a_tag_that_does_not_drift_at_once() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()
    built_on = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, re.MULTILINE))
    images = {told["image"] for told in STACK["services"].values()} | set(built_on.values())
    for image in images:
        assert re.search(r":(?!latest$)[\w.-]+(@sha256:[0-9a-f]{64})?$", image), image
    for name, image in built_on.items():
        assert EXAMPLE[f"ALLIANCE_{name}"] == image
    used = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    assert used == {*(f"${{{name}}}" for name in built_on), "scratch"}


def test_the_example_documents_what_can_be_set_with_what_holds_without_and_nothing_else() -> None:
    assert {match[1]: match[2] for match in VARIABLE.finditer(TEXT)} == EXAMPLE
    assert len(re.findall(r"\$\{", TEXT)) == len(VARIABLE.findall(TEXT)), "a variable without a default"
    assert not re.search(r"PASSWORD|SECRET\b|MASTER|KEY\b", " ".join(EXAMPLE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    with held(tmp_path_factory.mktemp("compose") / "var") as folder:
        hand_out(folder)
        issuer_of(folder)
        return folder


def test_every_secret_is_a_file_that_is_made_and_each_one_that_is_made_is_of_use(folder: DataFolder) -> None:
    named = {Path(told["file"]).name for told in STACK["secrets"].values()}
    made = {file.name for file in folder.secrets.iterdir()}
    # The log's database there is only where Kafka is not; tokens are signed by whoever has the folder.
    assert made - named == {"password-log_owner", "signing-key.json"}
    assert named <= made
    assert {Path(told["file"]).parent for told in STACK["secrets"].values()} == {Path("var/secrets")}
    used = {secret for told in STACK["services"].values() for secret in told.get("secrets", [])}
    assert used == STACK["secrets"].keys()


@pytest.mark.parametrize("name", [name for name, told in STACK["services"].items() if "secrets" in told])
def test_a_container_is_given_the_secrets_that_its_variables_name(name: str) -> None:
    told = STACK["services"][name]
    named = re.findall(r"/run/secrets/([\w-]+)", " ".join(map(str, told.get("environment", {}).values())))
    if name == "kafka":
        named = re.findall(r"/run/secrets/([\w-]+)", (FOLDER / "kafka" / "start").read_text())
    assert sorted(named) == sorted(told["secrets"])


def _told(name: str, folder: DataFolder, patched: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Sets what a container is told, its secrets being where they are here."""
    for variable in list(os.environ):
        if variable.startswith(tuple(f"{one.upper()}_" for one in (*SERVICES, *JOBS))):
            patched.delenv(variable)
    files = {secret: folder.secrets / Path(told["file"]).name for secret, told in STACK["secrets"].items()}
    environment = {
        variable: re.sub(r"^/run/secrets/(.+)$", lambda match: str(files[match[1]]), str(value))
        for variable, value in STACK["services"][name]["environment"].items()
    }
    for variable, value in environment.items():
        patched.setenv(variable, value)
    return environment


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_finds_its_settings_right(
    service: str, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _told(service, folder, monkeypatch)
    assert {name for name in told if not name.startswith(f"{service.upper()}_")} == {"FORWARDED_ALLOW_IPS"}
    settings = load(parts_of(service).settings)
    assert settings.environment == "compose"
    assert (settings.issuer, settings.audience) == (ISSUER, AUDIENCE)
    assert settings.jwks == str(folder.secrets / "jwks.json")
    password = (folder.secrets / f"password-{service}").read_text().strip()
    assert settings.database() == f"postgresql+asyncpg://{service}:{password}@postgres/{service}"
    assert (settings.brokers().user, settings.log_copies) == (service, 1)
    assert (settings.limits().rate, settings.limits().burst) == (500.0, 1000)


def test_the_jobs_find_theirs(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    _told("databases", folder, monkeypatch)
    superuser = load(SuperuserSettings, "DATABASES_")
    _told("migrations", folder, monkeypatch)
    for service in SERVICES:
        owner = load(OwnerSettings, f"{service.upper()}_OWNER_")
        given = getattr(superuser, f"{service}_owner_password").get_secret_value()
        assert owner.address() == f"postgresql+asyncpg://{service}_owner:{given}@postgres/{service}"
    _told("topics", folder, monkeypatch)
    topics = load(TopicsSettings, "TOPICS_")
    assert topics.brokers().user == "admin"
    for service in SERVICES:
        password = getattr(topics, f"{service}_password")
        assert password.get_secret_value() == (folder.secrets / f"kafka-{service}").read_text().strip()


def test_the_gateway_lets_pass_what_the_largest_route_takes_and_no_more() -> None:
    gateway = (FOLDER / "Caddyfile").read_text()
    assert f"max_size {MOST_BYTES // 10**6}MB" in gateway
    assert f"{MOST_BYTES} bytes" in gateway
    assert set(re.findall(r"^\timport service (\w+)$", gateway, re.MULTILINE)) == set(SERVICES)
