"""PostgreSQL, a broker and the four services, each a process of its own, under one supervisor here.

In order: what an earlier run left is ended; PostgreSQL and the broker; migrations and topics; the services.
The end is in the opposite order: the services drain while what they need is there.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import psutil
from aiokafka.errors import KafkaError
from sqlalchemy import URL

from embedded.databases import SERVICES
from embedded.folder import CannotStart, DataFolder
from embedded.postgres import Server, running
from embedded.secrets import KAFKA_ADMIN, kafka_password, kafka_passwords, load_or_make
from embedded.tokens import AUDIENCE, ISSUER, issuer_of
from events.brokers import Brokers, Contact, NotLetIn
from events.topics_kafka import WrongTopic
from processes.broker import Broker, free_ports
from processes.rights import prepare_topics
from processes.supervision import Child
from processes.whereabouts import EVERYTHING, KAFKA, Running, born, forget, stop_mark, tell, told

POOL: Final = 8
"""Connections a service to its database."""

_START_SECONDS: Final = 120
"""Recovery after a crash is part of it."""

_STOP_SECONDS: Final = 35
"""A service drains for 20 and flushes."""

Say = Callable[[str], None]


async def run(folder: DataFolder, port: int, say: Say, ready: Callable[[Mapping[str, str]], None]) -> None:
    """Until SIGTERM or SIGINT. The services have `port` and the next three; `ready` gets their URLs."""
    folder.require_log_in("kafka")
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with asyncio.TaskGroup() as group:
        living = group.create_task(_live(folder, port, say, ready))
        waiting = group.create_task(stopping.wait())
        await asyncio.wait([living, waiting], return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            say("Stopping: the services first, then the broker, then PostgreSQL.")
        living.cancel()
        waiting.cancel()


async def _live(folder: DataFolder, port: int, say: Say, ready: Callable[[Mapping[str, str]], None]) -> None:
    secrets = load_or_make(folder)
    issuer_of(folder)
    await asyncio.to_thread(_clear_the_way, folder)
    _require_free(port, len(SERVICES))
    passwords = kafka_passwords(folder)
    clients, controller = free_ports(2)
    broker = await asyncio.to_thread(Broker, folder.kafka, clients, controller, passwords)
    urls = {service: f"http://127.0.0.1:{port + place}" for place, service in enumerate(SERVICES)}
    children: dict[str, Child] = {}
    addresses = {KAFKA: broker.address, **urls}

    def changed() -> None:
        tell(folder, {name: _running(addresses[name], child.pid) for name, child in children.items()})

    def child(name: str, spawn: Callable[[Path], subprocess.Popen[bytes]]) -> Child:
        log = _new_log(folder, name)
        return Child(name, lambda: spawn(log), log, stop_mark(folder, name), say, changed, _STOP_SECONDS)

    await asyncio.to_thread(broker.format)
    kafka = children[KAFKA] = child(KAFKA, broker.spawn)
    try:
        kafka.start()  # a Java program takes its time: PostgreSQL comes up meanwhile
        async with _stopped(kafka), running(folder, secrets.passwords) as server, _stopped(kafka):
            async with asyncio.TaskGroup() as group:
                group.create_task(_topics(kafka, broker, passwords[KAFKA_ADMIN]))
                group.create_task(migrate_all(folder, server))
            for service, url in urls.items():
                children[service] = child(service, Serving(folder, server, broker, service, url))
            services = [children[service] for service in SERVICES]
            async with _stopped(*services), asyncio.TaskGroup() as group:
                for one in services:
                    one.start()
                async with httpx.AsyncClient(timeout=5) as client:
                    for one in services:
                        await one.wait_until(partial(_ready, client, urls[one.name]), _START_SECONDS)
                ready(urls)
                group.create_task(server.supervise())
                for one in children.values():
                    group.create_task(one.keep())
    finally:
        forget(folder)


@asynccontextmanager
async def _stopped(*children: Child) -> AsyncIterator[None]:
    """Stops them at the end, all at once; those that are stopped already stay so."""
    try:
        yield
    finally:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(child.stop())


async def _topics(kafka: Child, broker: Broker, password: str) -> None:
    brokers = Brokers(broker.address, KAFKA_ADMIN, password)
    contact = Contact(brokers)

    async def lets_in() -> bool:
        try:
            await contact.require()
        except (NotLetIn, KafkaError, OSError):
            return False
        return True

    try:
        await kafka.wait_until(lets_in, _START_SECONDS)
        await prepare_topics(brokers, copies=1)
    except (KafkaError, WrongTopic) as error:
        raise CannotStart(f"The topics are not as they must be: {error}") from error
    finally:
        contact.close()


async def migrate_all(folder: DataFolder, server: Server) -> None:
    """Brings each service's database to its newest form, as its owner. Raises CannotStart."""
    owners = {}
    for service in SERVICES:
        owner, prefix = f"{service}_owner", f"{service.upper()}_OWNER_"
        owners[f"{prefix}URL"] = _without_password(server, service, owner)
        owners[f"{prefix}PASSWORD_FILE"] = str(folder.secrets / f"password-{owner}")
    done = await asyncio.create_subprocess_exec(
        *_alliance("migrate", *SERVICES),
        env=_environment() | owners,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = await done.communicate()
    finally:
        if done.returncode is None:
            done.kill()
    if done.returncode != 0:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotStart(f"The databases could not be migrated: {' '.join(last)}")


@dataclass(frozen=True)
class Serving:
    """Starts a service, told its own settings and nobody else's."""

    folder: DataFolder
    server: Server
    broker: Broker
    service: str
    url: str

    def __call__(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                _alliance("serve", self.service, "--port", self.url.rsplit(":", 1)[1]),
                env=_environment()
                | {f"{self.service.upper()}_{name}": value for name, value in self._settings().items()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C at the terminal is for us, who stop it in its turn
            )

    def _settings(self) -> dict[str, str]:
        secrets = self.folder.secrets
        return {
            "DATABASE_URL": _without_password(self.server, self.service, self.service),
            "DATABASE_PASSWORD_FILE": str(secrets / f"password-{self.service}"),
            "DATABASE_POOL": str(POOL),
            "LOG_URL": f"kafka://{self.broker.address}",
            "LOG_PROTOCOL": "SASL_PLAINTEXT",
            "LOG_USER": self.service,
            "LOG_PASSWORD_FILE": str(kafka_password(self.folder, self.service)),
            "LOG_COPIES": "1",
            "JWKS": str(issuer_of(self.folder).jwks_path),
            "ISSUER": ISSUER,
            "AUDIENCE": AUDIENCE,
            "DEPLOYMENT_SECRET_FILE": str(secrets / "deployment"),
            **self._masters(),
            **self._witnesses(),
        }

    def _witnesses(self) -> dict[str, str]:
        """The one setting that a person at the terminal gives: hosts are nothing that a folder keeps."""
        told = os.environ.get("LEDGER_WITNESSES")
        return {"WITNESSES": told} if told and self.service == "ledger" else {}

    def _masters(self) -> dict[str, str]:
        """Each service seals with its own; the ledger opens them all."""
        if self.service != "ledger":
            return {"MASTER_FILE": str(self.folder.secrets / f"sealing-{self.service}")}
        return {
            f"{'LOG' if source == 'ledger' else source.upper()}_MASTER_FILE": str(
                self.folder.secrets / f"sealing-{source}"
            )
            for source in SERVICES
        }


def _alliance(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "embedded.command", *arguments]


def _environment() -> dict[str, str]:
    """Ours without any service's settings: those of the person at the terminal are about something else."""
    prefixes = tuple(f"{name.upper()}_" for name in (*SERVICES, "topics"))
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _without_password(server: Server, database: str, role: str) -> str:
    url = server.url(database, role)
    return URL.create(url.drivername, url.username, database=url.database, query=url.query).render_as_string()


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def _running(address: str, pid: int | None) -> Running:
    return Running(address, pid, born(pid) if pid is not None else None)


def _new_log(folder: DataFolder, name: str) -> Path:
    log = folder.path / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    return log


def _require_free(first: int, count: int) -> None:
    """Early: each service would say so itself, but when all else is started."""
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError as error:
                raise CannotStart(
                    f"Port {port} on 127.0.0.1 cannot be had ({error.strerror}): choose four others, --port."
                ) from None


def _clear_the_way(folder: DataFolder) -> None:
    """Ends what a killed supervisor left, services before the broker; forgets what was stopped alone."""
    left = told(folder)
    for name in reversed([name for name in EVERYTHING if name in left]):
        process = left[name].process()
        if process is not None:
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=_STOP_SECONDS)
            for one in alive:
                one.kill()
            psutil.wait_procs(alive, timeout=5)
    for name in EVERYTHING:
        stop_mark(folder, name).unlink(missing_ok=True)
    forget(folder)
