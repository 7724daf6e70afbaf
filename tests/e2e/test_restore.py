"""Each service's database of a whole product put back to a copy, and the ledger rebuilt while it runs."""

import asyncio
import hashlib
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from embedded.databases import DATABASES, SERVICES
from embedded.folder import existing, held
from embedded.postgres import Server, attached, running
from embedded.secrets import load_or_make
from embedded.tokens import issuer_of
from rigs.program import ALLIANCE, Program, alliance_in
from rigs.servers import connected

NOT_RESTORED = {"receipts", "documents", "erasures", "people", "deadlines"}
"""What no event has. A deadline that was issued, and has no event that clears it, is issued again."""


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    program = Program()
    try:
        yield program
    finally:
        program.close()


@asynccontextmanager
async def database_server(program: Program) -> AsyncIterator[Server]:
    """PostgreSQL of the stopped product."""
    with held(program.data) as folder:
        async with running(folder, load_or_make(folder).passwords) as server:
            yield server


async def digests(server: Server, database: str) -> Mapping[str, str]:
    """Of each table, of all that a restoration brings back: the ledger's to the byte."""
    own_topic = f"alliance.{database}"  # of which is read on now and then
    found = {}
    async with connected(server, database) as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            if table in NOT_RESTORED:
                continue
            rows = await connection.fetch(
                f"SELECT (to_jsonb(the_row) - 'recorded_at')::text AS line FROM \"{table}\" AS the_row"
                + (f" WHERE topic <> '{own_topic}'" if table == "positions" else "")
            )
            lines = sorted(row["line"] if database == "ledger" else by_value(row["line"]) for row in rows)
            found[table] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def by_value(line: str) -> str:
    """What was decided may have been written as 50, and is read from the event as 50.00."""

    def number(text: str) -> str:
        return str(Decimal(text).normalize())

    return json.dumps(json.loads(line, parse_float=number, parse_int=number), sort_keys=True)


async def copy(server: Server, service: str, database: str, to: str) -> None:
    async with connected(server, "postgres") as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {to}")
        await connection.execute(f"CREATE DATABASE {to} TEMPLATE {database} OWNER {service}_owner")
        await connection.execute(f"GRANT CONNECT ON DATABASE {to} TO {service}")


def found(program: Program) -> None:
    """An alliance whose events the copies have."""
    answer = httpx.post(
        f"{program.url}/members/v1/alliances",
        content=Path("docs/tour/alliance.json").read_bytes(),
        headers={
            "Authorization": f"Bearer {issuer_of(existing(program.data)).token('alice')}",
            "Content-Type": "application/json",
            "Idempotency-Key": "found",
        },
        timeout=30,
    )
    assert answer.status_code == 201, answer.text


def play(program: Program) -> str:
    playing = program.demo()
    printed, said = playing.communicate(timeout=180)
    assert playing.returncode == 0, said
    return alliance_in(printed)


async def quiet(program: Program) -> None:
    """Until every service is restored, all is relayed, and all that is relayed is followed."""
    folder = existing(program.data)
    server = attached(folder, load_or_make(folder).passwords)
    async with asyncio.timeout(90):
        while not (restored(program) and await _all_followed(server)):  # noqa: ASYNC110 - it is in databases
            await asyncio.sleep(0.1)


def restored(program: Program) -> bool:
    for service in SERVICES:
        answer = httpx.get(f"{program.url}/{service}/readyz", timeout=10).json()
        if not answer["details"]["restoration"]["done"]:
            return False
        assert answer["details"]["restoration"]["not_restored"] == {}
    return True


async def _all_followed(server: Server) -> bool:
    ends = {}
    for service in SERVICES:
        async with connected(server, service) as connection:
            if await connection.fetch("SELECT FROM heads WHERE relayed_sequence < last_sequence"):
                return False
        async with connected(server, "log") as connection:
            ends[f"alliance.{service}"] = await connection.fetchval(
                f'SELECT coalesce(max("offset") + 1, 0) FROM "alliance.{service}"'
            )
    for service in SERVICES:
        async with connected(server, service) as connection:
            for topic, at in await connection.fetch("SELECT topic, next_offset FROM positions"):
                if topic != f"alliance.{service}" and at < ends[topic]:
                    return False
    return True


@pytest.fixture(scope="module")
async def alliance(program: Program) -> str:
    """In which the whole demonstration was played since copies of all databases were made."""
    program.start()
    found(program)
    await quiet(program)
    program.stop()
    async with database_server(program) as server:
        for service in SERVICES:
            await copy(server, service, service, f"{service}_copy")
    program.start()
    played = await asyncio.to_thread(play, program)
    await quiet(program)
    program.stop()
    return played


@pytest.mark.timeout(1200)
async def test_any_service_put_back_to_before_its_last_hundred_events_is_as_it_was(
    program: Program, alliance: str
) -> None:
    async with database_server(program) as server:
        before = {database: await digests(server, database) for database in DATABASES}
    for service in SERVICES:
        async with database_server(program) as server:
            lost = await count(server, service) - await count(server, f"{service}_copy")
            assert lost >= (40 if service == "tenders" else 100), service  # the story has no more
            await copy(server, service, f"{service}_copy", service)
        program.start()
        await quiet(program)
        log = program.get("demo-auditor", f"/ledger/v1/alliances/{alliance}/log")
        assert log["complete"] is True
        program.stop()
        async with database_server(program) as server:
            after = {database: await digests(server, database) for database in DATABASES}
        for database in DATABASES:
            changed = {
                table for table, digest in before[database].items() if digest != after[database][table]
            }
            assert changed == set(), f"{service} was put back: {database}"


async def count(server: Server, database: str) -> int:
    async with connected(server, database) as connection:
        events: int = await connection.fetchval("SELECT count(*) FROM events")
        return events


@pytest.mark.timeout(900)
async def test_the_ledger_is_rebuilt_while_it_is_served(program: Program, alliance: str) -> None:
    program.start()
    await quiet(program)
    folder = existing(program.data)
    server = attached(folder, load_or_make(folder).passwords)

    async def rebuild() -> subprocess.CompletedProcess[str]:
        command = [str(ALLIANCE), "rebuild", "ledger", "--data", str(program.data)]
        return await asyncio.to_thread(
            lambda: subprocess.run(command, capture_output=True, text=True, check=False)
        )

    before = await digests(server, "ledger")
    done = await rebuild()
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"alliance\.ledger: \d+ records are as the log has them\.\n"
        r"ledger: \d+ entries of \d+ alliances posted anew\.\n"
        r"What was shown is what follows from the log, to the byte\.\n",
        done.stdout,
    ), done.stdout
    assert re.search(r"^the books from the log: (\d+)/\1$", done.stderr, re.MULTILINE), done.stderr
    assert await digests(server, "ledger") == before

    async with connected(server, "ledger") as connection:
        await connection.execute("UPDATE balances SET amount = amount + 1 WHERE span = 'year'")
        await connection.execute("DELETE FROM standing")
    assert await digests(server, "ledger") != before
    done = await rebuild()
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  balances: (\d+) rows removed, \1 rows added$", done.stdout, re.MULTILINE)
    assert await digests(server, "ledger") == before

    told = await asyncio.to_thread(
        lambda: subprocess.run(
            [str(ALLIANCE), "restore", "members", "--data", str(program.data)],
            capture_output=True,
            text=True,
            check=False,
        )
    )
    assert (told.returncode, told.stdout[:34]) == (0, "members: takes no command until it")
    async with connected(server, "members") as connection, asyncio.timeout(30):
        while not await connection.fetch("SELECT FROM mark"):  # noqa: ASYNC110 - the service sets it
            await asyncio.sleep(0.1)
    await quiet(program)

    async with connected(server, "ledger") as connection:
        await connection.execute("ALTER TABLE events DISABLE TRIGGER append_only")
        await connection.execute("UPDATE events SET body = body || ' ' WHERE sequence = 2")
    done = await rebuild()
    assert done.returncode == 1
    assert "2 has other bytes in the topic" in done.stderr
    assert done.stderr.count("has other bytes") > 1
    program.stop()
