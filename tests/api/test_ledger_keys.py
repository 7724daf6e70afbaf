"""An operator's commands about keys, given beside the running product."""

import asyncio
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

import processes.keys
from embedded.command import app
from embedded.folder import CannotStart
from events.ids import AllianceId
from ledger.audit.keys import KeyFile
from rigs.product import Founded, Product
from tlog.notes import Note, Verifier


@pytest.fixture(scope="module")
async def founded(product: Product) -> Founded:
    founded = await product.found(3)
    await product.quiet()
    return founded


async def alliance(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    data = product.jwks.parent.parent
    command = [str(Path(sys.executable).with_name("alliance")), "keys", *arguments, "--data", str(data)]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


async def exported(product: Product, founded: Founded) -> list[dict[str, object]]:
    """What the log tells of keys that were handed out."""
    bodies = await product.rows(
        "ledger",
        "SELECT body FROM events WHERE alliance_id = $1 AND type = 'alliance.ledger.keys_exported.v1'"
        " ORDER BY sequence",
        founded.id,
    )
    return [json.loads(row["body"])["data"] for row in bodies]


async def test_a_key_file_is_its_owners_only_and_the_log_tells_of_it_to_everybody(
    product: Product, founded: Founded, tmp_path: Path
) -> None:
    company, file = founded.companies[1], tmp_path / "keys.json"
    asked = (
        "export",
        "--alliance",
        str(founded.id),
        "--company",
        str(company),
        "--for",
        "director",
        str(file),
    )
    done = await alliance(product, *asked)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    keys = KeyFile.read(file)
    assert (keys.alliance, keys.company) == (founded.id, company)
    assert {name: list(owned) for name, owned in keys.keys.items()} == {
        name: [company] for name in product.services
    }
    [told] = await exported(product, founded)
    assert told["fingerprint"] == sha256(file.read_bytes()).hexdigest()
    # The running ledger relays, publishes and signs it like any other entry.
    await product.quiet()
    log = (await founded.directors[0].get(founded.path("ledger", "/log"))).json()
    path = founded.path("ledger", f"/entries/{log['log_size'] - 1}")
    assert (await founded.directors[0].get(path)).json()["event"]["data"] == told
    assert log["checkpoint_size"] == log["log_size"]
    # It is not written over.
    with pytest.raises(CannotStart, match="is there already"):
        processes.keys.require_place(file)


async def test_what_is_not_known_is_refused_in_one_sentence(product: Product, founded: Founded) -> None:
    before = await exported(product, founded)
    data = product.jwks.parent.parent
    with pytest.raises(CannotStart, match="knows no alliance"):
        await processes.keys.exported(data, AllianceId(uuid4()), None, None)
    with pytest.raises(CannotStart, match="knows no company"):
        await processes.keys.exported(data, AllianceId(founded.id), uuid4(), None)
    with pytest.raises(CannotStart, match="no checkpoint"):
        await processes.keys.log_keys(data, AllianceId(uuid4()))
    assert await exported(product, founded) == before


def test_whom_keys_are_for_is_told_without_a_name() -> None:
    asked = ["keys", "export", "--alliance", str(uuid4()), "--for", "Mme Aubrelle", "-"]
    assert CliRunner().invoke(app, asked).exit_code == 2


async def test_who_dies_between_the_record_and_the_file_leaves_the_record_alone(
    product: Product, founded: Founded, tmp_path: Path
) -> None:
    before = await exported(product, founded)
    data = product.jwks.parent.parent
    keys = await processes.keys.exported(data, AllianceId(founded.id), founded.companies[0], None)
    # Here it dies: the keys are in its memory, and the log tells of them already.
    told = (await exported(product, founded))[len(before) :]
    assert [one["fingerprint"] for one in told] == [sha256(keys).hexdigest()]
    processes.keys.write(tmp_path / "keys.json", keys)
    assert KeyFile.read(tmp_path / "keys.json").company == founded.companies[0]


def test_keys_go_to_the_standard_output_where_it_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    processes.keys.require_place(Path("-"))
    processes.keys.write(Path("-"), b"keys\n")
    assert capsys.readouterr().out == "keys\n"
    leader, terminal = os.openpty()
    try:
        with os.fdopen(terminal, "w") as shown:
            monkeypatch.setattr(sys, "stdout", shown)
            with pytest.raises(CannotStart, match="not shown on a terminal"):
                processes.keys.require_place(Path("-"))
    finally:
        os.close(leader)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotStart):
        processes.keys.require_place(tmp_path / "nowhere" / "keys.json")


async def test_the_keys_of_a_log_are_those_that_signed_its_checkpoint(
    product: Product, founded: Founded
) -> None:
    found = await processes.keys.log_keys(product.jwks.parent.parent, AllianceId(founded.id))
    checkpoint = await founded.directors[0].get(founded.path("ledger", "/log/checkpoint"))
    keys = [Verifier.parse(key) for key in found]
    assert set(Note.parse(checkpoint.content).times(keys)) == set(keys) != set()
