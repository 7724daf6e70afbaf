"""What an auditor gets of a running program: an alliance's log in a folder, and its keys."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from events.ids import AllianceId, CompanyId
from events.sealing import Masters
from rigs.program import ALLIANCE, Program
from service.masters import epochs_of

AUDIT = Path(sys.executable).with_name("alliance-audit")
SOURCES = ("members", "purchasing", "tenders", "ledger")


def exported(program: Program, alliance: str, folder: Path) -> Path:
    """The log as its checkpoint covers it."""
    command = [str(ALLIANCE), "export-log", alliance, str(folder), "--data", str(program.data)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def key_file(program: Program, alliance: str, companies: Iterable[str], file: Path) -> Path:
    """The keys of these companies, worked out from the program's secrets."""
    keys: dict[str, dict[str, list[str]]] = {}
    for source in SOURCES:
        masters = epochs_of((program.data / "secrets" / f"sealing-{source}").read_text())
        keys[source] = {}
        for company in companies:
            key = Masters(masters).sealing(AllianceId(UUID(alliance)), CompanyId(UUID(company)))
            assert key is not None
            keys[source][company] = [key.hex()]
    file.write_text(json.dumps({"alliance": alliance, "company": None, "keys": keys}))
    return file


def audit(*arguments: str | Path) -> str:
    """What it says on stdout; its complaints are the error where it ends with another status than 0."""
    done = subprocess.run([AUDIT, *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
