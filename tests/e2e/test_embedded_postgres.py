"""The embedded form's database side, on the real server from the wheel."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from embedded.databases import DATABASES, LOG, ROLES, SERVICES
from embedded.folder import FORMAT, CannotStart, existing, held
from embedded.postgres import Server, running
from embedded.secrets import load_or_make
from rigs.servers import servers_on

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from embedded.folder import CannotStart, held
from embedded.postgres import running
from embedded.secrets import load_or_make

async def main():
    with held(Path(sys.argv[1])) as folder:
        async with running(folder, load_or_make(folder).passwords):
            print("ready", flush=True)
            await asyncio.Event().wait()

try:
    asyncio.run(main())
except CannotStart as error:
    sys.exit(str(error))
"""


@asynccontextmanager
async def product(path: Path) -> AsyncIterator[Server]:
    with held(path) as folder:
        async with running(folder, load_or_make(folder).passwords) as server:
            yield server


async def connect(url: URL) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(url.query["host"]),
        user=url.username,
        password=url.password,
        database=url.database,
        timeout=10,
    )


async def rows(url: URL, sql: str) -> list[tuple]:
    connection = await connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with product(tmp_path_factory.mktemp("embedded") / "data") as started:
        yield started


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder yet to be made; no server is left on it, whatever the test did."""
    yield tmp_path / "data"
    for process in servers_on(tmp_path / "data"):
        process.kill()


@pytest.fixture
def second_process(data: Path) -> Iterator[Callable[[], SimpleNamespace]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> SimpleNamespace:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return SimpleNamespace(process=process, said=process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def test_the_first_start_takes_less_than_five_seconds(data: Path) -> None:
    before = time.monotonic()
    async with product(data):
        assert time.monotonic() - before < 5


@pytest.mark.parametrize("role", ROLES)
async def test_no_role_has_powers_over_the_server(server: Server, role: str) -> None:
    database = role.removesuffix("_owner")
    powers = await rows(
        server.url(database, role),
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, "
        "(SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid OR m.roleid = r.oid) "
        "FROM pg_roles r WHERE rolname = current_user",
    )
    assert powers == [(False, False, False, False, False, 0)]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_owns_nothing_and_creates_nothing(server: Server, service: str) -> None:
    for database in (service, LOG):
        url = server.url(database, service)
        owned = await rows(
            url,
            "SELECT relname FROM pg_class WHERE relowner = current_user::regrole "
            "UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole "
            "UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole",
        )
        assert owned == []
        for attempt in (
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE DATABASE mine",
            "CREATE ROLE mine",
            f"SET ROLE {database}_owner",
            "SET session_replication_role = replica",
            f"DROP DATABASE {database}",
        ):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await rows(url, attempt)
            # CREATE DATABASE and DROP DATABASE on one's own connection fail for other reasons to their owner.
            assert refused.value.sqlstate == "42501", attempt


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_its_own_databases_and_no_other(server: Server, role: str) -> None:
    own = {role.removesuffix("_owner")} | ({LOG} if role in SERVICES else set())
    for database in (*DATABASES, "postgres", "template1"):
        if database in own:
            assert await rows(server.url(database, role), "SELECT current_database()") == [(database,)]
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await rows(server.url(database, role), "SELECT 1")


async def test_a_role_is_more_than_a_name(server: Server) -> None:
    theirs = server.url("purchasing")
    for password in ("", server.url("members").password):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await rows(theirs.set(password=password), "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await rows(theirs.set(username="postgres", database="postgres"), "SELECT 1")


async def test_an_owner_makes_tables_that_its_service_reaches_by_grant_only(server: Server) -> None:
    owner, service = server.url("tenders", "tenders_owner"), server.url("tenders")
    await rows(owner, "CREATE TABLE things (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rows(service, "SELECT * FROM things")
    await rows(owner, "GRANT SELECT ON things TO tenders")
    assert await rows(service, "SELECT * FROM things") == []


async def test_what_is_answered_is_on_the_disk(server: Server) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await rows(server.url("ledger"), f"SHOW {setting}") == [("on",)]


async def test_an_error_leaves_no_value_in_the_log_file(data: Path) -> None:
    async with product(data) as server:
        owner = server.url("members", "members_owner")
        await rows(owner, "CREATE TABLE people (name text PRIMARY KEY)")
        await rows(owner, "INSERT INTO people VALUES ('Martine Dupont')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await rows(owner, "INSERT INTO people VALUES ('Martine Dupont')")
        log = (data / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Dupont" not in log


async def test_a_restart_keeps_the_data(data: Path) -> None:
    async with product(data) as server:
        await rows(server.url("ledger", "ledger_owner"), "CREATE TABLE kept AS SELECT 1 AS id")
    assert servers_on(data) == []
    async with product(data) as server:
        assert await rows(server.url("ledger", "ledger_owner"), "SELECT * FROM kept") == [(1,)]


async def test_a_killed_program_recovers_by_itself_though_its_server_lives_on(
    data: Path, second_process: Callable[[], SimpleNamespace]
) -> None:
    run = second_process()
    assert run.said == "ready"
    run.process.kill()
    run.process.wait()
    orphans = servers_on(data)
    assert orphans
    async with product(data) as server:
        assert await rows(server.url("members"), "SELECT 1") == [(1,)]
        assert not {process.pid for process in orphans} & {process.pid for process in servers_on(data)}


async def test_program_and_server_killed_together_recover(
    data: Path, second_process: Callable[[], SimpleNamespace]
) -> None:
    run = second_process()
    run.process.kill()
    for process in servers_on(data):
        process.kill()
    run.process.wait()
    async with product(data) as server:
        assert await rows(server.url("members"), "SELECT 1") == [(1,)]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


async def test_lock_files_that_name_a_stranger_stop_nothing(data: Path, stranger: subprocess.Popen) -> None:
    async with product(data):
        pass
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / "postgres" / name).write_text(
            f"{stranger.pid}\n{data / 'postgres'}\n1\n5432\n{data / 'postgres'}\n\n  1 1\nready   \n"
        )
    async with product(data) as server:
        assert await rows(server.url("members"), "SELECT 1") == [(1,)]
    assert stranger.poll() is None


async def test_a_server_that_is_killed_is_started_again_on_the_same_address(data: Path) -> None:
    async with product(data) as server, asyncio.TaskGroup() as tasks:
        supervision = tasks.create_task(server.supervise())
        url = server.url("members", "members_owner")
        await rows(url, "CREATE TABLE kept AS SELECT 1 AS id")
        killed = servers_on(data)
        for process in killed:
            process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await rows(url, "SELECT * FROM kept") == [(1,)]
                    break
                except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
                    await asyncio.sleep(0.02)
        supervision.cancel()
    assert servers_on(data) == []


async def test_a_second_run_on_the_same_folder_is_refused_in_one_sentence(
    data: Path, second_process: Callable[[], SimpleNamespace]
) -> None:
    async with product(data) as server:
        run = await asyncio.to_thread(second_process)
        out, err = run.process.communicate(timeout=30)
        assert (run.process.returncode, run.said, out) == (1, "", "")
        assert err == f"The data folder {data} is already in use, by process {os.getpid()}.\n"
        assert await rows(server.url("members"), "SELECT 1") == [(1,)]


def test_a_folder_of_a_newer_version_is_refused_untouched(data: Path) -> None:
    with held(data):
        pass
    (data / "format").write_text(f"{FORMAT + 1}\n")
    before = {entry.name for entry in data.iterdir()}
    with pytest.raises(CannotStart, match="of a newer version of this program"), held(data):
        pass
    with pytest.raises(CannotStart, match="of a newer version of this program"):
        existing(data)
    assert {entry.name for entry in data.iterdir()} == before


def test_a_folder_with_other_things_in_it_is_refused_untouched(data: Path) -> None:
    data.mkdir()
    (data / "thesis.txt").write_text("mine")
    with pytest.raises(CannotStart, match="has other things in it"), held(data):
        pass
    assert [entry.name for entry in data.iterdir()] == ["thesis.txt"]


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    data = tmp_path / ("a-folder-with-a-long-name-" * 4) / "with space, and comma: and é"
    async with product(data) as server:
        engine = create_async_engine(server.url("members"))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == "members"
        await engine.dispose()
        socket_folder = Path(str(server.url("members").query["host"]))
        assert socket_folder.parent == Path(tempfile.gettempdir())
    assert not socket_folder.exists()


async def test_secrets_are_kept_for_their_owner_only_and_never_made_twice(data: Path) -> None:
    with held(data) as folder:
        first = load_or_make(folder)
        assert load_or_make(folder) == first
        assert folder.secrets.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.secrets.iterdir()} == {0o600}
        sealing = [secret for secrets in first.sealing.values() for secret in secrets]
        values = [first.deployment, *sealing, *map(bytes.fromhex, first.passwords.values())]
        assert len(set(values)) == len(values)
        assert {len(value) for value in values} == {32}
        assert not any(value.hex() in repr(first) for value in values)


async def test_a_database_without_its_secrets_is_refused(data: Path) -> None:
    async with product(data):
        pass
    (data / "secrets" / "sealing-purchasing").unlink()
    with held(data) as folder, pytest.raises(CannotStart, match="sealing-purchasing is missing"):
        load_or_make(folder)
    assert not (data / "secrets" / "sealing-purchasing").exists()


def test_a_damaged_secret_is_refused(data: Path) -> None:
    with held(data) as folder:
        load_or_make(folder)
        (folder.secrets / "deployment").write_text("")
        with pytest.raises(CannotStart, match="is damaged"):
            load_or_make(folder)


async def test_an_interrupted_first_start_is_made_good(data: Path) -> None:
    with held(data) as folder:
        load_or_make(folder)
    half = data / "postgres.new" / "data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with product(data) as server:
        assert await rows(server.url("members"), "SELECT 1") == [(1,)]
    assert not (data / "postgres.new").exists()
