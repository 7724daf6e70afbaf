"""docs/audit.md: what it has an auditor type works, and finds a log that was changed."""

import re
import subprocess
from pathlib import Path

import pytest

from samples import logs

PAGE = Path(__file__).parents[2] / "docs/audit.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(params=[1, 300])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return logs.write(tmp_path / "log", logs.history(request.param), logs.signer())


def typed(folder: Path, block: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_checkpoint_is_checked_with_openssl(folder: Path) -> None:
    done = typed(folder, BLOCKS[0])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Signature Verified Successfully\n")
    checkpoint = folder / "checkpoint"
    origin, size, rest = checkpoint.read_bytes().split(b"\n", 2)
    checkpoint.write_bytes(b"\n".join((origin, size + b"0", rest)))
    assert typed(folder, BLOCKS[0]).returncode != 0


def test_an_entry_is_checked_with_sha256sum(folder: Path) -> None:
    entry, leaf, tile = typed(folder, BLOCKS[1]).stdout.splitlines()
    assert '"alliance.ledger.log_opened.v1"' in entry
    assert leaf == f"{tile}  -"


def test_the_root_is_worked_out_with_a_page_of_python(folder: Path) -> None:
    size, root, said_size, said_root = typed(folder, BLOCKS[2]).stdout.splitlines()
    assert (size, root) == (said_size, said_root)
    bundle = next(path for path in (folder / "tile/entries").rglob("*") if path.is_file())
    body = bundle.read_bytes()
    bundle.write_bytes(body[:-2] + bytes([body[-2] ^ 1]) + body[-1:])
    size, root, said_size, said_root = typed(folder, BLOCKS[2]).stdout.splitlines()
    assert size == said_size
    assert root != said_root
