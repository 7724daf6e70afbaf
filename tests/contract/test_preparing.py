"""The jobs that make databases, roles, users and secrets for services that run in containers."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest
import stamina

from embedded.databases import SERVICES
from embedded.folder import existing
from embedded.secrets import KAFKA_ADMIN
from events.brokers import Brokers, Contact, NotLetIn
from rigs.kafka import Kafka
from rigs.postgres import Postgres
from rigs.program import ALLIANCE

ADMIN_PASSWORD = "of the administrator alone"


def job(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ALLIANCE, *arguments], env=os.environ | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """With none of the roles yet."""
    server = Postgres()
    yield server
    server.close()


def told(server: Postgres, **passwords: str) -> Mapping[str, str]:
    roles = [role for service in SERVICES for role in (service, f"{service}_owner")]
    return {
        "DATABASES_URL": f"postgresql+asyncpg://postgres@/postgres?host={server.host}",
        **{
            f"DATABASES_{role.upper()}_PASSWORD": passwords.get(role, f"{role}'s \\ password")
            for role in roles
        },
    }


async def _verifiers(server: Postgres) -> Mapping[str, str]:
    connection = await asyncpg.connect(host=server.host, user="postgres", database="postgres")
    try:
        return {
            row["rolname"]: row["rolpassword"]
            for row in await connection.fetch("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin")
        }
    finally:
        await connection.close()


async def test_each_service_gets_a_database_that_only_it_and_its_owner_may_enter(server: Postgres) -> None:
    made = job("databases", **told(server))
    assert (made.returncode, made.stderr) == (0, "")
    connection = await asyncpg.connect(host=server.host, user="postgres", database="postgres")
    try:
        entered = await connection.fetch(
            "SELECT datname, rolname FROM pg_database, pg_roles WHERE rolcanlogin AND NOT rolsuper"
            " AND has_database_privilege(rolname, datname, 'CONNECT') AND NOT datistemplate"
        )
    finally:
        await connection.close()
    assert {tuple(row) for row in entered} == {
        (service, role) for service in SERVICES for role in (service, f"{service}_owner")
    }


async def test_a_password_that_was_changed_is_set_and_the_rest_stays(server: Postgres) -> None:
    job("databases", **told(server))
    before = await _verifiers(server)
    again = job("databases", **told(server, members="another password"))
    assert (again.returncode, again.stderr) == (0, "")
    after = await _verifiers(server)
    assert after.keys() == before.keys()
    assert after["members"] != before["members"]


def test_what_the_job_cannot_use_is_named_and_nothing_is_shown(server: Postgres) -> None:
    nowhere = {**told(server), "DATABASES_URL": "postgresql+asyncpg://postgres@127.0.0.1:1/postgres"}
    unreached = job("databases", **nowhere)
    assert unreached.returncode == 1
    assert unreached.stderr == "The database that DATABASES_URL names cannot be reached.\n"
    weak = job("databases", **told(server, ledger="hunter2"))
    assert weak.returncode == 1
    assert weak.stderr.startswith("DATABASES_LEDGER_PASSWORD ")
    assert "hunter2" not in weak.stderr


@pytest.fixture(scope="module")
def guarded() -> Iterator[Kafka]:
    """A broker that lets in its administrator and nobody else."""
    broker = Kafka({KAFKA_ADMIN: ADMIN_PASSWORD})
    yield broker
    broker.close()


def _topics(broker: Kafka, **passwords: str) -> None:
    made = job(
        "topics",
        TOPICS_LOG_URL=f"kafka://{broker.servers}",
        TOPICS_LOG_PROTOCOL="SASL_PLAINTEXT",
        TOPICS_LOG_USER=KAFKA_ADMIN,
        TOPICS_LOG_PASSWORD=ADMIN_PASSWORD,
        TOPICS_LOG_COPIES="1",
        **{f"TOPICS_{user.upper()}_PASSWORD": password for user, password in passwords.items()},
    )
    assert made.returncode == 0, made.stderr


async def _enter(broker: Kafka, user: str, password: str) -> None:
    contact = Contact(Brokers(broker.servers, user, password))
    try:
        await contact.require()
    finally:
        contact.close()


async def test_the_users_whose_passwords_are_told_are_let_in_and_no_others(guarded: Kafka) -> None:
    with pytest.raises(NotLetIn):
        await _enter(guarded, "members", "members' first")
    _topics(guarded, members="members' first", ledger="the ledger's")
    await _enter(guarded, "members", "members' first")
    await _enter(guarded, "ledger", "the ledger's")
    for user, password in (("members", "the ledger's"), ("tenders", "members' first")):
        with pytest.raises(NotLetIn):
            await _enter(guarded, user, password)


async def test_told_another_password_the_brokers_take_that_one_only(guarded: Kafka) -> None:
    _topics(guarded, members="members' first")
    _topics(guarded, members="members' second")
    await _enter(guarded, "members", "members' second")
    async for attempt in stamina.retry_context(on=AssertionError, timeout=20, attempts=None):
        with attempt, pytest.raises(NotLetIn):
            await _enter(guarded, "members", "members' first")


def _secrets(data: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in existing(data).secrets.iterdir()}


def test_secrets_for_containers_are_made_once_and_the_folder_keeps_them(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert job("secrets", "--data", str(data)).returncode == 0
    made = _secrets(data)
    assert job("secrets", "--data", str(data)).returncode == 0
    assert _secrets(data) == made
    # A container's user is none of this machine's: it reads the file it is given, nobody else the folder.
    assert (data / "secrets").stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in (data / "secrets").iterdir()}
    assert modes.pop("signing-key.json") == 0o600
    assert modes.pop("jwks.json") == 0o644
    assert set(modes.values()) == {0o444}


def test_a_secret_that_was_handed_out_is_not_made_anew(tmp_path: Path) -> None:
    data = tmp_path / "var"
    job("secrets", "--data", str(data))
    (data / "secrets" / "sealing-purchasing").unlink()
    refused = job("secrets", "--data", str(data))
    assert refused.returncode == 1
    assert "sealing-purchasing is missing" in refused.stderr
    assert not (data / "secrets" / "sealing-purchasing").exists()
