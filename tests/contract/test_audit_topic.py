"""`complete --kafka`: a log as its topic has it, on a real broker."""

import asyncio
from collections.abc import Iterable
from json import loads
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from events.ids import AllianceId
from events.log import Record
from events.log_kafka import KafkaLog
from events.topics_kafka import create_topics
from ledger.audit.command import app
from rigs.kafka import Kafka
from samples.books import Publisher
from samples.key_files import KNOWN, key_file
from samples.logs import ALLIANCE, event, history, opened, write

OTHER = UUID("01890a5d-ac96-774b-bcce-b302099a8058")


@pytest.fixture
def topic(kafka: Kafka) -> str:
    name = f"alliance.{uuid4().hex[:8]}"
    asyncio.run(create_topics(kafka.brokers, [name], copies=1, partitions=1))
    return name


def publish(kafka: Kafka, topic: str, bodies: Iterable[bytes], alliance: UUID = ALLIANCE) -> None:
    async def run() -> None:
        log = KafkaLog(kafka.brokers)
        records = [Record(AllianceId(alliance), body) for body in bodies]
        assert await log.publish(topic, records) == len(records)
        await log.close()

    asyncio.run(run())


def audit(command: str, kafka: Kafka, topic: str, alliance: UUID, *options: object) -> Result:
    place = f"{kafka.servers}/{topic}"
    arguments = [command, "--kafka", place, "--alliance", str(alliance), "--json", *map(str, options)]
    return CliRunner().invoke(app, arguments)


def complete(kafka: Kafka, topic: str, alliance: UUID = ALLIANCE) -> Result:
    return audit("complete", kafka, topic, alliance)


def test_a_topic_is_read_as_a_log_is_and_what_was_sent_twice_counts_once(kafka: Kafka, topic: str) -> None:
    entries = list(history(700))
    publish(kafka, topic, entries[:500])
    publish(kafka, topic, history(300, OTHER), OTHER)
    publish(kafka, topic, entries[200:])  # from a relay that was killed
    done = complete(kafka, topic)
    assert done.exit_code == 0, done.stderr
    assert (loads(done.stdout)["size"], loads(done.stdout)["alliance"]) == (700, str(ALLIANCE))
    assert loads(complete(kafka, topic, OTHER).stdout)["size"] == 300


def test_what_is_missing_from_a_topic_or_changed_in_it_is_named(kafka: Kafka, topic: str) -> None:
    entries = list(history(20))
    publish(kafka, topic, [*entries[:10], *entries[11:]])
    done = complete(kafka, topic)
    assert (done.exit_code, loads(done.stdout)["finding"]["code"]) == (1, "hole")
    publish(kafka, topic, [event("members", 1, another=True)])
    done = complete(kafka, topic)
    assert (done.exit_code, loads(done.stdout)["finding"]["code"]) == (1, "forked")
    assert loads(done.stdout)["finding"]["at"] == f"{topic} offset 19"
    assert loads(complete(kafka, topic, OTHER).stdout)["finding"]["code"] == "not_opened"


def test_a_topic_that_is_not_there_is_unreachable_and_a_wrong_place_wrong_usage(
    kafka: Kafka, tmp_path: Path
) -> None:
    assert complete(kafka, "alliance.nothing").exit_code == 3
    options = ["--alliance", str(ALLIANCE)]
    for place, code in (("127.0.0.1:1/alliance.ledger", 3), ("nowhere", 2), ("host/topic", 2)):
        done = CliRunner().invoke(app, ["complete", "--kafka", place, *options])
        assert (done.exit_code, done.stdout, "Traceback" in done.stderr) == (code, "", False)
    for wrong in (
        ["complete"],
        ["complete", str(tmp_path), "--kafka", "h:1/t"],
        ["complete", "--kafka", "h:1/t"],
    ):
        assert CliRunner().invoke(app, wrong).exit_code == 2


def test_a_topic_is_replayed_and_exported_as_its_folder_is(
    kafka: Kafka, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("replaying", "replay"):
        monkeypatch.setattr(f"ledger.audit.{module}.known_sources", lambda: KNOWN)
    alliance, company = AllianceId(uuid4()), uuid4()
    purchasing = Publisher("purchasing", alliance)
    entries = [opened(alliance=alliance), *(purchasing.gave(company, "70.10").body for _ in range(300))]
    publish(kafka, topic, entries, alliance)
    publish(kafka, topic, entries[:50], alliance)
    file = tmp_path / "keys.json"
    file.write_text(key_file(alliance, [company]).model_dump_json())
    done = audit("replay", kafka, topic, alliance, "--keys", file)
    assert done.exit_code == 0, done.stderr
    folder = write(tmp_path / "log", entries)
    of_folder = CliRunner().invoke(app, ["replay", str(folder), "--keys", str(file), "--json"])
    as_folder = {**loads(of_folder.stdout), "origin": topic}
    for name in ("pinned", "witnesses", "quorum"):  # a topic nobody signs
        del as_folder[name]
    assert loads(done.stdout) == as_folder
    assert "21030.00" in done.stdout
    journals = [
        CliRunner().invoke(app, ["export", *where, "--keys", str(file), "--format", "ledger"]).stdout
        for where in (["--kafka", f"{kafka.servers}/{topic}", "--alliance", str(alliance)], [str(folder)])
    ]
    assert journals[0] == journals[1]
    assert journals[0].count("70.10 EUR") == 600
