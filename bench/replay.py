"""The auditor's check of a year: verifying alone, replaying, which verifies, and ledger-cli on its book."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.fetch import run_audit, written
from bench.history import History
from bench.programs import found
from bench.table import Row

ENTRIES: Final = 100_000
ALL_ENTRIES: Final = 1_000_000
TIMES_AS_FAST: Final = 6


def measure(full: bool) -> Iterator[Row]:
    entries = ALL_ENTRIES if full else ENTRIES
    folder = Path(tempfile.mkdtemp(prefix="alliance-bench-"))
    try:
        history, log, keys = History(entries), folder / "log", folder / "keys.json"
        written(log, history)
        keys.write_text(history.keys.model_dump_json())
        checked, _ = run_audit("verify", str(log))
        replayed, most = run_audit("replay", str(log), "--keys", str(keys))
        yield Row(f"alliance-audit verify of {entries:,} entries", f"{entries / checked:,.0f} a second", "")
        yield Row(
            "alliance-audit replay of them, with postings, which verifies",
            f"{entries / replayed:,.0f} a second ({replayed:.1f} s)",
            "≥ 100,000 a second of a million",
        )
        yield Row("memory of the replay", f"{most:.0f} MB", "under 500 MB")
        yield _beside(log, keys, folder / "journal", replayed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(log: Path, keys: Path, journal: Path, replayed: float) -> Row:
    try:
        ledger = found("ledger")
    except FileNotFoundError as error:
        return Row("ledger -f … bal on its journal", f"NOT MEASURED: {error}", f"≥ {TIMES_AS_FAST} ×")
    run_audit("export", str(log), "--format", "ledger", "--keys", str(keys), "--out", str(journal))
    began = time.perf_counter()
    command = [ledger, "--args-only", "-f", str(journal), "bal"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - began
    return Row(
        "ledger -f … bal on its journal",
        f"{seconds:.1f} s: the replay is {seconds / replayed:.1f} × as fast",
        f"≥ {TIMES_AS_FAST} ×",
    )
