"""The ledger on a backlog: from the log between services to entries, postings and balances in PostgreSQL.

Run by itself it prints events a second and the memory of this process before and after; as
`python -m bench.ledger_backlog 1000000` of that many events.
"""

import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psutil
import uvloop
from uuid_utils.compat import uuid7

from embedded import app as embedded_app
from embedded.folder import held
from embedded.postgres import Server, running
from embedded.secrets import load_or_make
from events.envelope import Context, Event, Recorded, encode
from events.follow import Follower
from events.ids import AllianceId, PersonId
from events.log import Record
from events.log_postgres import PostgresLog
from events.registry import Registry
from events.sealing import Confidential, Masters, Seal
from events.store import Store
from ledger.book import LEDGER, Book
from ledger.posting.rules import Source
from ledger.posting.transactions import Form, Line, Nature, contributed, received
from money import Money

EVENTS = 100_000
ALLIANCES = 4
MEMBERS = 17
PROJECTS = 100
"""An alliance and year."""

TOPIC = "alliance.purchasing"


class Given(Event, type="alliance.purchasing.given.v1"):
    """Half of the events: a contribution, as hours attested are."""

    company: UUID
    value: Confidential[Money]


class Got(Event, type="alliance.purchasing.got.v1"):
    """A third: a benefit, as a campaign settled brings."""

    company: UUID
    value: Confidential[Money]


class Noted(Event, type="alliance.purchasing.noted.v1"):
    """The others post nothing."""

    company: UUID


def _given(recorded: Recorded[Given]) -> list[Line]:
    event = recorded.event
    return [contributed(event.company, Form.PURCHASING, recorded.project, Nature.HOURS, event.value.value)]


def _got(recorded: Recorded[Got]) -> list[Line]:
    event = recorded.event
    return [received(event.company, Form.PURCHASING, recorded.project, Nature.SAVED, event.value.value)]


SOURCE = Source(Registry.of("purchasing", [Given, Got, Noted]), {Given: _given, Got: _got})


@dataclass(frozen=True)
class Result:
    """Bytes of resident memory are those of this process after a tenth of the events, and at the end."""

    events: int
    seconds: float
    memory_early: int
    memory_late: int

    @property
    def rate(self) -> float:
        return self.events / self.seconds


async def measure(events: int = EVENTS) -> Result:
    """On a PostgreSQL of its own, with the settings of the embedded form."""
    path = Path(tempfile.mkdtemp(prefix="alliance-bench-", dir="/tmp"))
    try:
        with held(path / "data") as folder:
            secrets = load_or_make(folder)
            async with running(folder, secrets.passwords) as server:
                await embedded_app.prepare(server)
                keyrings = {name: Masters((master,)) for name, master in secrets.sealing.items()}
                await _publish(server, keyrings["purchasing"], events)
                return await _follow(server, keyrings, events)
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def _publish(server: Server, keyring: Masters, events: int) -> None:
    log = PostgresLog(_address(server, "log", "purchasing"))
    chance = random.Random(1)
    alliances = [AllianceId(uuid7()) for _ in range(ALLIANCES)]
    companies = {alliance: [uuid7() for _ in range(MEMBERS)] for alliance in alliances}
    projects = {alliance: [f"campaign/{uuid7()}" for _ in range(PROJECTS)] for alliance in alliances}
    actor, first_day, now = PersonId(uuid4().hex), date(2025, 1, 1), datetime.now(UTC)
    for start in range(0, events, ALLIANCES * 250):
        for alliance in alliances:
            records = []
            for number in range(start // ALLIANCES, start // ALLIANCES + 250):
                company, event_id = chance.choice(companies[alliance]), str(uuid7())
                value = Confidential[Money](
                    owner=company, open=Money.of(f"{chance.randrange(10**6) / 100:.2f}", "EUR")
                )
                kind = number % 6
                event: Event = (
                    Given(company=company, value=value)
                    if kind < 3
                    else Got(company=company, value=value)
                    if kind < 5
                    else Noted(company=company)
                )
                context = Context(
                    service="purchasing",
                    alliance=alliance,
                    time=now,
                    actor=actor,
                    correlation=event_id,
                    causation=None,
                    effective_on=first_day + timedelta(days=number * ALLIANCES * 365 // events),
                    charter_version=1,
                    project=chance.choice(projects[alliance]),
                )
                body = encode(
                    event,
                    context,
                    id=event_id,
                    stream=context.project,
                    version=number + 1,
                    sequence=number + 1,
                    seal=Seal(keyring, alliance, event_id),
                )
                records.append(Record(alliance, body))
            assert await log.publish(TOPIC, records) == len(records)
    await log.close()


async def _follow(server: Server, keyrings: dict[str, Masters], events: int) -> Result:
    store = Store.connect(server.url(LEDGER).render_as_string(hide_password=False), pool_size=4)
    log = PostgresLog(_address(server, "log", LEDGER))
    book = Book({"purchasing": SOURCE}, keyrings, "bench.example")
    follower = Follower(store, log, {TOPIC: "purchasing"}, LEDGER, book.apply)
    process, done, early = psutil.Process(), 0, 0
    began = time.perf_counter()
    async with log.reader([TOPIC], LEDGER, follower._positions.start) as reader:
        while done < events:
            done += await follower.step(reader)
            if not early and done >= events / 10:
                early = process.memory_info().rss
    seconds = time.perf_counter() - began
    late = process.memory_info().rss
    await _check(server, events)
    await log.close()
    await store.close()
    return Result(events, seconds, early, late)


async def _check(server: Server, events: int) -> None:
    """What was measured has been done."""
    connection = await asyncpg.connect(_address(server, LEDGER, LEDGER))
    try:
        assert await connection.fetchval("SELECT count(*) FROM events") == events + ALLIANCES
        assert await connection.fetchval("SELECT count(*) FROM frozen") == 0
        assert await connection.fetchval("SELECT sum(amount) FROM postings") == 0
    finally:
        await connection.close()


def _address(server: Server, database: str, role: str) -> str:
    return server.url(database, role).set(drivername="postgresql").render_as_string(hide_password=False)


if __name__ == "__main__":
    result = uvloop.run(measure(int(sys.argv[1]) if sys.argv[1:] else EVENTS))
    print(f"{result.events} events in {result.seconds:.1f} s: {result.rate:.0f} a second")
    print(f"resident memory: {result.memory_early >> 20} MB early, {result.memory_late >> 20} MB at the end")
