"""`show` with keys: figures opened, and what an entry posts."""

from collections.abc import Iterator
from json import loads
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from events.ids import AllianceId
from ledger.audit.command import app
from samples.books import Publisher
from samples.key_files import KNOWN, key_file
from samples.logs import opened, write

ALLIANCE = AllianceId(UUID(int=7))
A, B = UUID(int=0xA), UUID(int=0xB)
GAVE, GOT, TAKEN_BACK = 1, 2, 3


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def entries() -> Iterator[bytes]:
    purchasing, tenders = Publisher("purchasing", ALLIANCE), Publisher("tenders", ALLIANCE)
    yield opened(alliance=ALLIANCE)
    gave = purchasing.gave(A, "1500.00")
    yield gave.body
    yield tenders.got(B, "77.70", project="lot/1").body
    yield purchasing.taken_back(gave).body


@pytest.fixture(autouse=True)
def _followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.audit.replay.known_sources", lambda: KNOWN)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "log", entries())


def keys(folder: Path, company: UUID | None = None) -> Path:
    file = folder / "keys.json"
    file.write_text(key_file(ALLIANCE, [A, B], company).model_dump_json())
    return file


def test_with_keys_an_entry_shows_its_figures_and_what_it_posts(log: Path, tmp_path: Path) -> None:
    found = loads(audit("show", log, GAVE, "--keys", keys(tmp_path), "--json").stdout)
    assert found["event"]["data"]["value"]["open"] == {"amount": "1500.00", "currency": "EUR"}
    assert {leg["amount"] for leg in found["postings"]} == {"1500.00", "-1500.00"}
    assert (found["sealed"], found["booked_on"]) == (False, found["event"]["effectiveon"])
    # A reversal tells what was posted long before.
    back = loads(audit("show", log, TAKEN_BACK, "--keys", keys(tmp_path), "--json").stdout)
    assert [leg["account"] for leg in back["postings"]] == [leg["account"] for leg in found["postings"]]
    said = audit("show", log, TAKEN_BACK, "--keys", keys(tmp_path)).stdout
    assert "Expenses:Contributed" in said
    assert "1500.00 EUR" in said


def test_with_one_companys_keys_the_others_figures_stay_sealed(log: Path, tmp_path: Path) -> None:
    own = keys(tmp_path, A)
    assert "1500.00" in audit("show", log, GAVE, "--keys", own).stdout
    done = audit("show", log, GOT, "--keys", own)
    assert (done.exit_code, "77.70" in done.stdout) == (0, False)
    assert "Posts nothing that these keys open" in done.stdout
    assert loads(audit("show", log, GOT, "--keys", own, "--json").stdout)["sealed"] is True
    assert "open" not in audit("show", log, GOT).stdout.split('"data"')[1]


def test_a_figure_that_was_moved_from_another_event_is_not_opened(tmp_path: Path) -> None:
    first, second = Publisher("purchasing", ALLIANCE), Publisher("purchasing", ALLIANCE)
    there, here = first.gave(A, "1.00"), second.gave(A, "1.00")
    moved = here.body.replace(
        here.head.envelope["data"]["value"]["sealed"].encode(),
        there.head.envelope["data"]["value"]["sealed"].encode(),
    )
    assert moved != here.body
    log = write(tmp_path / "log", [opened(alliance=ALLIANCE), moved])
    done = audit("show", log, 1, "--keys", keys(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "entry 1" in done.stderr


def test_keys_that_are_none_are_wrong_usage_and_never_said(log: Path, tmp_path: Path) -> None:
    file = keys(tmp_path)
    secret = next(iter(loads(file.read_text())["keys"]["purchasing"].values()))[0]
    file.write_text(file.read_text().replace(secret, secret[:-1]))
    done = audit("show", log, GAVE, "--keys", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert secret[:-1] not in done.stderr
    assert audit("show", log, GAVE, "--keys", tmp_path / "none").exit_code == 2
