"""The fixtures that every kind of test shares: real servers, started once for the test run."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rigs import borrowed
from rigs.kafka import Kafka
from rigs.postgres import Postgres
from rigs.stack import missing_engine

if TYPE_CHECKING:
    from rigs.product import Product

NOT_TESTED = pytest.StashKey[dict[str, str]]()
"""What is left out on this machine, and why: the end of the run says it, whichever process found out."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOT_TESTED] = {}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of the test run. Who stops or kills one starts one of its own: `Postgres()`."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The name of an empty database that is dropped after the test."""
    name = await postgres.create_database()
    try:
        yield name
    finally:
        await postgres.drop_database(name)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    """The Kafka broker of the test run. Who stops or kills it starts it again.

    Where none can be started its tests are skipped, and the end of the run says so; with CI=true they fail.
    """
    try:
        broker = Kafka()
    except Exception as error:
        if os.environ.get("CI") == "true":
            raise
        reason = f"no Kafka broker could be started: {error!r}"
        request.config.stash[NOT_TESTED]["on Kafka"] = reason
        pytest.skip(reason)
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def borrow(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Finds another's program by its name, or the first of several; `make` fetches them.

    Where it is absent the test is skipped, and the end of the run says so; with CI=true it fails.
    """

    def found(*names: str) -> str:
        if program := borrowed.find(*names):
            return program
        reason = f"{' or '.join(names)} is neither in {borrowed.FETCHED} nor on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(f"NOT TESTED: {reason}", pytrace=False)
        request.config.stash[NOT_TESTED][f"with {names[0]}"] = reason
        pytest.skip(reason)

    return found


@pytest.fixture(scope="session")
async def product() -> AsyncIterator["Product"]:
    """The whole product in this process, shared by the test run: found an alliance of your own in it."""
    from rigs.product import kept_running  # noqa: PLC0415 - a unit test need not load four services

    async for one in kept_running():
        yield one


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves the compose stack out where no engine is, also with CI=true: the end of the run says so."""
    if collection_path.name == "test_compose.py" and (reason := missing_engine()):
        config.stash[NOT_TESTED]["compose"] = reason
        return True
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["not_tested"] = session.config.stash[NOT_TESTED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of several processes of the run has ended: what it found out is said by the first of them."""
    node.config.stash[NOT_TESTED].update(getattr(node, "workeroutput", {}).get("not_tested", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for what, reason in config.stash[NOT_TESTED].items():
        terminalreporter.section(f"NOT TESTED: {what}", sep="!", red=True, bold=True)
        terminalreporter.line(reason)
