"""`alliance-audit replay` as an auditor runs it: its exit codes, and what it says."""

from collections.abc import Callable
from datetime import date
from json import loads
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from events.ids import AllianceId
from ledger.audit.command import app
from members.alliance.events import AllianceFounded
from members.charter.events import CharterPutInForce, Terms
from samples.books import Publisher
from samples.charter import charter
from samples.key_files import key_file
from samples.logs import ALLIANCE, KEY, event, opened, signer, write
from tlog.notes import Kind, Signer

A = UUID(int=1)
DAY = date(2025, 1, 2)


def replay(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(key_file(ALLIANCE, [A]).model_dump_json())
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An alliance is founded; then comes what no service publishes."""
    founded = event("members", 1, "alliance_founded", name="Trois-Rives", founder="c" * 32)
    return write(tmp_path / "log", [opened(), founded, event("members", 2)])


def test_the_first_entry_that_does_not_hold_is_named_with_the_command_that_shows_it(
    log: Path, keys: Path
) -> None:
    done = replay(log, "--keys", keys, "--json")
    assert done.exit_code == 1
    finding = loads(done.stdout)["finding"]
    assert (finding["code"], finding["entry"]) == ("unknown_type", 2)
    assert finding["show"].endswith(" 2")


def test_at_a_size_only_what_was_there_is_replayed(log: Path, keys: Path) -> None:
    done = replay(log, "--keys", keys, "--at-size", 2)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Holds: 2 entries")
    assert "the keys of all companies" in done.stdout
    assert replay(log, "--keys", keys, "--at-size", 4).exit_code == 2


def test_without_keys_it_says_that_nothing_sealed_was_opened(log: Path) -> None:
    assert "no keys: nothing that is sealed" in replay(log, "--at-size", 2).stdout


def test_keys_of_another_alliance_or_none_at_all_are_wrong_usage(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(key_file(UUID(int=9), [A]).model_dump_json())
    done = replay(log, "--keys", other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert str(UUID(int=9)) in done.stderr
    other.write_text('{"keys": {"members": {"x": ["secret"]}}}')
    done = replay(log, "--keys", other)
    assert done.exit_code == 2
    assert "secret" not in done.stderr
    assert replay(log, "--keys", tmp_path / "missing.json").exit_code == 2


def test_a_changed_entry_is_named_before_it_is_replayed(log: Path, keys: Path) -> None:
    bundle = next((log / "tile/entries").rglob("3"))
    bundle.write_bytes(bundle.read_bytes().replace(b"Trois-Rives", b"Trois-Vives"))
    done = replay(log, "--keys", keys, "--json")
    assert done.exit_code == 1
    assert (loads(done.stdout)["finding"]["code"], loads(done.stdout)["finding"]["entry"]) == (
        "changed_entry",
        1,
    )


@pytest.fixture
def witnessed(tmp_path: Path) -> Callable[..., Path]:
    """A log whose charter, in its last entry, asks for one witness; signed by the log and whoever else."""
    witness = signer("witness.example/one", 9, Kind.COSIGNATURE)

    def made(*signers: Signer) -> Path:
        members = Publisher("members", AllianceId(ALLIANCE))
        terms = Terms.model_validate(charter(witnesses=[str(witness.verifier)], witness_quorum=1))
        told = [
            AllianceFounded(name="Trois-Rives", founder="f" * 32),
            CharterPutInForce(version=1, from_day=DAY, terms=terms, preamble=None, decision=None),
        ]
        bodies = [members.publish(one, project="life", effective_on=DAY).body for one in told]
        return write(tmp_path / "log", [opened(), *bodies], KEY, *signers)

    return made


def test_the_whole_log_is_replayed_only_with_the_witnesses_that_its_charter_names(
    witnessed: Callable[..., Path], keys: Path
) -> None:
    log = witnessed()
    done = replay(log, "--keys", keys, "--json")
    assert done.exit_code == 1
    assert loads(done.stdout)["finding"]["code"] == "witnesses_missing"
    # As it was when it was smaller nobody has signed it here.
    done = replay(log, "--keys", keys, "--at-size", 2, "--json")
    assert (done.exit_code, loads(done.stdout).get("quorum")) == (0, None)
    witnessed(signer("witness.example/one", 9, Kind.COSIGNATURE))
    done = replay(log, "--keys", keys, "--json")
    assert (done.exit_code, loads(done.stdout)["quorum"]["number"]) == (0, 1)
    assert list(loads(done.stdout)["witnesses"]) == ["witness.example/one"]
    assert "needed: 1 of 1, charter version 1" in replay(log, "--keys", keys).stdout


def test_a_folder_whose_own_keys_are_none_is_found_also_where_others_are_pinned(
    witnessed: Callable[..., Path], keys: Path
) -> None:
    log = witnessed(signer("witness.example/one", 9, Kind.COSIGNATURE))
    (log / "keys").write_bytes(b"no key\n")
    done = replay(log, "--keys", keys, "--key", KEY.verifier, "--json")
    assert (done.exit_code, loads(done.stdout)["finding"]["code"]) == (1, "malformed_keys")


def test_what_is_no_file_of_the_log_is_found(witnessed: Callable[..., Path], keys: Path) -> None:
    log = witnessed(signer("witness.example/one", 9, Kind.COSIGNATURE))
    (log / "tile/x").write_bytes(b"")
    done = replay(log, "--keys", keys, "--json")
    assert (done.exit_code, loads(done.stdout)["finding"]["code"]) == (1, "stray_file")
