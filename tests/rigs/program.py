"""The program `alliance` as a person runs it: the product in a process of its own, killed at will."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from embedded.folder import existing
from embedded.tokens import issuer_of
from rigs.guard import Guard, kill, wait_for_end
from rigs.servers import servers_on

ALLIANCE = Path(sys.executable).with_name("alliance")


class Program:
    """`alliance run` on a free port and an empty folder; `start` it first, `close` it at the end."""

    def __init__(self) -> None:
        # Short and directly under /tmp, for the path of PostgreSQL's socket.
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-program-", dir="/tmp"))
        self.data = self.folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._guard = Guard(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 180) -> None:
        """Returns when it answers; raises with what it has said where it does not."""
        said = self.folder / "said"
        with said.open("ab") as output:
            self._process = subprocess.Popen(
                [ALLIANCE, "run", "--port", str(self.port), "--data", str(self.data)],
                stdout=output,
                stderr=output,
            )
        self._guard.watch(self._process.pid)
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It does not start and says: {said.read_text()[-2000:]}")
            time.sleep(0.02)
        for server in servers_on(self.data):
            self._guard.watch(server.pid)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """As Ctrl-C does; asserts that it ends well, and PostgreSQL with it."""
        assert self._process is not None
        self._process.send_signal(2)
        assert self._process.wait(60) == 0
        self._guard.forget(self._process.pid)
        wait_for_end(servers_on(self.data))

    def kill(self) -> None:
        """SIGKILL of the process; PostgreSQL is left behind, as after a crash."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._guard.forget(self._process.pid)

    def kill_postgres(self) -> None:
        """SIGKILL of PostgreSQL with all its processes; the program is left to deal with it."""
        family = servers_on(self.data)
        assert family
        for process in family:
            kill(process.pid)
        wait_for_end(family)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for process in servers_on(self.data):
            kill(process.pid)
        self._guard.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def demo(self, *options: str) -> subprocess.Popen[str]:
        """`alliance demo` against it, begun: its progress on stderr, what came out on stdout."""
        command = [str(ALLIANCE), "demo", "--url", self.url, "--data", str(self.data), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def get(self, subject: str, path: str) -> Any:
        token = issuer_of(existing(self.data)).token(subject)
        answer = httpx.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, service: str, alliance: str) -> Sequence[tuple[str, str, str]]:
        """(type, effective date, stream's concept) of all that a service recorded, in order."""
        found: list[tuple[str, str, str]] = []
        after: int | None = 0
        while after is not None:
            page = self.get(
                "demo-auditor", f"/{service}/v1/alliances/{alliance}/events?limit=200&after={after}"
            )
            for item in page["items"]:
                event = item["event"]
                found.append((item["type"], event["effectiveon"], event["subject"].split("/")[0]))
            after = page["next"]
        return found


def alliance_in(printed: str) -> str:
    """The id of the alliance in which a demonstration played."""
    match = re.search(r"^Alliance ([0-9a-f-]{36})$", printed, re.MULTILINE)
    assert match, printed
    return match[1]
