"""The compose stack as an operator runs it: a project, volumes, secrets and an address of the test's own."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from embedded.folder import existing
from embedded.tokens import issuer_of
from processes.broker import free_port
from rigs.program import ALLIANCE

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"

_IMAGES = ("PYTHON", "UV", "POSTGRES", "KAFKA", "GATEWAY")
"""What a machine may have under other names: taken from the environment, where there."""


@cache
def missing_engine() -> str | None:
    """Why no stack can be run on this machine."""
    if shutil.which("docker") is None:
        return "There is no docker command."
    for command, fault in (
        (["docker", "version"], "No Docker engine answers."),
        (["docker", "compose", "version"], "docker has no command compose: version 2 is needed."),
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return fault
    return None


class Stack:
    """`up` first, `close` at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-stack-"))
        self.data = self.folder / "var"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.project = self.folder.name.replace("_", "-").lower()
        self.image = f"alliance:{self.project}"
        others = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ALLIANCE_", "COMPOSE_"))
        }
        images = {f"ALLIANCE_{name}" for name in _IMAGES} & os.environ.keys()
        self._environment = {
            **others,
            **{name: os.environ[name] for name in images},
            "ALLIANCE_LISTEN": self.url.removeprefix("http://"),
            "ALLIANCE_SECRETS": str(self.data / "secrets"),
            "ALLIANCE_VERSION": self.project,
        }
        subprocess.run([ALLIANCE, "secrets", "--data", str(self.data)], check=True, capture_output=True)

    def compose(self, *arguments: str) -> str:
        """Its standard output; raises with all that it said."""
        files = ["--file", str(COMPOSE / "compose.yaml"), "--env-file", str(COMPOSE / ".env.example")]
        command = ["docker", "compose", "--project-name", self.project, *files, *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"docker compose {' '.join(arguments)}: {done.stderr[-3000:]}")
        return done.stdout

    def up(self) -> None:
        """Returns when all is healthy; raises with the end of every log where it does not get there."""
        try:
            self.compose("up", "--build", "--wait", "--wait-timeout", "900")
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.compose('logs', '--tail=20')}") from None

    def down(self) -> None:
        """The containers go, the volumes stay."""
        self.compose("down")

    def close(self) -> None:
        self.compose("down", "--volumes")
        subprocess.run(["docker", "image", "rm", self.image], capture_output=True, check=False)
        shutil.rmtree(self.folder)

    def containers(self) -> Mapping[str, Mapping[str, Any]]:
        """What the engine tells of each, those that have ended too, by the service's name."""
        ids = self.compose("ps", "--all", "--quiet").split()
        if not ids:
            return {}
        done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in json.loads(done.stdout)}

    def size(self, image: str) -> int:
        """In bytes, with all its layers."""
        done = subprocess.run(
            ["docker", "image", "inspect", "--format", "{{.Size}}", image],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    def within(self, service: str, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command run in a service's container, as that service's user."""
        return subprocess.run(
            ["docker", "exec", "--interactive", f"{self.project}-{service}-1", *command],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def alliance(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ALLIANCE, *arguments, "--url", self.url, "--data", str(self.data)],
            capture_output=True,
            text=True,
            check=False,
        )

    def headers(self, subject: str) -> dict[str, str]:
        token = issuer_of(existing(self.data)).token(subject)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}

    def ask(self, method: str, path: str, subject: str = "alice", body: Any = None) -> httpx.Response:
        headers = self.headers(subject)
        return httpx.request(method, f"{self.url}{path}", headers=headers, json=body, timeout=60)


def published(container: Mapping[str, Any]) -> Sequence[str]:
    """The container's ports that the machine lends it one of its own for."""
    return [port for port, bindings in container["NetworkSettings"]["Ports"].items() if bindings]
