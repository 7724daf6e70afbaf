"""One service in a process of its own, told by environment variables alone, here or in a container.

What it needs and cannot reach is waited for, visibly: the log names it, `/readyz` is not ready without the
database or its migrations, and shows brokers that are down (commands are taken without them, their events
wait). A setting that is wrong ends the process with one sentence and exit status 1.
"""

import asyncio
from collections.abc import Awaitable, Callable
from socket import socket
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from events.brokers import Brokers, Contact, NotLetIn
from events.errors import DatabaseUnavailable
from events.log import topic_of
from events.log_kafka import KafkaLog
from events.store import Store
from events.topics_kafka import WrongTopic, check_topics
from processes.faults import WrongSetting, of_brokers, of_database
from processes.parts import parts_of
from processes.rights import READS
from service.serve import serve
from service.settings import Settings, load

LOOK_SECONDS: Final = 2.0
"""How often is looked whether the brokers are there, and at whatever was not reached yet."""

ANSWER_SECONDS: Final = 5.0
"""Who says nothing for so long is down."""

_log = structlog.get_logger(__name__)


async def serve_service(service: str, listener: socket) -> None:
    """Until SIGTERM or SIGINT. Ends the program with one sentence where a setting is wrong."""
    parts = parts_of(service)
    prefix = f"{service.upper()}_"
    settings = load(parts.settings)
    try:
        brokers = settings.brokers()
    except ValueError as error:
        raise SystemExit(f"{prefix}{error}.") from None
    drain = asyncio.Event()
    log = KafkaLog(brokers)
    app = parts.create(settings, log, drain)
    watch = _Watch(app, service, settings, brokers)
    try:
        await watch.look()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch.run())
            try:
                await serve(app, listener)
            finally:
                watching.cancel()
                if watch.fault is not None:
                    raise watch.fault  # rather than how the service failed of it
    except* WrongSetting:
        pass
    finally:
        await log.close()
    if watch.fault is not None:
        raise SystemExit(str(watch.fault))


class _Watch:
    """Looks at database and brokers: whether they are there and, when first reached, whether settings are
    right.

    A setting that proves wrong is kept in `fault`, and the service drained. What is found right is not judged
    again: a password that is changed later is the business of whoever changes it.
    """

    def __init__(self, app: FastAPI, service: str, settings: Settings, brokers: Brokers) -> None:
        self._shown: dict[str, str] = app.state.dependencies
        self._drain: asyncio.Event = app.state.drain
        self._service = service
        self._prefix = f"{service.upper()}_"
        self._settings = settings
        self._brokers = brokers
        self._contact = Contact(brokers)
        self._right: set[str] = set()
        self.fault: WrongSetting | None = None

    async def run(self) -> None:
        try:
            while not self._drain.is_set():
                await asyncio.sleep(LOOK_SECONDS)
                await self.look()
        except WrongSetting:
            self._drain.set()
        finally:
            self._contact.close()

    async def look(self) -> None:
        """Raises WrongSetting."""
        try:
            if "database" not in self._right:
                await self._note("database", self._database)
            await self._note("log", self._log)
        except WrongSetting as error:
            self.fault = error
            raise

    async def _note(self, name: str, check: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await check()
        except (KafkaError, OSError, TimeoutError, DatabaseUnavailable) as error:
            state = "down"
            if self._shown.get(name) != state:
                _log.warning("dependency_down", dependency=name, error=type(error).__name__)
        else:
            state = "ok"
            if self._shown.get(name) != state:
                _log.info("dependency_up", dependency=name)
            self._right.add(name)
        self._shown[name] = state
        if name == "database" and name in self._right:
            del self._shown[name]  # from now on it is a check of readiness

    async def _database(self) -> None:
        store = Store.connect(self._settings.database(), pool_size=1)
        try:
            async with store.single() as transaction:
                await transaction.raw.fetchval("SELECT 1")
        except DBAPIError as error:
            if fault := of_database(error, f"{self._prefix}DATABASE_URL"):
                raise fault from error
            raise DatabaseUnavailable from error
        finally:
            await store.close()

    async def _log(self) -> None:
        try:
            await self._contact.require()
            if "log" not in self._right:
                topics = [topic_of(one) for one in (self._service, *READS[self._service])]
                await check_topics(self._brokers, topics, copies=self._settings.log_copies)
        except NotLetIn as error:
            if "log" in self._right:
                raise KafkaError from error
            raise of_brokers(error, self._prefix) from error
        except WrongTopic as error:
            raise WrongSetting(f"{error} ({self._prefix}LOG_URL, {self._prefix}LOG_COPIES)") from error
