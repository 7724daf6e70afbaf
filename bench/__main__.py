"""`make bench`: what the product costs, as ratios against baselines measured in the same run."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psutil
import uvloop

from bench import ledger_backlog, load
from embedded.folder import existing
from embedded.tokens import issuer_of

ALLIANCES = 16
SECONDS = 6.0
LATENCY_RATE = 50
LATENCY_COMMANDS = 500


@dataclass(frozen=True)
class Alliance:
    id: str
    company: str
    campaign: str


class Caller:
    """One person who directs a company in every alliance, and coordinates them."""

    def __init__(self, port: int, token: str) -> None:
        self.token = token
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.client.request(method, path, json=body, headers={"Idempotency-Key": uuid4().hex})
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


def prepare(caller: Caller) -> Alliance:
    """An alliance with a campaign that takes commitments."""
    charter = orjson.loads(Path("docs/tour/alliance.json").read_bytes())
    alliance = caller.ask("POST", "/members/v1/alliances", charter)["id"]
    members, purchasing = f"/members/v1/alliances/{alliance}", f"/purchasing/v1/alliances/{alliance}"
    company = caller.ask("GET", f"{members}/members")["items"][0]["id"]
    role = {"issuer": "urn:alliance:embedded", "subject": "bench", "role": "director", "company": company}
    granted = caller.ask("POST", f"{members}/roles", role)["position"]
    draft = {"title": "Film", "specification": "Rolls.", "unit": "roll", "minimum_quantity": 1}
    campaign = caller.ask("POST", f"{purchasing}/campaigns?after={granted}", draft)["id"]
    path = f"{purchasing}/campaigns/{campaign}"
    caller.ask("POST", f"{path}/invitations/needs", {})
    caller.ask("POST", f"{path}/needs", {"company": company, "expected_quantity": 10})
    caller.ask("POST", f"{path}/invitations/quotes", {})
    tier = {"from_quantity": 0, "price": {"amount": "9.50", "currency": "EUR"}}
    caller.ask("POST", f"{path}/quotes", {"supplier": "Film SA", "tiers": [tier]})
    quote = caller.ask("GET", path)["quotes"][0]["id"]
    caller.ask("POST", f"{path}/quotes/{quote}/choice", {})
    caller.ask("POST", f"{path}/invitations/commitments", {})
    return Alliance(alliance, company, campaign)


def commitments(alliance: Alliance, token: str) -> load.Make:
    path = f"/v1/alliances/{alliance.id}/campaigns/{alliance.campaign}/commitments"

    def make(number: int) -> bytes:
        body = orjson.dumps({"company": alliance.company, "quantity": 1 + number % 1000})
        return load.request(
            "POST", path, body, Authorization=f"Bearer {token}", Idempotency_Key=f"{alliance.id}-{number}"
        )

    return make


async def visible(alliances: Sequence[Alliance], caller: Caller, port: int) -> list[float]:
    """Seconds from a command's answer to its figure in the ledger's balance, at a steady rate."""
    loop = asyncio.get_running_loop()
    delays: list[float] = []
    token = {"Authorization": f"Bearer {caller.token}"}

    async def one(number: int, at: float) -> None:
        await asyncio.sleep(max(0.0, at - loop.time()))
        alliance = alliances[number % len(alliances)]
        line = {
            "person": uuid4().hex,
            "first_day": "2026-02-02",
            "last_day": "2026-02-02",
            "hours": "1",
        }
        body = {
            "company": alliance.company,
            "kind": "coordination",
            "lines": [line],
            "effective_on": "2026-02-02",
        }
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        path = f"/members/v1/alliances/{alliance.id}/declarations/hours"
        sent = load.request("POST", path, orjson.dumps(body), Idempotency_Key=uuid4().hex, **token)
        status, answer = await load.ask(reader, writer, sent)
        answered = time.perf_counter()
        if status >= 300:
            raise RuntimeError(f"{status}: {answer!r}")
        position = orjson.loads(answer)["position"]
        path = f"/ledger/v1/alliances/{alliance.id}/balances?after={position}&wait=10"
        status, answer = await load.ask(reader, writer, load.request("GET", path, **token))
        if status >= 300:
            raise RuntimeError(f"{status}: {answer!r}")
        delays.append(time.perf_counter() - answered)
        writer.close()

    began = loop.time() + 0.5
    async with asyncio.TaskGroup() as group:
        for number in range(LATENCY_COMMANDS):
            group.create_task(one(number, began + number / LATENCY_RATE))
    return sorted(delays)


@contextmanager
def process(*arguments: str, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        while started.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5)
                break
            except (OSError, httpx.HTTPError):
                time.sleep(0.1)
        else:
            raise SystemExit(f"{arguments} did not start.")
        yield started
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(60)


def memory(root: int) -> float:
    """Megabytes of a process, its children and the PostgreSQL that it started: shared pages counted once."""
    family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family) / 2**20


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def main() -> None:
    rows: list[tuple[str, str, str]] = []
    folder = Path(tempfile.mkdtemp(prefix="alliance-bench-"))
    data, port = folder / "var", free_port()
    unlimited = {f"{name}_RATE_LIMIT": "0" for name in ("MEMBERS", "PURCHASING", "TENDERS", "LEDGER")}
    try:
        run = ("embedded.command", "run", "--port", str(port), "--data", str(data))
        with process(*run, port=port, **unlimited) as product:
            time.sleep(3)
            rows.append(("make run, idle, in all", f"{memory(product.pid):.0f} MB", "under 400 MB"))
            caller = Caller(port, issuer_of(existing(data)).token("bench"))
            alliances = [prepare(caller) for _ in range(ALLIANCES)]
            delays = uvloop.run(visible(alliances, caller, port))
            p99 = delays[int(len(delays) * 0.99)]
            rows.append(
                (
                    "answered → visible in the balance, 50 a second, p99",
                    f"{p99 * 1000:.0f} ms",
                    "under 150 ms",
                )
            )
        token, bare_port = caller.token, free_port()
        with process("bench.one", str(data), "purchasing", str(port), port=port) as alone:
            assert alone.stdout is not None
            url = alone.stdout.readline().strip()
            with process("bench.bare", url, str(bare_port), port=bare_port):
                row = load.request
                insert = lambda number: row("POST", "/rows", b'{"quantity": %d}' % number)  # noqa: E731
                for clients, aim in ((16, "≥ 0.5"), (1, "beside")):
                    bare = uvloop.run(load.run(bare_port, [insert] * clients, SECONDS))
                    makers = [commitments(one, token) for one in alliances[:clients]]
                    ours = uvloop.run(load.run(port, makers, SECONDS))
                    rows.append(
                        (
                            f"HTTP command / bare INSERT endpoint, {clients} clients",
                            f"{ours.rate / bare.rate:.2f} ({ours.rate:.0f} / {bare.rate:.0f} a second)",
                            aim,
                        )
                    )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    backlog = uvloop.run(ledger_backlog.measure())
    grown = (backlog.memory_late - backlog.memory_early) / 2**20
    rows.append(("ledger, a backlog of 100,000 events", f"{backlog.rate:.0f} a second", "≥ 5,000"))
    rows.append(("its memory from early to late", f"{grown:+.0f} MB", "flat"))
    print("| measured | here | aim |\n|---|---|---|")
    for what, here, aim in rows:
        print(f"| {what} | {here} | {aim} |")


if __name__ == "__main__":
    main()
