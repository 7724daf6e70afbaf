"""From a command to its figure in the ledger's balance, through Kafka, each service in its own process."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import psutil
import uvloop

from bench.product import ALLIANCES, Caller, free_ports, p99, prepare, process, unlimited, visible
from bench.servers import busy
from bench.table import Row
from embedded.folder import existing
from embedded.tokens import issuer_of
from processes.whereabouts import bases

RATE: Final = 100
COMMANDS: Final = 1000
_SERVICES: Final = 4


def measure(full: bool) -> Iterator[Row]:
    folder = Path(tempfile.mkdtemp(prefix="alliance-bench-"))
    data, port = folder / "var", free_ports(_SERVICES)
    try:
        run = ("embedded.command", "run-kafka", "--port", str(port), "--data", str(data))
        with process(*run, port=port, **unlimited()) as product:
            for place in range(_SERVICES):
                _until_ready(port + place)
            caller = Caller(bases(data, None), issuer_of(existing(data)).token("bench"))
            alliances = [prepare(caller) for _ in range(ALLIANCES)]
            worked = _busy(product.pid)
            delays = uvloop.run(visible(alliances, caller, RATE, COMMANDS))
            worked = (_busy(product.pid) - worked) / COMMANDS
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    at_rate = f"{RATE} a second, alliances: {ALLIANCES}"
    yield Row(
        f"command → visible in the balance through Kafka, {at_rate}, p99",
        p99([delay.from_command for delay in delays]),
        "under 200 ms",
    )
    yield Row(f"answered → visible, {at_rate}, p99", p99([delay.from_answer for delay in delays]), "beside")
    yield Row(
        "processor time of all services, PostgreSQL and broker, a command and a read",
        f"{worked * 1000:.1f} ms",
        "beside",
    )


def _busy(root: int) -> float:
    product = psutil.Process(root)
    return busy(product, *product.children(recursive=True))


def _until_ready(port: int) -> None:
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
