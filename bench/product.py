"""A product that runs in processes of its own, and what is asked of it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import orjson
import psutil

from bench import load

ALLIANCES = 16


@dataclass(frozen=True)
class Alliance:
    id: str
    company: str
    campaign: str


class Caller:
    """One person who directs a company in every alliance, and coordinates them. `bases`: service → URL."""

    def __init__(self, bases: Mapping[str, str], token: str) -> None:
        self.bases = bases
        self.token = token
        self.client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def ask(self, method: str, service: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.client.request(
            method, self.bases[service] + path, json=body, headers={"Idempotency-Key": uuid4().hex}
        )
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


def prepare(caller: Caller) -> Alliance:
    """An alliance with a campaign that takes commitments."""
    charter = orjson.loads(Path("docs/tour/alliance.json").read_bytes())
    alliance = caller.ask("POST", "members", "/v1/alliances", charter)["id"]
    path = f"/v1/alliances/{alliance}"
    company = caller.ask("GET", "members", f"{path}/members")["items"][0]["id"]
    role = {"issuer": "urn:alliance:embedded", "subject": "bench", "role": "director", "company": company}
    granted = caller.ask("POST", "members", f"{path}/roles", role)["position"]
    draft = {"title": "Film", "specification": "Rolls.", "unit": "roll", "minimum_quantity": 1}
    campaign = caller.ask("POST", "purchasing", f"{path}/campaigns?after={granted}", draft)["id"]
    path = f"{path}/campaigns/{campaign}"
    caller.ask("POST", "purchasing", f"{path}/invitations/needs", {})
    caller.ask("POST", "purchasing", f"{path}/needs", {"company": company, "expected_quantity": 10})
    caller.ask("POST", "purchasing", f"{path}/invitations/quotes", {})
    tier = {"from_quantity": 0, "price": {"amount": "9.50", "currency": "EUR"}}
    caller.ask("POST", "purchasing", f"{path}/quotes", {"supplier": "Film SA", "tiers": [tier]})
    quote = caller.ask("GET", "purchasing", path)["quotes"][0]["id"]
    caller.ask("POST", "purchasing", f"{path}/quotes/{quote}/choice", {})
    caller.ask("POST", "purchasing", f"{path}/invitations/commitments", {})
    return Alliance(alliance, company, campaign)


@dataclass(frozen=True)
class Delay:
    """Seconds until a command's figure is in the ledger's balance."""

    from_command: float
    from_answer: float


async def visible(
    alliances: Sequence[Alliance], caller: Caller, rate: float, commands: int
) -> Sequence[Delay]:
    """At a steady rate, one alliance after another."""
    loop = asyncio.get_running_loop()
    delays: list[Delay] = []
    token = {"Authorization": f"Bearer {caller.token}"}

    async def ask(method: str, service: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        base = urlsplit(caller.bases[service])
        reader, writer = await asyncio.open_connection(base.hostname, base.port)
        sent = load.request(method, base.path + path, body, **token, **headers)
        status, answer = await load.ask(reader, writer, sent)
        while status == 503:  # not there yet: slow is no failure here
            status, answer = await load.ask(reader, writer, sent)
        writer.close()
        if status >= 300:
            raise RuntimeError(f"{status}: {answer!r}")
        return answer

    async def one(number: int, at: float) -> None:
        await asyncio.sleep(max(0.0, at - loop.time()))
        alliance = alliances[number % len(alliances)]
        line = {"person": uuid4().hex, "first_day": "2026-02-02", "last_day": "2026-02-02", "hours": "1"}
        hours = {
            "company": alliance.company,
            "kind": "coordination",
            "lines": [line],
            "effective_on": "2026-02-02",
        }
        path = f"/v1/alliances/{alliance.id}"
        began = time.perf_counter()
        answer = await ask(
            "POST",
            "members",
            f"{path}/declarations/hours",
            orjson.dumps(hours),
            Idempotency_Key=uuid4().hex,
        )
        answered = time.perf_counter()
        position = orjson.loads(answer)["position"]
        await ask("GET", "ledger", f"{path}/balances?after={position}&wait=10")
        seen = time.perf_counter()
        delays.append(Delay(seen - began, seen - answered))

    began = loop.time() + 0.5
    async with asyncio.TaskGroup() as group:
        for number in range(commands):
            group.create_task(one(number, began + number / rate))
    return delays


def p99(seconds: Sequence[float]) -> str:
    return f"{sorted(seconds)[int(len(seconds) * 0.99)] * 1000:.0f} ms"


@contextmanager
def process(*arguments: str, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A module of Python that serves HTTP on `port`, until the end."""
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


def unlimited() -> dict[str, str]:
    """Settings under which nobody is told to come back later."""
    return {f"{name}_RATE_LIMIT": "0" for name in ("MEMBERS", "PURCHASING", "TENDERS", "LEDGER")}


def memory(root: int) -> float:
    """Megabytes of a process, its children and the PostgreSQL that it started: shared pages counted once."""
    family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family) / 2**20


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has at this moment."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            first: int = free.getsockname()[1]
        try:
            for port in range(first, first + count):
                with socket.socket() as free:
                    free.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first
