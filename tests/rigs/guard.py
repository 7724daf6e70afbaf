"""A second process that outlives the test run by a moment and clears up what it left."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_CLEAR_UP = """
import os, shutil, signal, sys, time
watched = set()
for line in sys.stdin:
    word, pid = line.split()
    (watched.add if word == "watch" else watched.discard)(int(pid))
for pid in watched:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
for attempt in range(100):  # children of the killed may write for a moment longer
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.exists(sys.argv[1]):
        break
    time.sleep(0.1)
"""


class Guard:
    """Kills the watched processes and deletes `folder`, when closed or when this process dies of whatever.

    It learns of that by the end of its standard input, so nothing has to be installed in what it watches, and
    it has a session of its own, so a Ctrl-C at the terminal does not reach it.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _CLEAR_UP, str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
            bufsize=1,
        )

    def watch(self, pid: int) -> None:
        self._say(f"watch {pid}")

    def forget(self, pid: int) -> None:
        """The process has ended: its number may soon belong to a stranger."""
        self._say(f"forget {pid}")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def close(self) -> None:
        self._process.communicate()


def kill(pid: int) -> None:
    """SIGKILL, as a power cut would do it; a process that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for_end(processes: Sequence[psutil.Process], seconds: float = 90) -> None:
    """Returns when all have ended, reaped by their parent or not; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            raise TimeoutError("a server does not end")
        time.sleep(0.005)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
