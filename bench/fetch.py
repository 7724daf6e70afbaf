"""The auditor's copy of a log: how fast it comes over loopback, and is checked."""

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.product import free_ports, process
from bench.table import Row
from tlog.checkpoints import Checkpoint
from tlog.merkle import Frontier
from tlog.notes import Signer
from tlog.tiles import laid_out

ENTRIES: Final = 200_000
ALL_ENTRIES: Final = 1_000_000
ENTRY_BYTES: Final = 800
"""As an event of the product with two sealed figures has."""
PROGRAM: Final = Path(sys.executable).with_name("alliance-audit")


def measure(full: bool) -> Iterator[Row]:
    entries = ALL_ENTRIES if full else ENTRIES
    folder, port = Path(tempfile.mkdtemp(prefix="alliance-bench-")), free_ports(1)
    try:
        size = _write(folder / "there", entries)
        with process("bench.files", str(folder / "there"), str(port), port=port):
            seconds, most = _run("fetch", f"http://127.0.0.1:{port}", str(folder / "here"))
        yield Row(
            f"alliance-audit fetch of {entries:,} entries, {size / 1e6:.0f} MB, over loopback",
            f"{size / seconds / 1e6:.0f} MB a second, {most:.0f} MB of memory",
            "≥ 50 MB a second",
        )
        seconds, most = _run("verify", str(folder / "here"))
        yield Row(
            "alliance-audit verify of it",
            f"{entries / seconds:,.0f} entries a second, {most:.0f} MB of memory",
            "beside",
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, entries: int) -> int:
    """A log's folder; returns its bytes."""
    signer, frontier = Signer("bench.example/1", Ed25519PrivateKey.generate()), Frontier()
    chance, written = random.Random(1), 0
    for tile, content in laid_out((chance.randbytes(ENTRY_BYTES) for _ in range(entries)), frontier):
        (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
        written += (folder / tile.path).write_bytes(content)
    text = Checkpoint(signer.verifier.name, frontier.size, frontier.root()).text
    (folder / "checkpoint").write_text(f"{text}\n{signer.line(text)}")
    (folder / "keys").write_text(f"{signer.verifier}\n")
    return written


def _run(*arguments: str) -> tuple[float, float]:
    """Seconds, and megabytes of memory at most."""
    began, most = time.perf_counter(), 0
    with Popen([PROGRAM, *arguments], stdout=PIPE) as run:
        watched = psutil.Process(run.pid)
        while run.poll() is None:
            most = max(most, watched.memory_info().rss)
            time.sleep(0.02)
    if run.returncode:
        raise SystemExit(f"{arguments} ended with {run.returncode}.")
    return time.perf_counter() - began, most / 1e6
