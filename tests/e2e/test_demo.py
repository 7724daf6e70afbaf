"""`alliance demo`: the first three chapters of the story, against the product as a person runs it."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from e2e.conftest import Played


def test_the_demonstration_finds_the_figures_of_the_page(played: Played) -> None:
    assert (played.status, played.progress.splitlines()[-1].split()[0]) == (0, "331/331")
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
    assert text.count('"968.00"') == 1
    expected.write_text(text.replace('"968.00"', '"968.01"'), encoding="utf-8")
    demo = played.program.demo("--story", str(story))
    printed, said = demo.communicate(timeout=100)
    assert demo.returncode == 1
    assert printed.count("≠") == 1
    assert ["Clairvigne", "≠", "968.00", "968.01"] in [line.split()[:4] for line in printed.splitlines()]
    assert said.splitlines()[-1] == "Figures that are not as expected: 1, marked ≠."


def test_after_ctrl_c_and_another_start_balances_are_unchanged(played: Played) -> None:
    path = f"/ledger/v1/alliances/{played.alliance}/balances"
    before = played.program.get("demo-auditor", path)
    played.program.stop()
    played.program.start()
    assert played.program.get("demo-auditor", path) == before
    assert before["complete"]
