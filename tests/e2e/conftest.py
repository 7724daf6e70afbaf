"""The product in both its forms as a person runs it, started once for the tests that use it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rigs.processes import Processes
from rigs.program import Program, alliance_in


@dataclass(frozen=True)
class Played:
    """How the demonstration ended, in which alliance of the running program."""

    program: Program
    status: int
    printed: str
    progress: str
    alliance: str


@pytest.fixture(scope="session")
def played() -> Iterator[Played]:
    program = Program()
    try:
        program.start()
        demo = program.demo()
        printed, progress = demo.communicate(timeout=100)
        yield Played(program, demo.returncode, printed, progress, alliance_in(printed))
    finally:
        program.close()


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    """Four services as processes of their own over a broker, all of them running."""
    processes = Processes()
    try:
        processes.start()
        yield processes
    finally:
        processes.close()
