"""kill -9 of the product and of PostgreSQL in the middle of the demonstration: nothing is lost or doubled."""

import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from e2e.conftest import Played
from rigs.program import Program, alliance_in

SEED = 20250102


def strikes(program: Program, commands: int) -> dict[int, Callable[[], None]]:
    """What is killed while which command is on its way; the product is started again where nobody else would.

    The first commands are left alone: what has never answered the demonstration does not wait for.
    """

    def program_alone() -> None:
        program.kill()
        program.start()

    def everything() -> None:
        program.kill()
        program.kill_postgres()
        program.start()

    kinds = [program_alone, program.kill_postgres, everything, program.kill_postgres, program_alone]
    moments = random.Random(SEED).sample(range(2, commands), len(kinds))
    return dict(zip(moments, kinds, strict=True))


@pytest.mark.timeout(900)
def test_what_was_answered_is_there_once_whatever_is_killed_while_the_demonstration_runs(
    played: Played,
) -> None:
    program = played.program
    commands = len(played.progress.splitlines())
    waiting = strikes(program, commands)
    demo = program.demo()
    printed: list[str] = []
    assert demo.stdout is not None
    assert demo.stderr is not None
    reader = threading.Thread(target=lambda out: printed.append(out.read()), args=[demo.stdout])
    reader.start()
    try:
        said = ""
        for said in demo.stderr:
            if strike := waiting.pop(int(said.split("/")[0]), None):
                strike()
        assert demo.wait() == 0, said
    finally:
        demo.kill()
        demo.wait()
        reader.join()
        demo.stdout.close()
        demo.stderr.close()
    assert waiting == {}
    assert _figures(printed[0]) == _figures(played.printed)

    alliance = alliance_in(printed[0])
    for service in ("members", "purchasing", "tenders"):
        assert program.events(service, alliance) == program.events(service, played.alliance)
    # The ledger has every event of every source once, in whatever order the sources came.
    assert _entries(program, alliance) == _entries(program, played.alliance)


def _entries(program: Program, alliance: str) -> Counter[tuple[str, str, str]]:
    """Without what another test has an operator do."""
    found = program.events("ledger", alliance)
    return Counter(entry for entry in found if entry[0] != "alliance.ledger.keys_exported.v1")


def _figures(printed: str) -> str:
    """Without the last two lines, which name the alliance."""
    return printed.partition("Alliance ")[0]
