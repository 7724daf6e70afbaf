"""The program `alliance-audit`, run as an auditor runs it: what it says, where, and its exit code."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ledger.audit.command import judged, shown_by
from ledger.audit.findings import DoesNotHold, Unreachable, Unusable

BLOCKED = ("service", "fastapi", "starlette", "uvicorn", "sqlalchemy", "asyncpg", "aiokafka")
ALONE = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))  # whoever imports one of these gets an ImportError
from ledger.audit.command import app
app()
"""


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`alliance-audit` without anything that services are made of."""
    return subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_an_auditor_needs_no_service_and_no_database() -> None:
    done = audit("--help")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout


WRONG = DoesNotHold("changed_entry", "entry 7", "it is another", expected="aa", found="bb", entry=7)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WRONG, 1),
        (Unusable("There is no folder."), 2),
        (Unreachable("http://127.0.0.1:1 answers nothing"), 3),
        (PermissionError("not yours"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_trouble_has_its_exit_code(error: BaseException, code: int) -> None:
    with pytest.raises(typer.Exit) as caught, judged(Path("log"), json=False):
        raise error
    assert caught.value.exit_code == code


def test_what_does_not_hold_says_where_what_and_how_to_see_it(capsys: pytest.CaptureFixture[str]) -> None:
    for json in (False, True):
        with pytest.raises(typer.Exit), judged(Path("a log"), json=json):
            raise WRONG
    said = capsys.readouterr()
    for part in ("entry 7", "it is another", "aa", "bb", "alliance-audit show 'a log' 7"):
        assert part in said.err
        assert part in said.out
    assert said.out.startswith('{\n  "holds": false')


def test_the_command_that_shows_a_file_fits_what_is_wrong_with_it() -> None:
    def command(at: str) -> str:
        return shown_by(DoesNotHold("missing", at, "", expected="", found=""), Path("log"))

    assert command("tile/0/000") == "ls -l log/tile/0/000"
    assert command("checkpoint") == "cat log/checkpoint"
    assert command("http://log.example/checkpoint").startswith("curl ")
    assert command("tile/0/$(rm)") == "ls -l log/'tile/0/$(rm)'"
