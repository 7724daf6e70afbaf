"""The product as `run-kafka` has it, every piece under the test's own control, with ways between them.

Each service is a process of its own and reaches PostgreSQL and the broker, and is reached, through proxies.
Nothing is started again that the test does not start.
"""

import asyncio
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import psutil
from sqlalchemy import URL

from embedded.databases import SERVICES
from embedded.folder import DataFolder, held
from embedded.postgres import Server
from embedded.secrets import KAFKA_ADMIN, kafka_passwords, load_or_make
from embedded.tokens import issuer_of
from events.brokers import Brokers
from events.relay import ACTIVE_RELAY
from processes.broker import Broker
from processes.rights import prepare_topics
from processes.run import Serving, migrate_all
from rigs.guard import Guard, kill, wait_for_end
from rigs.proxy import Proxy
from rigs.servers import connected

KAFKA: Final = "kafka"
POSTGRES: Final = "postgres"
PIECES: Final = (*SERVICES, KAFKA, POSTGRES)
UP_SECONDS: Final = 180.0
LAST: Final = 12
"""Lines of a log that a failure shows."""


class Pieces:
    """`started` makes it. A way is called `<service>-http`, `<service>-postgres` or `<service>-kafka`."""

    def __init__(self, path: Path, folder: DataFolder, guard: Guard) -> None:
        self.path = path
        self._folder = folder
        self._guard = guard
        self._issuer = issuer_of(folder)
        self._server = Server(folder, load_or_make(folder).passwords)
        passwords = kafka_passwords(folder)
        self._broker = Broker(folder.kafka, _port(), _port(), passwords)
        self.brokers = Brokers(self._broker.address, KAFKA_ADMIN, passwords[KAFKA_ADMIN])
        """Past the proxies, as the administrator."""
        self.ways: dict[str, Proxy] = {}
        self._ports = {service: _port() for service in SERVICES}
        self._serve: dict[str, Serving] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._up: set[str] = set()
        self._starting = asyncio.Lock()
        self.ended: list[str] = []
        """Pieces that ended though nobody killed them, with what they said."""

    async def start(self) -> None:
        await self._lay_ways()
        await asyncio.to_thread(self._broker.format)
        self._spawn(KAFKA)
        await self._server.start()
        self._watch_postgres()
        await migrate_all(self._folder, self._server)
        await self.up(KAFKA)
        await prepare_topics(self.brokers, copies=1)
        for service in SERVICES:
            told = _Told(self._server, self._sockets(service), self.ways[f"{service}-kafka"])
            url = f"http://127.0.0.1:{self._ports[service]}"
            self._serve[service] = Serving(self._folder, told, told, service, url)  # type: ignore[arg-type]
            await self._open(f"{service}-postgres", Proxy(self._socket(), self._sockets(service) / _SOCKET))
            self._spawn(service)
        for service in SERVICES:
            await self.up(service)

    async def _lay_ways(self) -> None:
        """The broker gets a listener for each service, which names the service's proxy as its address."""
        listeners = {service: _port() for service in SERVICES}
        for service in SERVICES:
            self._sockets(service).mkdir(mode=0o700)
            await self._open(f"{service}-http", Proxy(self._ports[service]))
            await self._open(f"{service}-kafka", Proxy(listeners[service]))
        settings = self._folder.kafka / "server.properties"
        text = settings.read_text()
        for service, port in listeners.items():
            name, proxied = service.upper(), self.ways[f"{service}-kafka"].at
            text = re.sub(r"^(listeners=.*)$", rf"\1,{name}://127.0.0.1:{port}", text, flags=re.M)
            text = re.sub(r"^(advertised.*)$", rf"\1,{name}://127.0.0.1:{proxied}", text, flags=re.M)
            text = re.sub(r"^(listener\.security.*)$", rf"\1,{name}:SASL_PLAINTEXT", text, flags=re.M)
            own = re.findall(r"^listener\.name\.client\.(.*)$", text, flags=re.M)
            text += "".join(f"listener.name.{service}.{line}\n" for line in own)
        settings.write_text(text)

    async def _open(self, name: str, way: Proxy) -> None:
        await way.open()
        self.ways[name] = way

    def _sockets(self, service: str) -> Path:
        return self.path / service

    def _socket(self) -> Path:
        return Path(str(self._server.url("members").query["host"])) / _SOCKET

    def _spawn(self, name: str) -> None:
        log = self.path / f"{name}.log"
        spawn = self._broker.spawn if name == KAFKA else self._serve[name]
        process = spawn(log)
        self._processes[name] = process
        self._guard.watch(process.pid)

    def _watch_postgres(self) -> None:
        self._postmaster = psutil.Process(
            int((self._folder.postgres / "postmaster.pid").read_text().split()[0])
        )
        self._guard.watch(self._postmaster.pid)

    def base(self, service: str) -> str:
        """Where the world reaches a service: through its proxy."""
        return f"http://127.0.0.1:{self.ways[f'{service}-http'].at}"

    def address(self, service: str) -> str:
        """Past the proxy."""
        return f"http://127.0.0.1:{self._ports[service]}"

    def token(self, subject: str) -> str:
        return self._issuer.token(subject, lifetime=6 * 3600)

    async def up(self, name: str) -> None:
        """Until it takes connections; one that has ended by itself is noted, and started again."""
        async with asyncio.timeout(UP_SECONDS):
            while name not in self._up:
                await self.start_again(name)
                if await self._answers(name):
                    self._up.add(name)
                else:
                    await asyncio.sleep(0.05)

    async def _answers(self, name: str) -> bool:
        if name == KAFKA:
            return await asyncio.to_thread(self._broker.answers)
        try:
            if name == POSTGRES:
                async with self.connected("postgres"):
                    return True
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(f"{self.address(name)}/livez")).status_code == 200
        except (httpx.TransportError, asyncpg.PostgresError, OSError):
            return False

    async def kill(self, name: str) -> bool:
        """SIGKILL, as a power cut would do it; returns when it has ended, and whether it ran."""
        self._up.discard(name)
        family, spawned = self._family(name), self._processes.pop(name, None)
        for process in family:
            kill(process.pid)
        await asyncio.to_thread(wait_for_end, family)
        if spawned is not None:
            await asyncio.to_thread(spawned.wait)
            self._guard.forget(spawned.pid)
        return bool(family)

    async def kill_backend(self, service: str) -> bool:
        """SIGKILL of one process of PostgreSQL, if possible one that serves the service: it then starts over.
        Whether there was one.
        """
        family = sorted(self._family(POSTGRES)[1:], key=lambda process: f": {service} " in _title(process))
        if family:
            self._up.discard(POSTGRES)
            kill(family[-1].pid)
        return bool(family)

    async def start_again(self, name: str) -> None:
        """Nothing where it runs."""
        if name == POSTGRES:
            async with self._starting:
                if not _runs(self._postmaster):
                    await self._server.stop()
                    await self._server.start()
                    self._guard.forget(self._postmaster.pid)
                    self._watch_postgres()
            return
        process = self._processes.get(name)
        if process is not None and process.poll() is not None:
            last = (self.path / f"{name}.log").read_text(errors="replace").strip().splitlines()[-1:]
            self.ended.append(f"{name} ended, status {process.returncode}: {' '.join(last)}")
            self._guard.forget(process.pid)
            del self._processes[name]
        if name not in self._processes:
            self._up.discard(name)
            self._spawn(name)

    def stop(self, name: str) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        self._signal(name, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """SIGCONT."""
        self._signal(name, signal.SIGCONT)

    def _signal(self, name: str, number: signal.Signals) -> None:
        for process in self._family(name):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _family(self, name: str) -> Sequence[psutil.Process]:
        try:
            if name != POSTGRES:
                return [psutil.Process(self._processes[name].pid)] if name in self._processes else []
            return [self._postmaster, *self._postmaster.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    async def take_relays_lock(self, service: str) -> None:
        """Ends the session by which the service's relay is the active one; not where PostgreSQL is away."""
        with suppress(asyncpg.PostgresError, OSError):
            async with self.connected(service) as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks l JOIN pg_database d"
                    " ON d.oid = l.database AND datname = current_database()"
                    " WHERE locktype = 'advisory' AND classid::bigint << 32 | objid::bigint = $1",
                    ACTIVE_RELAY,
                )

    @asynccontextmanager
    async def connected(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        """As the superuser, past the proxies."""
        async with connected(self._server, database) as connection:
            yield connection

    def copy_logs(self, to: Path) -> str:
        """Returns the last lines of each: what is copied does not outlive a few more test runs."""
        said = []
        for log in sorted({*self.path.glob("*.log"), *self._folder.path.glob("*.log*")}):
            shutil.copy(log, to)
            said += [f"{log.name}: {line}" for line in log.read_text(errors="replace").splitlines()[-LAST:]]
        return "\n".join(said)

    async def close(self) -> None:
        for name in PIECES:
            if name != POSTGRES or hasattr(self, "_postmaster"):
                self.go_on(name)
                await self.kill(name)
        await self._server.stop()
        for way in self.ways.values():
            await way.close()


@dataclass(frozen=True)
class _Told:
    """PostgreSQL and the broker, as a service is told where they are: at the proxies."""

    server: Server
    sockets: Path
    kafka: Proxy

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.kafka.at}"

    def url(self, database: str, role: str | None = None) -> URL:
        return self.server.url(database, role).update_query_dict({"host": str(self.sockets)})


@asynccontextmanager
async def started() -> AsyncIterator[Pieces]:
    """On an empty folder; entered and left by one task."""
    # Short and directly under /tmp, for the paths of the sockets.
    path = Path(tempfile.mkdtemp(prefix="alliance-fire-", dir="/tmp"))
    guard = Guard(path)
    try:
        with held(path / "data") as folder:
            pieces = Pieces(path, folder, guard)
            try:
                await pieces.start()
                yield pieces
            finally:
                await pieces.close()
    finally:
        shutil.rmtree(path, ignore_errors=True)
        guard.close()


_SOCKET: Final = ".s.PGSQL.5432"
_given: Final[set[int]] = set()


def _port() -> int:
    """Free, and none that the system gives to a connection while the piece that has it is down."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in _given and probe.connect_ex(("127.0.0.1", port)) != 0:
                _given.add(port)
                return port


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
