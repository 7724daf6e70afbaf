"""The auditor's report as people meet it: in a real browser, and its commands in a real shell."""

import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from ledger.audit.folder import Folder
from ledger.audit.report import Checked, Gathered, written
from rigs.borrowed import run
from samples.logs import KEY, history, write
from samples.reports import standing, two_years

Borrow = Callable[..., str]
HOSTILE = "<script>document.title='run'</script>"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("log"), history(700))


@pytest.fixture(scope="module")
def page(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    gathered = Gathered()
    for one in two_years():
        gathered.add(one)
    checked = Checked(Folder(log).checkpoint, [KEY.verifier], "pinned with --key", {"Signature": "good"})
    file = tmp_path_factory.mktemp("report") / "report.html"
    names = ("Acier Durand", HOSTILE, *(f"Company {number}" for number in range(7)))
    file.write_text(written(gathered, standing(names), checked), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browse(borrow: Borrow, page: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    browser = borrow("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    profile = tmp_path_factory.mktemp("profile")

    def browsed(*options: str) -> str:
        return run(
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            *options,
            page.as_uri(),
        )

    return browsed


def test_a_browser_shows_the_figures_and_runs_nothing(browse: Callable[..., str]) -> None:
    shown = browse("--dump-dom")
    assert "<title>Les Ateliers du Forez: who gave and who got</title>" in shown
    for figure in ("11,040.00", "490.00", "−10,550.00", "0.0444", "under the floor", "floor 0.50"):
        assert f">{figure}<" in shown
    assert "&lt;script&gt;document.title='run'&lt;/script&gt;" in shown
    assert "<script" not in shown


def test_a_browser_draws_and_prints_it(browse: Callable[..., str], tmp_path: Path) -> None:
    picture, paper = tmp_path / "report.png", tmp_path / "report.pdf"
    browse("--window-size=1200,1600", f"--screenshot={picture}")
    browse("--no-pdf-header-footer", f"--print-to-pdf={paper}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    # A blank page of that size has some 8 KB.
    assert picture.stat().st_size > 50_000
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 10 < pages < 40


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r'<pre class="commands"[^>]*><code>(.*?)</code></pre>', text, re.DOTALL)
    return [unescape(one) for one in found]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_openssl_verifies_the_signature_by_the_commands_on_the_page(
    borrow: Borrow, page: Path, tmp_path: Path
) -> None:
    borrow("openssl")
    signature, _ = commands(page)
    done = shell(signature, tmp_path)
    assert (done.returncode, "Signature Verified Successfully" in done.stdout) == (0, True), done
    body = (tmp_path / "text").read_text()
    assert body.split("\n")[1] == "700"
    # Of another text it says that it is not signed.
    changed = signature.replace("openssl", "echo >> text; openssl")
    assert shell(changed, tmp_path).returncode != 0


def test_the_commands_on_the_page_find_the_root_in_the_entries(log: Path, page: Path, tmp_path: Path) -> None:
    _, root = commands(page)
    expected = re.search(r"[0-9a-f]{64}", page.read_text(encoding="utf-8"))
    assert expected is not None
    assert shell(root, log).stdout.strip() == expected[0]
    other = write(tmp_path, [*history(699), b"forged"])
    assert shell(root, other).stdout.strip() not in {"", expected[0]}
