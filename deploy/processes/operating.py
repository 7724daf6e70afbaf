"""Stopping and starting one process alone: the supervisor is told by a mark in the data folder."""

import time
from collections.abc import Callable
from typing import Final

from embedded.folder import CannotStart, DataFolder
from processes.whereabouts import stop_mark, told

_SECONDS: Final = 60


def stop(folder: DataFolder, name: str) -> str:
    """Returns once the process has ended. Raises CannotStart where nothing runs on the folder."""
    _require(folder, name)
    mark = stop_mark(folder, name)
    mark.touch()
    _wait(lambda: told(folder)[name].pid is None, f"{name} does not end.")
    return f"{name} is stopped."


def start(folder: DataFolder, name: str) -> str:
    """Returns once there is a process again; whether it is ready its `/readyz` says."""
    _require(folder, name)
    stop_mark(folder, name).unlink(missing_ok=True)
    _wait(lambda: told(folder)[name].pid is not None, f"{name} does not start.")
    return f"{name} is started."


def _require(folder: DataFolder, name: str) -> None:
    if name not in told(folder):
        raise CannotStart(f"No processes of their own run on {folder.path}: make run-kafka starts them.")


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not until():
        if time.monotonic() > deadline:
            raise CannotStart(otherwise)
        time.sleep(0.05)
