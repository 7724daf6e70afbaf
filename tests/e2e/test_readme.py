"""README.md does what it says: every block is run in order, and every answer is compared."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stamina

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "==== end of block"


def blocks() -> list[tuple[str, str]]:
    """(commands, answer) in order; no answer is an empty one."""
    found = [(match[1], match[2]) for match in BLOCK.finditer((ROOT / "README.md").read_text())]
    pairs = []
    for number, (kind, text) in enumerate(found):
        if kind == "sh":
            following = found[number + 1] if number + 1 < len(found) else ("sh", "")
            pairs.append((text, following[1] if following[0] == "text" else ""))
    return pairs


@pytest.fixture(scope="module")
def surroundings() -> Iterator[dict[str, str]]:
    """The product, started by README's first block, on a port and a folder of the test's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not in pytest's folder: another run closes it to PostgreSQL, which as root has an account of its own.
    folder = Path(tempfile.mkdtemp(prefix="alliance-readme-", dir="/tmp"))
    data = folder / "var"
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PORT": str(port),
        "DATA": str(data),
        "ALLIANCE_URL": url,
        "ALLIANCE_DATA": str(data),
    }
    commands, _ = blocks()[0]
    assert commands == "make run\n"
    running = subprocess.Popen(
        ["bash", "-c", commands], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for attempt in stamina.retry_context(on=httpx.HTTPError, attempts=None, timeout=60, wait_max=0.2):
            with attempt:
                httpx.get(f"{url}/members/readyz").raise_for_status()
        yield environment
    finally:
        os.killpg(running.pid, signal.SIGINT)
        running.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(1500)
def test_the_readme_can_be_followed_literally(surroundings: dict[str, str]) -> None:
    tour = blocks()[1:]
    script = "set -euo pipefail\n" + "".join(f"{commands}echo '{MARK}'\n" for commands, _ in tour)
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = done.stdout.split(f"{MARK}\n")
    for (commands, expected), answer in zip(tour, answers, strict=False):
        if expected:
            assert answer == expected, commands
    assert len(answers) == len(tour) + 1
