"""`alliance-audit export` and `report`: from a log's folder and a key file to journals and a page."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from events.envelope import Event
from events.ids import AllianceId
from ledger.audit.command import app
from ledger.audit.journals import FORMATS
from ledger.audit.journals.alphabet import account_name
from ledger.audit.keys import KeyFile
from ledger.audit.replay import Replay
from ledger.audit.sums import Sums
from ledger.posting.rules import sources
from members.alliance.events import AllianceFounded
from members.charter.events import CharterPutInForce, Terms
from members.membership.events import FounderJoined
from rigs.borrowed import BOOKKEEPERS, by_account
from samples.books import Publisher
from samples.charter import charter
from samples.key_files import KNOWN, key_file
from samples.logs import KEY, opened, write

ALLIANCE = AllianceId(UUID(int=7))
A, B = UUID(int=0xA), UUID(int=0xB)
FOLLOWED = {**KNOWN, "members": sources()["members"]}
HOSTILE = 'Bois "& Fils"\n2025-01-01 * forged ; [2025-05-05] date: 2020-01-01 <script>'


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def entries() -> Iterator[bytes]:
    members, purchasing, tenders = (
        Publisher(name, ALLIANCE) for name in ("members", "purchasing", "tenders")
    )

    def told(event: Event) -> bytes:
        return members.publish(event, project="life", effective_on=date(2025, 1, 1)).body

    yield opened(alliance=ALLIANCE)
    yield told(AllianceFounded(name="Les Trois-Rives", founder="f" * 32))
    terms = Terms.model_validate(charter())
    yield told(
        CharterPutInForce(version=1, from_day=date(2025, 1, 1), terms=terms, preamble=None, decision=None)
    )
    yield told(FounderJoined(company=A, name="Acier Durand"))
    yield told(FounderJoined(company=B, name=HOSTILE))
    gave = purchasing.gave(A, "1500.00")
    yield gave.body
    yield purchasing.gave(A, "1234.50", effective_on=date(2025, 2, 3)).body
    yield purchasing.taken_back(gave).body
    yield tenders.got(B, "77.70", project="lot/1").body
    yield tenders.owed(UUID(int=9), A, B, "12.00", date(2025, 5, 1)).body
    yield purchasing.got(A, "0.10").body


@pytest.fixture(autouse=True)
def _followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.audit.replay.known_sources", lambda: FOLLOWED)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("log"), entries())


def keys(folder: Path, company: UUID | None = None) -> Path:
    file = folder / "keys.json"
    file.write_text(key_file(ALLIANCE, [A, B], company).model_dump_json())
    return file


def ours(file: Path) -> dict[tuple[str, str], Decimal]:
    """Balances by the journal's names of accounts, as replaying with these keys has them."""
    log, sums = list(entries()), Sums()
    for one in Replay(KeyFile.read(file), log.__getitem__, FOLLOWED).over(log):
        sums.add(one.posted)
    return {
        (account_name(account.name), account.commodity): amount
        for account, amount in sums.accounts.items()
        if amount
    }


@pytest.mark.parametrize("company", [None, A, B])
@pytest.mark.parametrize("form", BOOKKEEPERS)
def test_others_find_the_balances_that_replaying_finds(
    borrow: Callable[..., str], log: Path, tmp_path: Path, form: str, company: UUID | None
) -> None:
    file, keeper = tmp_path / "journal", BOOKKEEPERS[form]
    opened_by = keys(tmp_path, company)
    done = audit("export", log, "--format", form, "--keys", opened_by, "--out", file)
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    check, read = (borrow(program) for program in keeper.programs)
    keeper.check(check, file)
    assert by_account(keeper.balances(read, file)) == ours(opened_by)
    assert len(ours(opened_by)) == {None: 8, A: 6, B: 4}[company]


@pytest.mark.parametrize("form", FORMATS)
def test_a_journal_goes_to_stdout_and_what_was_opened_to_stderr(log: Path, tmp_path: Path, form: str) -> None:
    done = audit("export", log, "--format", form, "--keys", keys(tmp_path, A))
    assert (done.exit_code, "entries post what they do not open" in done.stderr) == (0, True)
    again = audit("export", log, "--format", form, "--keys", keys(tmp_path, A))
    assert done.stdout_bytes == again.stdout_bytes
    assert b"1234.50" in done.stdout_bytes
    assert b"77.70" not in done.stdout_bytes


def test_without_keys_nothing_that_is_sealed_is_exported(log: Path) -> None:
    done = audit("export", log, "--format", "csv")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert "With no keys: 5 entries" in done.stderr


def test_a_report_says_who_gave_and_got_and_what_was_checked(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = audit("report", log, "--keys", keys(tmp_path), "--out", page, "--key", KEY.verifier)
    assert done.exit_code == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    for said in (
        "Les Trois-Rives",
        "Acier Durand",
        "1,234.50",
        "77.70",
        "no event is missing",
        "pinned with",
    ):
        assert said in text
    assert "NOT PINNED" not in text
    assert "<script>" not in text
    # It holds figures: nobody else on the machine may read it.
    assert page.stat().st_mode & 0o077 == 0


def test_a_report_says_whose_word_the_key_is_and_whose_lines_it_shows(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert audit("report", log, "--keys", keys(tmp_path, A), "--out", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "NOT PINNED" in text
    assert "It shows the lines of Acier Durand, opened with its keys." in text
    assert "77.70" not in text
    # Of the other one line shows in passing, what it owes: as if it had given and got nothing.
    assert f"member-{B}" not in text
    assert re.search(r"Got</th><td[^>]*>1</td>", text)


@pytest.mark.parametrize("arguments", [("report", "--out"), ("export", "--format", "csv", "--out")])
def test_what_does_not_hold_leaves_no_file(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    log, out = write(tmp_path / "log", entries()), tmp_path / "out"
    bundle = next((log / "tile/entries").rglob("*.p/*"))
    bundle.write_bytes(bundle.read_bytes().replace(b"Acier", b"Adier"))
    done = audit(arguments[0], log, *arguments[1:], out)
    assert done.exit_code == 1
    assert "entry 3" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_wrong_usage_is_told_from_what_does_not_hold(log: Path, tmp_path: Path) -> None:
    assert audit("export", log, "--format", "excel").exit_code == 2
    assert audit("export", log, "--format", "csv", "--keys", tmp_path / "none").exit_code == 2
    assert audit("report", log, "--out", tmp_path / "none" / "page.html").exit_code == 2
    assert audit("report", log, "--out", tmp_path).exit_code == 2
    other = tmp_path / "other.json"
    other.write_text(key_file(UUID(int=8), [A]).model_dump_json())
    done = audit("export", log, "--format", "csv", "--keys", other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"The keys are those of alliance {UUID(int=8)}" in done.stderr
    assert audit("report", tmp_path / "none", "--out", tmp_path / "page.html").exit_code == 2
