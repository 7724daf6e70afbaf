"""The auditor's copy of a log: how fast it comes over loopback, and is checked."""

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
        chance = random.Random(1)
        size = written(folder / "there", (chance.randbytes(ENTRY_BYTES) for _ in range(entries)))
        with process("bench.files", str(folder / "there"), str(port), port=port):
            seconds, most = run_audit("fetch", f"http://127.0.0.1:{port}", str(folder / "here"))
        yield Row(
            f"alliance-audit fetch of {entries:,} entries, {size / 1e6:.0f} MB, over loopback",
            f"{size / seconds / 1e6:.0f} MB a second, {most:.0f} MB of memory",
            "≥ 50 MB a second",
        )
        seconds, most = run_audit("verify", str(folder / "here"))
        yield Row(
            "alliance-audit verify of it",
            f"{entries / seconds:,.0f} entries a second, {most:.0f} MB of memory",
            "beside",
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def written(folder: Path, entries: Iterable[bytes]) -> int:
    """A log's folder; returns its bytes."""
    signer, frontier = Signer("bench.example/1", Ed25519PrivateKey.generate()), Frontier()
    size = 0
    for tile, content in laid_out(entries, frontier):
        (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
        size += (folder / tile.path).write_bytes(content)
    text = Checkpoint(signer.verifier.name, frontier.size, frontier.root()).text
    (folder / "checkpoint").write_text(f"{text}\n{signer.line(text)}")
    (folder / "keys").write_text(f"{signer.verifier}\n")
    return size


def run_audit(*arguments: str) -> tuple[float, float]:
    """Seconds, and megabytes of memory at most, of all its processes together."""
    began, most = time.perf_counter(), 0
    with Popen([PROGRAM, *arguments], stdout=PIPE) as run:
        watched = psutil.Process(run.pid)
        while run.poll() is None:
            most = max(most, _memory(watched))
            time.sleep(0.02)
    if run.returncode:
        raise SystemExit(f"{arguments} ended with {run.returncode}.")
    return time.perf_counter() - began, most / 1e6


def _memory(run: psutil.Process) -> int:
    """Bytes that it and the processes that it began have for themselves: what they share is counted once."""
    bytes_ = 0
    for one in (run, *run.children(recursive=True)):
        with suppress(psutil.Error):
            memory = one.memory_info()
            bytes_ += memory.rss if one is run else memory.rss - memory.shared
    return bytes_
