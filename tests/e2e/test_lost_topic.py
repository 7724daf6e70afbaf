"""A topic that an operator deleted and made again: seen by everybody, healed by one command, nothing lost."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from embedded.folder import existing
from embedded.secrets import KAFKA_ADMIN, kafka_password
from events.brokers import Brokers
from events.topics_kafka import create_topics
from rigs.processes import Processes
from rigs.topics import delete_topic

TOUR = Path(__file__).parents[2] / "docs" / "tour" / "alliance.json"
TOPIC = "alliance.members"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def processes() -> Iterator[Processes]:
    processes = Processes()
    try:
        processes.start()
        yield processes
    finally:
        processes.close()


def test_a_topic_deleted_and_made_again_is_healed_by_rewinding_its_relay(processes: Processes) -> None:
    founded = processes.ask("POST", "members", "/alliances", body=json.loads(TOUR.read_text()))
    alliance, position = founded.json()["id"], founded.headers["Alliance-Position"]
    balances = f"/alliances/{alliance}/balances"
    before = processes.ask("GET", "ledger", f"{balances}?after={position}&wait=30").json()
    assert before["complete"] is True

    # The ledger never reads the event of this command where it stands now.
    assert processes.alliance("stop", "ledger").returncode == 0
    applied = processes.ask(
        "POST", "members", f"/alliances/{alliance}/members", body={"name": "Câblages Lumiel"}
    )
    position = applied.headers["Alliance-Position"]
    for service, what in (("purchasing", "campaigns"), ("tenders", "opportunities")):
        seen = processes.ask("GET", service, f"/alliances/{alliance}/{what}?after={position}&wait=30")
        assert seen.status_code == 200, seen.text
    remake(processes)
    assert processes.alliance("start", "ledger").returncode == 0
    processes.wait(lambda: ready(processes, "ledger"))

    for service in ("purchasing", "tenders", "ledger"):
        processes.wait(partial(is_lost, processes, service))
        metrics = httpx.get(f"{processes.running()[service].address}/metrics").text
        assert "\nlost_alliances 1.0\n" in metrics
    assert processes.ask("GET", "ledger", balances).json()["complete"] is False
    status = processes.alliance("status").stdout
    assert f"the topic {TOPIC} was made again, or has lost records: rewind members" in status

    rewound = processes.alliance("rewind", "members", "all")
    assert rewound.stdout.endswith("of 1 alliances are sent again, from the first on.\n")
    processes.wait(lambda: not any(frozen(processes, name) for name in ("purchasing", "tenders", "ledger")))
    healed = processes.ask("GET", "ledger", f"{balances}?after={position}&wait=30")
    assert healed.status_code == 200, healed.text
    assert healed.json()["complete"] is True
    assert healed.json()["log_size"] == before["log_size"] + 1


def remake(processes: Processes) -> None:
    folder = existing(processes.data)
    password = kafka_password(folder, KAFKA_ADMIN).read_text().strip()
    brokers = Brokers(processes.running()["kafka"].address, KAFKA_ADMIN, password)

    async def again() -> None:
        await delete_topic(brokers, TOPIC)
        await create_topics(brokers, [TOPIC], copies=1)

    asyncio.run(again())


def ready(processes: Processes, service: str) -> bool:
    try:
        return processes.readiness(service).status_code == 200
    except httpx.TransportError:
        return False


def is_lost(processes: Processes, service: str) -> bool:
    return frozen(processes, service) == ["topic_lost"]


def frozen(processes: Processes, service: str) -> list[str]:
    return [one["code"] for one in processes.readiness(service).json()["details"]["frozen"]]
