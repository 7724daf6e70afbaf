"""`make run-kafka`: four services as processes of their own over a broker; one stops, the others work."""

import json
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from embedded.databases import SERVICES
from embedded.folder import existing
from embedded.secrets import kafka_password
from events.brokers import Brokers
from events.log import topic_of
from processes.rights import READS
from rigs.processes import Processes
from rigs.program import alliance_in

TOUR = Path(__file__).parents[2] / "docs" / "tour" / "alliance.json"

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def alliance(processes: Processes) -> str:
    """Founded by Alice, and known to all four."""
    founded = processes.ask("POST", "members", "/alliances", body=json.loads(TOUR.read_text()))
    assert founded.status_code == 201, founded.text
    alliance = founded.json()["id"]
    for service in ("purchasing", "tenders", "ledger"):
        seen = _read(processes, service, alliance, founded.headers["Alliance-Position"])
        assert seen.status_code == 200, seen.text
    return str(alliance)


COMMANDS = {
    "members": ("members", {"name": "Câblages Lumiel"}),
    "purchasing": (
        "campaigns",
        {"title": "Training", "unit": "place", "specification": "One day.", "minimum_quantity": 20},
    ),
    "tenders": ("opportunities", {"title": "Upkeep", "client": "A client", "lots": [{"title": "All"}]}),
}
"""Service → what it takes from Alice at any time; the ledger takes nothing."""


def _command(processes: Processes, service: str, alliance: str) -> str:
    """Accepted; returns its position."""
    what, body = COMMANDS[service]
    answer = processes.ask("POST", service, f"/alliances/{alliance}/{what}", subject="alice", body=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["Alliance-Position"]


def _read(processes: Processes, service: str, alliance: str, after: str) -> httpx.Response:
    what = COMMANDS.get(service, ("balances",))[0]
    return processes.ask("GET", service, f"/alliances/{alliance}/{what}?after={after}&wait=30")


def _events(processes: Processes, alliance: str) -> list[object]:
    """What the ledger has of the whole alliance."""
    page = processes.ask("GET", "ledger", f"/alliances/{alliance}/events?after=0&limit=200")
    assert page.status_code == 200, page.text
    return page.json()["items"]


def _frozen(processes: Processes) -> list[object]:
    return [
        stands for service in SERVICES for stands in processes.readiness(service).json()["details"]["frozen"]
    ]


def test_the_demonstration_finds_the_same_figures_as_in_one_process(processes: Processes) -> None:
    played = processes.alliance("demo")
    assert played.returncode == 0, played.stderr[-2000:]
    assert played.stderr.splitlines()[-1].split()[0] == "334/334"
    assert "≠" not in played.stdout
    balances = f"/alliances/{alliance_in(played.stdout)}/balances"
    assert processes.ask("GET", "ledger", balances, subject="demo-auditor").json()["complete"] is True


def test_a_request_from_the_command_line_finds_the_service_by_its_folder(
    processes: Processes, alliance: str
) -> None:
    called = processes.alliance(
        "call", "GET", f"/ledger/v1/alliances/{alliance}/balances", "--pick", "complete"
    )
    assert (called.returncode, called.stdout) == (0, "true\n")


@pytest.mark.parametrize("stopped", SERVICES)
def test_while_one_service_is_stopped_the_others_work_and_it_catches_up(
    processes: Processes, alliance: str, stopped: str
) -> None:
    done = processes.alliance("stop", stopped)
    assert (done.returncode, done.stdout) == (0, f"{stopped} is stopped.\n")
    with pytest.raises(httpx.ConnectError):
        processes.readiness(stopped)
    others = [service for service in SERVICES if service != stopped]
    positions = {service: _command(processes, service, alliance) for service in others if service in COMMANDS}
    for service in others:
        for source in set(READS[service]) & set(positions):
            assert _read(processes, service, alliance, positions[source]).status_code == 200
        ready = processes.readiness(service)
        assert (ready.status_code, ready.json()["dependencies"]) == (200, {"log": "ok"})
    assert processes.alliance("start", stopped).returncode == 0
    processes.wait(lambda: _ready(processes, stopped))
    for source in set(READS[stopped]) & set(positions):
        assert _read(processes, stopped, alliance, positions[source]).status_code == 200
    if stopped in COMMANDS:
        position = _command(processes, stopped, alliance)
        assert _read(processes, "ledger", alliance, position).status_code == 200
    assert _frozen(processes) == []


def _ready(processes: Processes, service: str) -> bool:
    try:
        return processes.readiness(service).status_code == 200
    except httpx.TransportError:
        return False


def test_while_the_broker_is_stopped_commands_are_taken_and_their_events_wait_visibly(
    processes: Processes, alliance: str
) -> None:
    assert processes.alliance("stop", "kafka").returncode == 0
    positions = [_command(processes, service, alliance) for service in COMMANDS]
    for service in COMMANDS:
        processes.wait(lambda: processes.readiness(service).json()["dependencies"] == {"log": "down"})  # noqa: B023
        ready = processes.readiness(service)
        assert ready.status_code == 200
        outbox = ready.json()["details"]["outbox"]
        assert outbox["pending"] >= 1
        assert outbox["oldest_age_seconds"] > 0
        metrics = httpx.get(f"{processes.running()[service].address}/metrics").text
        assert f"outbox_pending {float(outbox['pending'])}" in metrics
    assert processes.alliance("start", "kafka").returncode == 0
    for position in positions:
        processes.wait(lambda: _read(processes, "ledger", alliance, position).status_code == 200)  # noqa: B023
    for service in COMMANDS:
        processes.wait(lambda: processes.readiness(service).json()["details"]["outbox"]["pending"] == 0)  # noqa: B023
    assert _frozen(processes) == []


def test_a_service_that_is_killed_is_started_again_and_that_is_said(
    processes: Processes, alliance: str
) -> None:
    killed = processes.process("purchasing")
    killed.kill()
    processes.wait(lambda: processes.running()["purchasing"].pid not in (None, killed.pid))
    processes.wait(lambda: _ready(processes, "purchasing"))
    assert "purchasing ended (SIGKILL)" in processes.said.read_text()
    position = _command(processes, "purchasing", alliance)
    processes.wait(lambda: _read(processes, "ledger", alliance, position).status_code == 200)


def _as_user(processes: Processes, user: str) -> Brokers:
    password = kafka_password(existing(processes.data), user).read_text().strip()
    return Brokers(processes.running()["kafka"].address, user, password)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_kafka_user_writes_its_own_topic_and_reads_what_it_consumes_and_no_more(
    processes: Processes, service: str
) -> None:
    brokers = _as_user(processes, service)
    readable = {service, *READS[service]}
    for other in SERVICES:
        topic = topic_of(other)
        if other != service:
            producer = AIOKafkaProducer(**brokers.options(), acks="all", enable_idempotence=True)
            await producer.start()
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"forged", key=b"forged")
            await producer.stop()
        consumer = AIOKafkaConsumer(topic, **brokers.options(), auto_offset_reset="earliest")
        try:
            if other in readable:
                await consumer.start()
            else:
                with pytest.raises(TopicAuthorizationFailedError):
                    await consumer.start()
        finally:
            await consumer.stop()


async def test_a_services_kafka_user_takes_no_part_in_another_services_group(processes: Processes) -> None:
    consumer = AIOKafkaConsumer(
        topic_of("members"), **_as_user(processes, "purchasing").options(), group_id="ledger"
    )
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.start()
    finally:
        await consumer.stop()


async def test_without_a_password_the_broker_answers_nobody(processes: Processes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=processes.running()["kafka"].address)
    try:
        with pytest.raises(Exception, match="Unable to bootstrap"):
            await producer.start()
    finally:
        await producer.stop()


def test_the_embedded_form_refuses_the_folder_and_nothing_is_started(processes: Processes) -> None:
    refused = processes.alliance("run")
    assert refused.returncode == 1
    assert "is already in use" in refused.stderr


def test_started_again_after_ctrl_c_everything_is_there(processes: Processes, alliance: str) -> None:
    before = _events(processes, alliance)
    assert len(before) > len(COMMANDS)
    processes.stop()
    refused = processes.alliance("run", "--port", str(processes.port))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert (
        refused.stderr
        == f"The log of the data folder {processes.data} is on Kafka: run it with make run-kafka.\n"
    )
    processes.start()
    assert _events(processes, alliance) == before
    position = _command(processes, "members", alliance)
    assert _read(processes, "ledger", alliance, position).status_code == 200
    assert _frozen(processes) == []


def test_started_again_after_a_kill_of_the_supervisor_what_it_left_is_ended_first(
    processes: Processes, alliance: str
) -> None:
    left = processes.all()
    processes.kill()
    processes.start()
    assert not [process for process in left if process.is_running() and process.status() != "zombie"]
    position = _command(processes, "tenders", alliance)
    assert _read(processes, "ledger", alliance, position).status_code == 200
