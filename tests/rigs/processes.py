"""`alliance run-kafka` as a person runs it: each service a process of its own, stopped, killed and asked."""

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from embedded.databases import SERVICES
from embedded.folder import DataFolder, existing
from embedded.tokens import issuer_of
from processes.whereabouts import Running, told
from rigs.guard import Guard, kill, wait_for_end
from rigs.program import ALLIANCE
from rigs.servers import servers_on


class Processes:
    """On free ports and an empty folder; `start` it first, `close` it at the end."""

    def __init__(self) -> None:
        # Short and directly under /tmp, for the path of PostgreSQL's socket.
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-processes-", dir="/tmp"))
        self.data = self.folder / "data"
        self.said = self.folder / "said"
        self.port = _four_free_ports()
        self._guard = Guard(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 180) -> None:
        """Returns when all four are ready; raises with what it has said where they are not."""
        with self.said.open("wb") as output:
            self._process = subprocess.Popen(
                [ALLIANCE, "run-kafka", "--port", str(self.port), "--data", str(self.data)],
                stdout=output,
                stderr=output,
            )
        self._guard.watch(self._process.pid)
        deadline = time.monotonic() + seconds
        while "Stop: Ctrl-C" not in self.said.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It does not start and says: {self.said.read_text()[-2000:]}")
            time.sleep(0.02)
        for process in self.all():
            self._guard.watch(process.pid)

    def running(self) -> Mapping[str, Running]:
        return told(DataFolder(self.data))

    def process(self, name: str) -> psutil.Process:
        """Of a service or `kafka`."""
        process = self.running()[name].process()
        assert process is not None, f"{name} does not run"
        return process

    def all(self) -> list[psutil.Process]:
        """Services, broker and PostgreSQL."""
        named = [one.process() for one in self.running().values()]
        return [*(process for process in named if process is not None), *servers_on(self.data)]

    def alliance(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ALLIANCE, *arguments, "--data", str(self.data)], capture_output=True, text=True, check=False
        )

    def stop(self) -> None:
        """As Ctrl-C does; asserts that it ends well, and all that it had started with it."""
        assert self._process is not None
        family = self.all()
        self._process.send_signal(2)
        assert self._process.wait(90) == 0, self.said.read_text()[-2000:]
        self._guard.forget(self._process.pid)
        wait_for_end(family)

    def kill(self) -> None:
        """SIGKILL of the supervisor; all that it had started is left behind, as after a crash."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._guard.forget(self._process.pid)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for process in self.all():
            kill(process.pid)
        self._guard.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(
        self, method: str, service: str, path: str, subject: str = "alice", body: Any = None
    ) -> httpx.Response:
        """One request below /v1, not repeated."""
        headers = {"Authorization": f"Bearer {issuer_of(existing(self.data)).token(subject)}"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        address = f"{self.running()[service].address}/v1{path}"
        return httpx.request(method, address, headers=headers, json=body, timeout=60)

    def readiness(self, service: str) -> httpx.Response:
        return httpx.get(f"{self.running()[service].address}/readyz", timeout=10)

    def wait(self, until: Callable[[], bool], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "it does not come"
            time.sleep(0.05)


def _four_free_ports() -> int:
    """The first of four in a row, below those that the system gives to whoever connects: of those one is
    easily taken between now and when it is listened on.
    """
    while True:
        first = random.randrange(10_000, 32_000)
        taken = {connection.laddr.port for connection in psutil.net_connections("tcp") if connection.laddr}
        if not taken & set(range(first, first + len(SERVICES))):
            return first
