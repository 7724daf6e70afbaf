"""What an operator sees and does of frozen alliances, as a person runs it: while the product runs, or not."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from embedded import app as embedded_app
from embedded.folder import held
from embedded.postgres import running
from embedded.secrets import load_or_make
from events.freezing import Freeze, freeze, frozen, hold
from events.ids import AllianceId
from events.store import Store


def alliance(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("alliance")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, env=os.environ | environment
    )


@pytest.fixture
def data() -> Iterator[Path]:
    # Short and directly under /tmp, for the path of PostgreSQL's socket.
    with tempfile.TemporaryDirectory(prefix="alliance-", dir="/tmp") as folder:
        yield Path(folder) / "data"


async def test_an_operator_sees_who_is_frozen_and_lets_it_go_on(data: Path) -> None:
    first, second = sorted(AllianceId(uuid4()) for _ in range(2))
    place = ("alliance.purchasing", 0)
    with held(data) as folder:
        secrets = load_or_make(folder)
        async with running(folder, secrets.passwords) as server:
            await embedded_app.prepare(server)
            store = Store.connect(server.url("ledger").render_as_string(hide_password=False))
            async with store.transaction() as transaction:
                await transaction.raw.execute("INSERT INTO positions VALUES ($1, $2, 9)", *place)
                for one in (first, second):
                    await freeze(transaction, Freeze(one, "purchasing", 7, "unknown_type", "its type"))
                    await hold(transaction, one, {place: 5})
            seen = await asyncio.to_thread(alliance, "status", "--data", str(data))
            assert (seen.returncode, seen.stderr) == (0, "")
            assert seen.stdout.splitlines()[-3:] == [
                "ledger: 0 events to relay, 2 alliances frozen",
                f"  {first} stands still at purchasing 7: unknown_type (its type)",
                f"  {second} stands still at purchasing 7: unknown_type (its type)",
            ]
            done = await asyncio.to_thread(alliance, "resume", str(first), "--data", str(data))
            assert (done.returncode, done.stdout) == (0, f"ledger: {first} goes on from purchasing 7.\n")
            assert [one.alliance for one in await frozen(store)] == [second]
            async with store.single() as transaction:
                position = await transaction.raw.fetchval("SELECT next_offset FROM positions")
            assert position == 5
            await store.close()
    again = alliance("resume", str(first), "--service", "ledger", "--data", str(data))
    assert again.stdout == f"ledger: {first} does not stand still; nothing was done.\n"
    assert alliance("resume", str(second), "--data", str(data)).returncode == 0
    assert alliance("status", "--data", str(data)).stdout.splitlines() == [
        f"{service}: 0 events to relay, 0 alliances frozen"
        for service in ("members", "purchasing", "tenders", "ledger")
    ]


async def test_an_operator_has_a_service_send_its_events_again(data: Path) -> None:
    first, second = sorted(AllianceId(uuid4()) for _ in range(2))
    with held(data) as folder:
        secrets = load_or_make(folder)
        async with running(folder, secrets.passwords) as server:
            await embedded_app.prepare(server)
            url = server.url("tenders").render_as_string(hide_password=False)
            store = Store.connect(url)

            async def relayed(set_to: int | None = None) -> list[int]:
                async with store.single() as transaction:
                    if set_to is not None:
                        await transaction.raw.execute("UPDATE heads SET relayed_sequence = $1", set_to)
                    rows = await transaction.raw.fetch(
                        "SELECT relayed_sequence FROM heads ORDER BY alliance_id"
                    )
                return [row["relayed_sequence"] for row in rows]

            async with store.transaction() as transaction:
                for one in (first, second):
                    await transaction.raw.execute("INSERT INTO heads VALUES ($1, 5, 5)", one)
            told: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
                (
                    ("--data", str(data)),
                    {},
                ),
                (
                    (),
                    {
                        "TENDERS_DATABASE_URL": url,
                        "TENDERS_LOG_URL": "kafka://127.0.0.1:1",
                        "TENDERS_LOG_PROTOCOL": "PLAINTEXT",
                        "TENDERS_JWKS": "keys.json",
                        "TENDERS_ISSUER": "i",
                        "TENDERS_AUDIENCE": "a",
                        "TENDERS_DEPLOYMENT_SECRET": "s" * 32,
                        "TENDERS_MASTER": "ab" * 32,
                    },
                ),
            )
            for options, environment in told:
                for _ in range(2):
                    done = await asyncio.to_thread(
                        alliance, "rewind", "tenders", str(first), *options, **environment
                    )
                    assert done.stdout == (
                        "tenders: 5 events of 1 alliances are sent again, from the first on.\n"
                    ), done.stderr
                    assert await relayed() == [0, 5]
                done = await asyncio.to_thread(alliance, "rewind", "tenders", "all", *options, **environment)
                assert done.stdout == "tenders: 10 events of 2 alliances are sent again, from the first on.\n"
                assert await relayed() == [0, 0]
                unknown = uuid4()
                done = await asyncio.to_thread(
                    alliance, "rewind", "tenders", str(unknown), *options, **environment
                )
                assert done.stdout == f"tenders: nothing of {unknown} is recorded here; nothing was done.\n"
                assert await relayed(set_to=5) == [5, 5]
            elsewhere = await asyncio.to_thread(alliance, "rewind", "members", "all", **told[1][1])
            assert elsewhere.returncode == 1
            assert elsewhere.stderr.startswith("MEMBERS_DATABASE_URL is not set, only that of tenders")
            await store.close()
    assert "neither an alliance's id nor" in alliance("rewind", "members", "everything").stderr


async def test_a_log_of_which_there_is_no_checkpoint_is_not_exported(data: Path, tmp_path: Path) -> None:
    with held(data) as folder:
        async with running(folder, load_or_make(folder).passwords) as server:
            await embedded_app.prepare(server)
    arguments = ("export-log", str(uuid4()), str(tmp_path / "log"), "--data", str(data))
    done = await asyncio.to_thread(alliance, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("The ledger has no checkpoint of an alliance ")
    assert not (tmp_path / "log").exists()


async def test_an_export_that_cannot_be_made_says_why_in_one_sentence(data: Path, tmp_path: Path) -> None:
    one, file = uuid4(), tmp_path / "file"
    file.write_text("of somebody")
    with held(data) as folder:
        async with running(folder, load_or_make(folder).passwords) as server:
            await embedded_app.prepare(server)
            store = Store.connect(server.url("ledger").render_as_string(hide_password=False))
            async with store.single() as transaction:
                await transaction.raw.execute("INSERT INTO logs VALUES ($1, 1, '', '{}', 0, 0, 0)", one)
            await store.close()
    for where, why in ((file / "log", "cannot be written"), (tmp_path / "log", "alliance rebuild ledger")):
        arguments = ("export-log", str(one), str(where), "--data", str(data))
        done = await asyncio.to_thread(alliance, *arguments)
        assert done.returncode == 1
        assert why in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
