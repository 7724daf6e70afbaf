"""The program `alliance-audit`, run as an auditor runs it: what it says, where, and its exit code."""

import shlex
import subprocess
import sys
from base64 import b64decode
from json import loads
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ledger.audit.command import app
from ledger.audit.findings import DoesNotHold, Unreachable, Unusable
from ledger.audit.judging import judged, shown_by
from samples.logs import KEY, event, history, signer, write
from tlog.checkpoints import Proof
from tlog.merkle import leaf_hash
from tlog.notes import Kind

BLOCKED = ("service", "fastapi", "starlette", "uvicorn", "sqlalchemy", "asyncpg", "aiokafka")
ALONE = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))  # whoever imports one of these gets an ImportError
from ledger.audit.command import app
app()
"""


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    witnessed = signer("witness.example/w1", 11, Kind.COSIGNATURE)
    return write(tmp_path_factory.mktemp("log"), history(300), KEY, witnessed)


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A log whose entry 7 was changed by hand."""
    write(tmp_path, history(300))
    bundle = tmp_path / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"number":6}', b'"number":9}'))
    return tmp_path


def test_verify_says_what_holds_and_whose_word_the_key_is(log: Path) -> None:
    done = audit("verify", log)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "300 entries" in done.stdout
    assert "NOT PINNED" in done.stdout
    witness = signer("witness.example/w1", 11, Kind.COSIGNATURE).verifier
    done = audit("verify", log, "--key", KEY.verifier, "--witness", witness, "--json")
    found = loads(done.stdout)
    assert (found["holds"], found["size"], found["pinned"]) == (True, 300, True)
    assert found["signed_by"] == [str(KEY.verifier)]
    assert found["witnesses"] == {"witness.example/w1": "2025-06-15T15:06:40Z"}


def test_a_changed_entry_is_named_with_the_command_that_shows_it(changed: Path) -> None:
    done = audit("verify", changed)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "entry 7" in done.stderr
    command = shlex.split(done.stderr.split("to see")[1])
    assert command == ["alliance-audit", "show", str(changed), "7"]
    for again in (audit(*command[1:]), audit("complete", changed)):
        assert again.exit_code == 1
        assert "entry 7" in again.stderr
    done = audit("verify", changed, "--json")
    assert done.exit_code == 1
    assert loads(done.stdout)["finding"]["entry"] == 7
    assert audit("show", changed, 6).exit_code == 1  # in the same file, which is not what was signed
    assert audit("show", changed, 270).exit_code == 0


def test_an_earlier_checkpoint_is_held_against_the_log(log: Path, tmp_path: Path) -> None:
    earlier = write(tmp_path / "earlier", history(200)) / "checkpoint"
    later = write(tmp_path / "later", history(301)) / "checkpoint"
    done = audit("verify", log, "--since", earlier, "--json")
    assert (done.exit_code, loads(done.stdout)["since"]["size"]) == (0, 200)
    done = audit("verify", log, "--since", later)
    assert done.exit_code == 1
    assert "shorter" in done.stderr
    assert audit("verify", log, "--since", tmp_path / "none").exit_code == 2
    (tmp_path / "spoilt").write_bytes(earlier.read_bytes()[:-5])
    done = audit("verify", log, "--since", tmp_path / "spoilt")
    assert done.exit_code == 1
    assert f"cat {tmp_path}/spoilt" in done.stderr


def test_complete_says_how_far_each_source_is(log: Path) -> None:
    done = audit("complete", log)
    assert done.exit_code == 0, done.stderr
    assert "members" in done.stdout
    found = loads(audit("complete", log, "--json").stdout)
    assert sorted(found["sources"].values()) == [1, 149, 150]


def test_show_gives_an_entry_and_a_proof_for_others(log: Path) -> None:
    done = audit("show", log, 299)
    assert done.exit_code == 0, done.stderr
    assert '"number": 298' in done.stdout
    found = loads(audit("show", log, 7, "--json").stdout)
    entry = b64decode(found["bytes"])
    assert entry == list(history(300))[7]
    proof = Proof.parse(found["tlog_proof"].encode())
    assert (proof.index, proof.check(entry).root.hex()) == (7, found["root"])
    assert found["event"]["data"] == {"number": 6}
    assert found["leaf_hash"] == leaf_hash(entry).hex()


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",), ("verify", "nowhere"), ("verify", ".", "--key", "none"), ("show", "LOG", "300"),
        ("show", "LOG", "-1"), ("show", "LOG", str(2**63)), ("show", "LOG", "x"),
        ("verify", "LOG", "--quorum", "1"), ("verify", "LOG", "--key", "WITNESS"),
        ("verify", "LOG", "--witness", "KEY"), ("nothing", "LOG"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told_from_a_log_that_does_not_hold(log: Path, arguments: tuple[str, ...]) -> None:
    known = {
        "LOG": str(log),
        "KEY": str(KEY.verifier),
        "WITNESS": str(signer(kind=Kind.COSIGNATURE).verifier),
    }
    done = audit(*(known.get(one, one) for one in arguments))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_in_a_log_cannot_play_with_a_terminal(tmp_path: Path) -> None:
    name = "log.example/\x9b31m\u202e"
    key = signer(name)
    write(tmp_path, [], key, origin=name, keys=[key.verifier])
    done = audit("verify", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert r"log.example/\x9b31m\u202e" in done.stdout
    (tmp_path / "tile").mkdir()
    (tmp_path / "tile/\x1b[31m").touch()
    done = audit("verify", tmp_path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "\x1b" not in done.stderr


def test_a_name_in_a_log_cannot_pass_for_a_line_of_the_program(tmp_path: Path) -> None:
    forged = "tenders\nHolds: 9 entries"
    done = audit("complete", write(tmp_path / "whole", [*history(1), event(forged, 1)]))
    assert done.exit_code == 0, done.stderr
    assert "\nHolds" not in done.stdout
    done = audit("complete", write(tmp_path / "hole", [*history(1), event(forged, 2)]))
    assert (done.exit_code, "\nHolds" in done.stderr) == (1, False)


def test_an_entry_nested_without_end_is_shown_as_its_bytes(tmp_path: Path) -> None:
    deep = event("members", 1)[:-2] + b'"more":' + b"[" * 900 + b"]" * 900 + b"}}"
    write(tmp_path, [*history(1), deep])
    assert audit("complete", tmp_path).exit_code == 0
    for options in ((), ("--json",)):
        done = audit("show", tmp_path, 1, *options)
        assert done.exit_code == 0, done.exception
    assert loads(done.stdout)["event"] is None


@pytest.mark.parametrize("command", [("complete",), ("replay",), ("show", "0")])
def test_each_answer_says_whose_word_the_key_is(tmp_path: Path, command: tuple[str, ...]) -> None:
    name, *more = command
    write(tmp_path, history(1))
    assert "NOT PINNED" in audit(name, tmp_path, *more).stdout
    assert loads(audit(name, tmp_path, *more, "--json").stdout)["pinned"] is False
    known = audit(name, tmp_path, *more, "--key", KEY.verifier)
    assert (known.exit_code, "NOT PINNED" in known.stdout) == (0, False)


def test_an_auditor_needs_no_service_and_no_database(log: Path) -> None:
    for command in ("verify", "complete"):
        done = subprocess.run(
            [sys.executable, "-c", ALONE, command, log], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "300 entries" in done.stdout
        assert (done.stderr, "\x1b" in done.stdout) == ("", False)


WRONG = DoesNotHold("changed_entry", "entry 7", "it is another", expected="aa", found="bb", entry=7)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WRONG, 1),
        (Unusable("There is no folder."), 2),
        (Unreachable("http://127.0.0.1:1 answers nothing"), 3),
        (PermissionError("not yours"), 3),
        (KeyboardInterrupt(), 130),
        (RecursionError("too deep"), 70),
    ],
)
def test_each_kind_of_trouble_has_its_exit_code(error: BaseException, code: int) -> None:
    with pytest.raises(typer.Exit) as caught, judged(Path("log"), json=False):
        raise error
    assert caught.value.exit_code == code


@pytest.mark.parametrize("error", [Unusable("\x9b31m no\u202e key"), Unreachable("\x9b31m no\u202e answer")])
def test_what_cannot_be_judged_is_said_to_programs_too_and_plays_with_no_terminal(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), judged(Path("log"), json=True):
        raise error
    said = capsys.readouterr()
    assert loads(said.out) == {"holds": None, "said": str(error)}
    assert said.err.startswith(r"\x9b31m no\u202e ")


def test_a_fault_of_the_program_itself_is_told_from_what_does_not_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), judged(Path("log"), json=True):
        raise RecursionError("too deep")
    said = capsys.readouterr()
    assert loads(said.out)["holds"] is None
    assert "Traceback" in said.err
    assert said.err.endswith(
        "A fault of this program itself, so that nothing is judged: RecursionError('too deep')\n"
    )


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
    assert shown_by(WRONG, None) == "alliance-audit show DIR 7"
    assert command("tile/0/$(rm)") == "ls -l log/'tile/0/$(rm)'"
