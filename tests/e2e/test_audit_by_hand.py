"""docs/audit.md: what it has an auditor type works, and finds a log that was changed."""

import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from ledger.period.sealing import SealedList
from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import Seen
from samples import logs
from samples.periods import proof_of

PAGE = Path(__file__).parents[2] / "docs/audit.md"
SEALED = Path(__file__).parents[2] / "services/ledger/audit/sealed.py"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(params=[1, 300])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return logs.write(tmp_path / "log", logs.history(request.param), logs.signer())


def typed(folder: Path, block: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
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


def test_the_page_has_the_whole_function_that_checks_a_total() -> None:
    (copy,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert copy == SEALED.read_text()


def test_a_total_is_checked_with_the_function_typed_in(tmp_path: Path) -> None:
    member, other = (UUID(int=number) for number in (1, 2))
    heading = Heading(member, Seen.CONTRIBUTED, HalfYear(2025, 1), "EUR")
    answer = proof_of(SealedList({heading: Decimal("5060.00")}), heading)
    (tmp_path / "sealed.py").write_text(SEALED.read_text())
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    done = typed(tmp_path, BLOCKS[3], M=str(member))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["5060.00", "alliance.local/1"]
    # The same line shows that another member has none: it is the only one.
    assert typed(tmp_path, BLOCKS[3], M=str(other)).stdout.splitlines()[0] == "0"
    answer["lines"][0]["line"] = answer["lines"][0]["line"].replace("5060", "6050")
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    assert typed(tmp_path, BLOCKS[3], M=str(member)).returncode != 0
