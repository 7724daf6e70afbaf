"""A folder's log moves from the embedded form to Kafka: nothing is lost, doubled or other than it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes.stores import stores
from rigs.processes import Processes
from rigs.program import Program, alliance_in

TOUR = Path(__file__).parents[2] / "docs" / "tour" / "alliance.json"

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    try:
        yield program
    finally:
        program.close()


@pytest.fixture
def processes(program: Program) -> Iterator[Processes]:
    processes = Processes()
    processes.data = program.data
    try:
        yield processes
    finally:
        processes.close()


async def recorded(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every event of every service, byte for byte, and what the ledger made of them."""
    found = {}
    async with stores(data) as reached:
        for service, store in reached.items():
            async with store.single() as transaction:
                rows = await transaction.raw.fetch(
                    "SELECT alliance_id, sequence, body FROM events ORDER BY alliance_id, sequence"
                )
                found[service] = [tuple(row) for row in rows]
        async with reached["ledger"].single() as transaction:
            rows = await transaction.raw.fetch("SELECT p::text FROM postings p ORDER BY 1")
            found["postings"] = [tuple(row) for row in rows]
    return found


async def test_the_log_moves_to_kafka_with_everything_kept(program: Program, processes: Processes) -> None:
    program.start()
    printed, progress = program.demo().communicate(timeout=200)
    assert progress.splitlines()[-1].split()[0] == "334/334"
    alliance = alliance_in(printed)
    balances = f"/alliances/{alliance}/balances"
    before = program.get("demo-auditor", f"/ledger/v1{balances}")
    while_running = processes.alliance("move-log")
    assert while_running.returncode == 1
    assert "already in use" in while_running.stderr
    program.stop()
    kept = await recorded(program.data)

    moved = processes.alliance("move-log")
    assert moved.returncode == 0, moved.stderr
    said = moved.stdout.splitlines()
    assert said[0] == f"members: {len(kept['members'])} events of 1 alliances are sent to Kafka."
    assert said[3] == f"ledger: {len(kept['ledger'])} events of 1 alliances are sent to Kafka."
    assert said[4].endswith("is on Kafka from now on: run it with make run-kafka.")
    assert "nothing was done" in processes.alliance("move-log").stdout
    with pytest.raises(RuntimeError, match="is on Kafka"):
        program.start()

    processes.start()
    for position in ("members", "purchasing", "tenders"):
        last = len(kept[position])
        read = processes.ask(
            "GET", "ledger", f"{balances}?after={position}={last}&wait=30", subject="demo-auditor"
        )
        assert read.status_code == 200, read.text
    assert read.json() == before
    # Only now is everything on Kafka surely read once more: a new command comes after it.
    founded = processes.ask("POST", "members", "/alliances", body=json.loads(TOUR.read_text()))
    assert founded.status_code == 201, founded.text
    new = founded.json()["id"]
    after = founded.headers["Alliance-Position"]
    for service in ("purchasing", "tenders", "ledger"):
        what = {"purchasing": "campaigns", "tenders": "opportunities", "ledger": "balances"}[service]
        seen = processes.ask("GET", service, f"/alliances/{new}/{what}?after={after}&wait=30")
        assert seen.status_code == 200, seen.text
    played = processes.alliance("demo")
    assert played.returncode == 0, played.stderr[-2000:]
    status = processes.alliance("status").stdout.splitlines()
    assert [line.split(",")[1] for line in status] == [" 0 alliances frozen"] * 4
    processes.stop()
    now = await recorded(program.data)
    for name, rows in kept.items():
        assert [row for row in now[name] if row in set(rows)] == rows, f"{name}: every one, once, as it was"
    assert {row[:2] for row in now["ledger"] if str(row[0]) == alliance} == {
        row[:2] for row in kept["ledger"] if str(row[0]) == alliance
    }
