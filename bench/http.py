"""The embedded form over HTTP: its memory, how soon a figure is seen, commands against a bare endpoint."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import uvloop

from bench import load
from bench.product import (
    ALLIANCES,
    Alliance,
    Caller,
    free_ports,
    memory,
    p99,
    prepare,
    process,
    unlimited,
    visible,
)
from bench.table import Row
from embedded.folder import existing
from embedded.tokens import issuer_of
from processes.whereabouts import bases

SECONDS = 6.0
LATENCY_RATE = 50
LATENCY_COMMANDS = 500


def measure(full: bool) -> Iterator[Row]:
    folder = Path(tempfile.mkdtemp(prefix="alliance-bench-"))
    data, port = folder / "var", free_ports(1)
    try:
        run = ("embedded.command", "run", "--port", str(port), "--data", str(data))
        with process(*run, port=port, **unlimited()) as product:
            time.sleep(3)
            yield Row("make run, idle, in all", f"{memory(product.pid):.0f} MB", "under 400 MB")
            caller = Caller(bases(data, None, port), issuer_of(existing(data)).token("bench"))
            alliances = [prepare(caller) for _ in range(ALLIANCES)]
            delays = uvloop.run(visible(alliances, caller, LATENCY_RATE, LATENCY_COMMANDS))
            yield Row(
                "answered → visible in the balance, 50 a second, p99",
                p99([delay.from_answer for delay in delays]),
                "under 150 ms",
            )
        bare_port = free_ports(1)
        with process("bench.one", str(data), "purchasing", str(port), port=port) as alone:
            assert alone.stdout is not None
            url = alone.stdout.readline().strip()
            with process("bench.bare", url, str(bare_port), port=bare_port):
                for clients, aim, within in ((16, "≥ 0.8", "under twice"), (1, "beside", "beside")):
                    bare = uvloop.run(load.run(bare_port, [_insert] * clients, SECONDS))
                    makers = [_commitments(one, caller.token) for one in alliances[:clients]]
                    ours = uvloop.run(load.run(port, makers, SECONDS))
                    yield Row(
                        f"HTTP command / bare INSERT endpoint, {clients} clients",
                        f"{ours.rate / bare.rate:.2f} ({ours.rate:.0f} / {bare.rate:.0f} a second)",
                        aim,
                    )
                    yield Row(
                        "their p99",
                        f"{ours.at(0.99) * 1000:.0f} / {bare.at(0.99) * 1000:.0f} ms",
                        within,
                    )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _insert(number: int) -> bytes:
    return load.request("POST", "/rows", b'{"quantity": %d}' % number)


def _commitments(alliance: Alliance, token: str) -> load.Make:
    path = f"/v1/alliances/{alliance.id}/campaigns/{alliance.campaign}/commitments"

    def make(number: int) -> bytes:
        body = orjson.dumps({"company": alliance.company, "quantity": 1 + number % 1000})
        return load.request(
            "POST", path, body, Authorization=f"Bearer {token}", Idempotency_Key=f"{alliance.id}-{number}"
        )

    return make
