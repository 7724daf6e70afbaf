"""`alliance-audit fetch`, as a test gives it, and what lies in the folder then."""

from json import loads
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from ledger.audit.command import app
from rigs.files import Asked, Files

TILE = "tile/entries/000"


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def fetched(served: Files, folder: Path, *options: object) -> dict[str, Any]:
    done = audit("fetch", served.url, folder, "--json", *options)
    assert done.exit_code == 0, done.stderr
    assert audit("verify", folder).exit_code == 0
    found: dict[str, Any] = loads(done.stdout)
    return found


def fault(served: Files, folder: Path, *options: object, exit_code: int = 1) -> dict[str, Any]:
    """Why nothing was fetched; of what lies there, nothing passes for a log that was not one before."""
    before = audit("verify", folder, "--json")
    done = audit("fetch", served.url, folder, "--json", *options)
    assert done.exit_code == exit_code, done.output
    assert "Traceback" not in done.stderr
    after = audit("verify", folder, "--json")
    assert before.exit_code != 0 or before.stdout == after.stdout
    assert after.exit_code == 0 or not (folder / "checkpoint").exists()
    finding: dict[str, Any] = loads(done.stdout)["finding"] if exit_code == 1 else {"said": done.stderr}
    return finding


def lying_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def is_in_trouble(asked: Asked) -> None:
    asked.give(b"", 500)
