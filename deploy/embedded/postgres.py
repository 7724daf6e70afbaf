"""PostgreSQL from its wheel, as a child of this process, on a Unix socket that only its owner can reach.

The server is always started by this process and never taken over from an earlier one: what a killed process
left running is stopped first, so settings, log file and supervision are the same in every run.
"""

import asyncio
import hashlib
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
from sqlalchemy import URL

from embedded import account, databases
from embedded.folder import CannotStart, DataFolder, sync_folder

_PORT = 5432
"""Names the socket's file only: the server listens on no network."""

_SOCKET_PATH_BYTES = 103
"""`sockaddr_un.sun_path` less its end, where it is shortest (macOS; Linux has 107)."""

_SECONDS_TO_START = 120
"""Recovery after a crash is part of the start."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # A small machine: no helpers that are idle most of the time, and memory where the services need it.
    "max_connections": "60",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    "max_wal_senders": "2",
    "max_wal_size": "512MB",
    "jit": "off",
    # An answered command is on the disk. Also the defaults; stated, so that nobody looks for them.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Statements and details of errors would carry passwords and personal data into the log file.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

# Nothing of ours: a PGPORT or PGDATA of the person at the terminal is about another server.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

_logger = logging.getLogger(__name__)


class Server:
    """A started server with its databases and roles. `running` makes one and stops it."""

    def __init__(self, folder: DataFolder, passwords: Mapping[str, str]) -> None:
        self._folder = folder
        self._passwords = passwords
        self._account = account.for_server(folder.path)
        self._log = folder.path / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, role: str | None = None) -> URL:
        """For SQLAlchemy with asyncpg; the password is masked when it is printed.

        `url("members")`: a service on its own database. `url("log", "members")`: on the log between services.
        `url("members", "members_owner")`: migrations.
        """
        role = role or database
        return URL.create(
            "postgresql+asyncpg",
            username=role,
            password=self._passwords[role],
            database=database,
            query={"host": str(self._socket_folder), "port": str(_PORT)},
        )

    async def start(self) -> None:
        if not self._folder.postgres.exists():
            await asyncio.to_thread(self._initialise)
        self._socket_folder = self._make_socket_folder()
        await self._launch()
        connection = await self._connect()
        try:
            await databases.prepare(connection, self._passwords)
        finally:
            await connection.close()

    def attach(self) -> None:
        """Knows the server that another process has started, for its addresses alone."""
        self._socket_folder = self._make_socket_folder()

    async def supervise(self) -> None:
        """Starts the server again whenever it ends though nobody stopped it; runs until cancelled.

        A crash of one of its processes the server repairs by itself. Connections are lost either way: pools
        have to make new ones. Raises `CannotStart` when it does not come up again.
        """
        while True:
            await asyncio.sleep(0.1)
            assert self._process is not None
            if (status := self._process.poll()) is not None:
                _logger.warning("PostgreSQL ended with status %s and is started again", status)
                await self._launch()

    async def stop(self) -> None:
        """Open connections are cut, what is in memory is written, and the next start needs no recovery."""
        if self._process is None:
            return
        # Fast shutdown, then immediate (recovery at the next start), then what cannot be refused.
        for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with suppress(subprocess.TimeoutExpired):
                self._process.send_signal(number)
                await asyncio.to_thread(self._process.wait, seconds)
                break
        self._process = None
        if self._socket_folder != self._folder.postgres:
            with suppress(OSError):
                self._socket_folder.rmdir()

    def _initialise(self) -> None:
        """Built beside its place and renamed when whole: an interrupted first start leaves nothing half."""
        building = self._folder.path / "postgres.new"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        password = building / "password"
        password.touch(mode=0o600)
        password.write_text(self._passwords[databases.SUPERUSER])
        self._account.give(building, password)
        done = self._run(
            "initdb",
            f"--pgdata={building / 'data'}",
            f"--username={databases.SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            cwd=building,
        )
        if done.returncode != 0:
            raise CannotStart(f"PostgreSQL could not make its database: {_reason(done.stderr)}")
        (building / "data").rename(self._folder.postgres)
        sync_folder(self._folder.path)
        shutil.rmtree(building)

    def _run(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(account.binaries() / program), *arguments],
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self._account.as_popen(),
        )

    def _make_socket_folder(self) -> Path:
        """The data directory itself, unless its path is too long for a socket or has signs a URL splits."""
        folder = self._folder.postgres
        socket = os.fsencode(folder / f".s.PGSQL.{_PORT}")
        if len(socket) <= _SOCKET_PATH_BYTES and re.fullmatch(rb"[\w./+-]+", socket):
            return folder
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"alliance-{name}"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self._account.give(folder)
        found = folder.lstat()
        # The name can be foreseen: whoever made it first could otherwise stand between us and the server.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._account.uid or found.st_mode & 0o077:
            raise CannotStart(
                f"The folder {folder}, wanted for PostgreSQL's socket, belongs to somebody else."
            )
        return folder

    async def _launch(self) -> None:
        await asyncio.to_thread(_clear_the_way, self._folder.postgres, self._socket_folder)
        # Not in a thread: cancelled in between, a server would be left that nobody knows.
        self._process = self._spawn()
        try:
            async with asyncio.timeout(_SECONDS_TO_START):
                await self._wait_until_ready(self._process)
        except TimeoutError as error:
            raise CannotStart(f"PostgreSQL is not ready yet after {_SECONDS_TO_START} seconds.") from error

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_folder), "port": str(_PORT)}
        self._log.touch(mode=0o600, exist_ok=False)
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [
                    str(account.binaries() / "postgres"),
                    "-D",
                    str(self._folder.postgres),
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                cwd=self._folder.postgres,
                env=_ENVIRONMENT,
                # A session of its own: Ctrl-C at the terminal is for us, who stop the server after its users.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._account.as_popen(),
            )

    async def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            try:
                connection = await self._connect()
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.02)
            else:
                await connection.close()
                return
        said = _reason(await asyncio.to_thread(self._log.read_text, errors="replace"))
        raise CannotStart(f"PostgreSQL does not start and says: {said}")

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=str(self._socket_folder),
            port=_PORT,
            user=databases.SUPERUSER,
            password=self._passwords[databases.SUPERUSER],
            database="postgres",
        )


@asynccontextmanager
async def running(folder: DataFolder, passwords: Mapping[str, str]) -> AsyncIterator[Server]:
    """The server on a held folder, with databases and roles, stopped at the end. Raises `CannotStart`."""
    server = Server(folder, passwords)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def attached(folder: DataFolder, passwords: Mapping[str, str]) -> Server:
    """The server of the process that holds the folder, which alone starts and stops it."""
    server = Server(folder, passwords)
    server.attach()
    return server


def _clear_the_way(data: Path, socket_folder: Path) -> None:
    """Ends what an earlier run left on `data`; the caller holds the folder, so it is nobody else's.

    A server refuses to start while a process of its predecessor lives, or while the number in its lock files
    is anybody's: after a restart of the machine it may be a stranger's, so these files are not believed.
    """
    left = [process for process in psutil.process_iter(["name"]) if _is_server(process, data)]
    numbers = {process.pid for process in left}
    for process in left:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in numbers:
                process.send_signal(signal.SIGINT)
    for process in _still_there(left, data, seconds=15):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if _still_there(left, data, seconds=5):
        raise CannotStart(f"A PostgreSQL of an earlier run is at work on {data} and does not end.")
    (data / "postmaster.pid").unlink(missing_ok=True)
    (socket_folder / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)


def _still_there(processes: list[psutil.Process], data: Path, seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _is_server(process, data)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    return alive


def _is_server(process: psutil.Process, data: Path) -> bool:
    """Every process of a server works in its data directory; one that is dead but not buried has none."""
    try:
        return process.name() == "postgres" and Path(process.cwd()) == data
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def _reason(said: str) -> str:
    """The line of PostgreSQL's output that says why it gave up."""
    lines = said.strip().splitlines() or ["nothing"]
    reasons = [line for line in lines if re.search("FATAL|PANIC|error:", line)]
    return (reasons or lines)[-1]
