"""`alliance demo`: the first three chapters of the story, against the product as a person runs it."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from e2e.conftest import Played
from ledger.audit.journals.alphabet import account_name
from rigs.audited import audit, exported, key_file
from rigs.borrowed import BOOKKEEPERS, by_account


def test_the_demonstration_finds_the_figures_of_the_page(played: Played) -> None:
    assert (played.status, played.progress.splitlines()[-1].split()[0]) == (0, "334/334")
    assert "≠" not in played.printed
    rows = [line.split() for line in played.printed.splitlines()]
    of_dourvel = next(row for row in rows if row[:1] == ["Dourvel"])
    assert of_dourvel[:5] == ["Dourvel", "4,010.00", "4,010.00", "600.00", "600.00"]


def test_a_figure_that_differs_is_marked_and_ends_with_exit_status_1(played: Played, tmp_path: Path) -> None:
    story = tmp_path / "story"
    with as_file(files("demo").joinpath("story")) as original:
        shutil.copytree(original, story)
    expected = story / "expected.toml"
    text = expected.read_text(encoding="utf-8")
    assert '"968.00"' in text
    expected.write_text(text.replace('"968.00"', '"968.01"', 1), encoding="utf-8")
    demo = played.program.demo("--story", str(story))
    printed, said = demo.communicate(timeout=100)
    assert demo.returncode == 1
    assert printed.count("≠") == 1
    assert ["Clairvigne", "≠", "968.00", "968.01"] in [line.split()[:4] for line in printed.splitlines()]
    assert said.splitlines()[-1] == "Figures that are not as expected: 1, marked ≠."


@pytest.fixture(scope="module")
def audited(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's log, and the keys of all its members."""
    folder = tmp_path_factory.mktemp("audited")
    key_file(played.program, played.alliance, folder / "keys")
    exported(played.program, played.alliance, folder / "log")
    return folder


@pytest.mark.parametrize("form", BOOKKEEPERS)
def test_others_find_in_the_log_what_the_ledger_says_of_each_member(
    borrow: Callable[..., str], played: Played, audited: Path, form: str
) -> None:
    file, keeper = audited / f"journal.{form}", BOOKKEEPERS[form]
    audit("export", audited / "log", "--format", form, "--keys", audited / "keys", "--out", file)
    check, read = (borrow(program) for program in keeper.programs)
    keeper.check(check, file)
    found: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for (account, commodity), amount in by_account(keeper.balances(read, file)).items():
        found[(*account.split(":")[:3], commodity)] += amount
    told = played.program.get("demo-auditor", f"/ledger/v1/alliances/{played.alliance}/balances")
    assert len(told["members"]) > 10
    for one in told["members"]:
        for figure, account, sign in (
            ("contributed", "Expenses:Contributed", 1),
            ("received", "Income:Received", -1),
            ("pending", "Assets:Pending", 1),
        ):
            amount = one["figures"][figure]
            place = account_name(f"{account}:{one['member']}").split(":")
            assert sign * found[(*place, amount["currency"])] == Decimal(amount["amount"])


def test_the_report_of_the_log_has_the_figures_of_the_page(audited: Path) -> None:
    page = audited / "report.html"
    audit("report", audited / "log", "--keys", audited / "keys", "--out", page)
    text = page.read_text(encoding="utf-8")
    for figure in ("4,010.00", "−3,410.00", "0.1496"):
        assert f">{figure}<" in text
    assert "Nothing: of every entry" in text


def test_after_ctrl_c_and_another_start_balances_are_unchanged(played: Played) -> None:
    path = f"/ledger/v1/alliances/{played.alliance}/balances"
    before = played.program.get("demo-auditor", path)
    played.program.stop()
    played.program.start()
    assert played.program.get("demo-auditor", path) == before
    assert before["complete"]
