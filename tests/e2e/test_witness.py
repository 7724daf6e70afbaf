"""The witness as its own program, killed at random while a log and a fork of it ask for signatures."""

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from processes.broker import free_port
from samples.tlog import history
from tlog.checkpoints import Checkpoint
from tlog.merkle import Hashes, consistency_proof, root
from tlog.notes import Note, Signer, Verifier, encoded

LOG = Signer("alliance.local/0123", Ed25519PrivateKey.from_private_bytes(bytes(32)))
SIZE = 400


@contextmanager
def witness(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], Verifier]]:
    program = [sys.executable, "-m", "embedded.command", "witness", "--data", str(data), "--port", str(port)]
    more = ["--name", "witness.example/w1", "--log", str(LOG.verifier)]
    with subprocess.Popen([*program, *more], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, Verifier.parse(process.stdout.readline().strip())
        finally:
            process.kill()


def wait_for(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        try:
            client.get("/livez").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the witness ended")


def ask(client: httpx.Client, old: int, size: int, hashes: Hashes) -> httpx.Response | None:
    checkpoint = Checkpoint(LOG.verifier.name, size, root(size, hashes))
    proof = "".join(f"{encoded(line)}\n" for line in consistency_proof(old, size, hashes))
    body = f"old {old}\n{proof}\n{checkpoint.text}\n{LOG.line(checkpoint.text)}"
    try:
        return client.post("/add-checkpoint", content=body.encode())
    except httpx.TransportError:
        return None


@pytest.mark.timeout(900)
def test_killed_at_random_it_signs_one_history(tmp_path: Path) -> None:
    chance = random.Random(20_261_125)
    ours, fork = history("ours", SIZE), history("fork", SIZE)
    signed: list[tuple[int, bool]] = []
    keys = set()
    size = 0
    for _ in range(6):
        port = free_port()
        with (
            witness(tmp_path / "witness", port) as (process, key),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            wait_for(client, process)
            keys.add(key)
            for left in range(chance.randrange(5, 40), -1, -1):
                if left == 0:
                    process.send_signal(signal.SIGKILL)  # with the next request on its way or not
                forked = chance.random() < 0.4
                wanted = min(SIZE, size + chance.randrange(4))
                answer = ask(client, size, wanted, fork if forked else ours)
                if answer is None:
                    break
                if answer.status_code == 200:
                    text = Checkpoint(LOG.verifier.name, wanted, root(wanted, fork if forked else ours)).text
                    assert Note.parse(f"{text}\n{answer.text}".encode()).times([key])
                    signed.append((wanted, forked))
                    size = wanted
                elif answer.status_code == 409:
                    size = int(re.fullmatch(r"(\d+)\n", answer.text)[1])  # type: ignore[index]
    assert len(keys) == 1
    assert len([one for one, _ in signed if one]) > 20
    assert [one for one, _ in signed] == sorted(one for one, _ in signed)
    assert len({forked for one, forked in signed if one}) == 1
