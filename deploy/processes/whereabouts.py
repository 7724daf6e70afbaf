"""What runs on a data folder, told by a file in it: process numbers and addresses; and who is to stand still.

Written by the process that runs them all, read by whoever wants to reach or stop one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import psutil

from embedded.databases import SERVICES
from embedded.folder import DataFolder, write_once

KAFKA: Final = "kafka"
EVERYTHING: Final = (KAFKA, *SERVICES)

_FILE: Final = "processes.json"


@dataclass(frozen=True)
class Running:
    """`pid` is None while the process is stopped or about to be started again."""

    address: str
    """A service's URL; the broker's host and port."""
    pid: int | None
    born: float | None
    """When it was started, as the system tells it: a number alone may be a stranger's by now."""

    def process(self) -> psutil.Process | None:
        """None when it has ended."""
        if self.pid is None:
            return None
        try:
            process = psutil.Process(self.pid)
            return process if process.create_time() == self.born else None
        except psutil.NoSuchProcess:
            return None


def tell(folder: DataFolder, running: Mapping[str, Running]) -> None:
    told = {name: {"address": one.address, "pid": one.pid, "born": one.born} for name, one in running.items()}
    write_once(folder.path / _FILE, orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())


def told(folder: DataFolder) -> Mapping[str, Running]:
    """As it was when it was last written; nothing where the services run in one process, or none does."""
    try:
        text = (folder.path / _FILE).read_bytes()
    except FileNotFoundError:
        return {}
    return {name: Running(**one) for name, one in orjson.loads(text).items()}


def forget(folder: DataFolder) -> None:
    (folder.path / _FILE).unlink(missing_ok=True)


def stop_mark(folder: DataFolder, name: str) -> Path:
    """There while the operator wants it stopped."""
    return folder.path / f"stopped-{name}"


def bases(data: Path, url: str | None, port: int = 8000) -> Mapping[str, str]:
    """Service → its base URL: below `url` where that is given, else where the folder says that it runs.

    Where it says nothing all are below `port` here, as the embedded form has them unless told otherwise.
    """
    if url is None:
        running = told(DataFolder(data.expanduser().resolve()))
        if set(SERVICES) <= set(running):
            return {service: running[service].address for service in SERVICES}
        url = f"http://127.0.0.1:{port}"
    return {service: f"{url.rstrip('/')}/{service}" for service in SERVICES}


def born(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
