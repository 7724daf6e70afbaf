"""A service told something wrong says which variable and ends; for what is not there yet it waits visibly."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import asyncpg
import httpx
import pytest

from embedded.databases import SUPERUSER
from embedded.folder import existing
from embedded.secrets import KAFKA_ADMIN, kafka_password
from events.log import topic_of
from events.topics_kafka import create_topics
from processes.broker import free_port
from processes.rights import READS
from rigs.kafka import Kafka
from rigs.processes import Processes
from rigs.program import ALLIANCE

pytestmark = pytest.mark.timeout(1200)

Changes = Mapping[str, str | None]

MEMBERS_TOPICS = [topic_of(service) for service in ("members", *READS["members"])]


@pytest.fixture(scope="module")
def right(processes: Processes) -> Mapping[str, str]:
    """What the running members service is told."""
    return processes.process("members").environ()


@pytest.fixture(scope="module")
def bare_broker() -> Iterator[Kafka]:
    """Without a topic, and asking nobody who comes."""
    broker = Kafka()
    yield broker
    broker.close()


def changed(environment: Mapping[str, str], changes: Changes) -> dict[str, str]:
    named = {f"MEMBERS_{name}": value for name, value in changes.items()}
    kept = {name: value for name, value in environment.items() if name not in named}
    return kept | {name: value for name, value in named.items() if value is not None}


def ended(environment: Mapping[str, str], *arguments: str) -> str:
    """Its one sentence; what came before are records of its log."""
    done = subprocess.run(
        [ALLIANCE, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1, done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1, done.stderr
    return said[0]


def refused(environment: Mapping[str, str]) -> str:
    return ended(environment, "serve", "members", "--port", str(free_port()))


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """Its URL, once it answers; asserts that it ends well."""
    port = free_port()
    process = subprocess.Popen(
        [ALLIANCE, "serve", "members", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: httpx.get(f"{url}/livez").status_code == 200)
        yield url
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.1)


USER_OR_PASSWORD = "refuse the user or the password: MEMBERS_LOG_USER, MEMBERS_LOG_PASSWORD."
DATABASE_PASSWORD = "refuses the user or the password: MEMBERS_DATABASE_URL, MEMBERS_DATABASE_PASSWORD."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"LOG_PASSWORD_FILE": None, "LOG_PASSWORD": "not the password"}, USER_OR_PASSWORD),
        ({"LOG_USER": "nobody"}, USER_OR_PASSWORD),
        ({"DATABASE_PASSWORD_FILE": None, "DATABASE_PASSWORD": "not the password"}, DATABASE_PASSWORD),
        ({"LOG_COPIES": "3"}, "The topic alliance.members has too few replicas: 1, not 3."),
        ({"RATE_LIMITT": "5"}, "MEMBERS_RATE_LIMITT: there is no such setting."),
    ],
)
def test_a_wrong_setting_ends_the_service_with_a_sentence_that_names_it(
    right: Mapping[str, str], changes: Changes, said: str
) -> None:
    assert said in refused(changed(right, changes))


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("nowhere", "MEMBERS_DATABASE_URL names a database that is not there."),
        ("tenders", "MEMBERS_DATABASE_URL names a role that may not do this in its database."),
    ],
)
def test_a_wrong_database_ends_the_service_with_a_sentence_that_names_it(
    right: Mapping[str, str], database: str, said: str
) -> None:
    url = right["MEMBERS_DATABASE_URL"].replace("/members?", f"/{database}?")
    assert refused(changed(right, {"DATABASE_URL": url})) == said


async def test_topics_that_are_not_there_or_have_too_few_partitions_end_the_service(
    right: Mapping[str, str], bare_broker: Kafka
) -> None:
    told = changed(
        right,
        {
            "LOG_URL": f"kafka://{bare_broker.servers}",
            "LOG_PROTOCOL": "PLAINTEXT",
            "LOG_USER": None,
            "LOG_PASSWORD_FILE": None,
        },
    )
    missing = refused(told)
    assert "is not there: it has to be made first" in missing
    assert "MEMBERS_LOG_URL" in missing
    await create_topics(bare_broker.brokers, MEMBERS_TOPICS, copies=1, partitions=6)
    assert "has 6 partitions, not 48" in refused(told)


def test_a_broker_that_is_not_reached_is_waited_for_and_shown_and_commands_are_taken(
    right: Mapping[str, str],
) -> None:
    with serving(changed(right, {"LOG_URL": f"kafka://127.0.0.1:{free_port()}"})) as url:
        wait_for(lambda: httpx.get(f"{url}/readyz").json().get("dependencies") == {"log": "down"})
        assert httpx.get(f"{url}/readyz").status_code == 200


def test_a_database_that_is_not_reached_is_waited_for_and_the_service_is_not_ready(
    right: Mapping[str, str],
) -> None:
    url = "postgresql+asyncpg://members@127.0.0.1/members?port=1"
    with serving(changed(right, {"DATABASE_URL": url})) as served:
        ready = httpx.get(f"{served}/readyz", timeout=20)
        assert ready.status_code == 503
        assert ready.json()["checks"]["database"] == "failed"
        assert ready.json()["dependencies"]["database"] == "down"


async def _empty_database(processes: Processes, name: str) -> str:
    """Owned by the owner of members, whose password is returned."""
    folder = existing(processes.data)
    passwords = {
        role: (folder.secrets / f"password-{role}").read_text().strip()
        for role in (SUPERUSER, "members_owner")
    }
    superuser = await asyncpg.connect(
        host=str(folder.postgres), user=SUPERUSER, password=passwords[SUPERUSER], database="postgres"
    )
    await superuser.execute(f"CREATE DATABASE {name} OWNER members_owner TEMPLATE template0")
    await superuser.close()
    return passwords["members_owner"]


def test_a_service_is_not_ready_before_its_migrations_and_begins_after_them(
    processes: Processes, right: Mapping[str, str]
) -> None:
    password = asyncio.run(_empty_database(processes, "unmigrated"))
    url = right["MEMBERS_DATABASE_URL"].replace("/members?", "/unmigrated?")
    with serving(changed(right, {"DATABASE_URL": url})) as served:
        ready = httpx.get(f"{served}/readyz", timeout=20)
        assert (ready.status_code, ready.json()["checks"]) == (
            503,
            {"database": "ok", "migrations": "failed"},
        )
        owner = {
            "MEMBERS_OWNER_URL": url.replace("//members@", "//members_owner@"),
            "MEMBERS_OWNER_PASSWORD": password,
        }
        subprocess.run([ALLIANCE, "migrate", "members"], env=os.environ | owner, check=True)
        wait_for(lambda: httpx.get(f"{served}/readyz").status_code == 200)


def test_the_job_that_migrates_says_which_variable_is_wrong(right: Mapping[str, str]) -> None:
    owner = {
        "MEMBERS_OWNER_URL": right["MEMBERS_DATABASE_URL"].replace("//members@", "//members_owner@"),
        "MEMBERS_OWNER_PASSWORD": "not the password",
    }
    assert ended(os.environ | owner, "migrate", "members") == (
        "The database refuses the user or the password: MEMBERS_OWNER_URL, MEMBERS_OWNER_PASSWORD."
    )


def test_the_job_that_makes_the_topics_checks_them_and_says_what_is_wrong(processes: Processes) -> None:
    told = {
        "TOPICS_LOG_URL": f"kafka://{processes.running()['kafka'].address}",
        "TOPICS_LOG_PROTOCOL": "SASL_PLAINTEXT",
        "TOPICS_LOG_USER": KAFKA_ADMIN,
        "TOPICS_LOG_PASSWORD_FILE": str(kafka_password(existing(processes.data), KAFKA_ADMIN)),
        "TOPICS_LOG_COPIES": "1",
    }
    subprocess.run([ALLIANCE, "topics", "--check"], env=os.environ | told, check=True, capture_output=True)
    too_many = ended(os.environ | told | {"TOPICS_LOG_COPIES": "3"}, "topics", "--check")
    assert "has too few replicas: 1, not 3" in too_many
    assert "TOPICS_LOG_COPIES" in too_many
    stranger = ended(os.environ | told | {"TOPICS_LOG_USER": "nobody"}, "topics", "--check")
    assert stranger == "The brokers refuse the user or the password: TOPICS_LOG_USER, TOPICS_LOG_PASSWORD."
