"""The data folder: everything that a running product keeps, in one place, used by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FORMAT = 1
"""Raised when an older program could no longer use the folder: another layout, another major PostgreSQL."""

LogKind = Literal["embedded", "kafka"]

_MARK = "format"
_LOG_MARK = "log"
_LOCK = "lock"
_BEFORE_THE_MARK = {_LOCK, f".{_MARK}.new"}


class CannotStart(Exception):
    """One sentence for the person at the terminal; the program prints it and ends with exit status 1."""


class InUse(CannotStart):
    """Another process holds the folder: the product runs on it."""


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own data directory; it exists only once it is complete."""
        return self.path / "postgres"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def kafka(self) -> Path:
        """The broker's, where the log between the services is on Kafka."""
        return self.path / "kafka"

    @property
    def log(self) -> LogKind | None:
        """Where the log between the services is; None while there is none yet."""
        mark = self.path / _LOG_MARK
        if mark.exists():
            return "kafka" if mark.read_text().strip() == "kafka" else "embedded"
        return "embedded" if self.postgres.exists() else None  # of a program that knew no other

    def keep_log_in(self, kind: LogKind) -> None:
        """Marks where the log is from now on: nothing is moved by this."""
        write_once(self.path / _LOG_MARK, f"{kind}\n")

    def require_log_in(self, kind: LogKind) -> None:
        """Marks a new folder. Raises `CannotStart` where the log is of the other kind, with what it holds."""
        if self.log is None:
            self.keep_log_in(kind)
        elif self.log != kind:
            raise CannotStart(
                f"The log of the data folder {self.path} is on Kafka: run it with make run-kafka."
                if self.log == "kafka"
                else f"The log of the data folder {self.path} is the embedded one: move it to Kafka with "
                "alliance move-log, or run it with make run."
            )


@contextmanager
def held(path: Path) -> Iterator[DataFolder]:
    """The folder at `path`, made where there is none, held against every other process until the end.

    The lock is the kernel's and ends with this process, however that ends. Raises `CannotStart` when the
    folder is in use, of a newer version, not ours, or cannot be written.
    """
    path = path.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (path / _MARK).exists() and {entry.name for entry in path.iterdir()} - _BEFORE_THE_MARK:
            raise CannotStart(f"The folder {path} has other things in it: choose an empty or a new one.")
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"The data folder {path} cannot be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode() or "of unknown number"
            raise InUse(f"The data folder {path} is already in use, by process {holder}.") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        if not (path / _MARK).exists():
            write_once(path / _MARK, f"{FORMAT}\n")
        _check_format(path)
        yield DataFolder(path)
    finally:
        os.close(lock)


def existing(path: Path) -> DataFolder:
    """The folder of a product that has run before and may be running now. Raises `CannotStart`."""
    path = path.expanduser().resolve()
    if not (path / _MARK).exists():
        raise CannotStart(f"There is no data in {path} yet: run the product once, or name its data folder.")
    _check_format(path)
    return DataFolder(path)


def write_once(path: Path, text: str) -> None:
    """A file that only its owner may read: whole and on the disk when this returns, or not there at all."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """A new or renamed entry outlives a power cut only once its folder is on the disk too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_format(path: Path) -> None:
    try:
        found = int((path / _MARK).read_text())
    except (OSError, ValueError) as error:
        raise CannotStart(
            f"The version mark {path / _MARK} cannot be read: restore it from a backup."
        ) from error
    if found > FORMAT:
        raise CannotStart(
            f"The data folder {path} has format {found}, of a newer version of this program, "
            f"and this one knows formats up to {FORMAT}: run the newer version."
        )


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Ends the program with a `CannotStart`'s sentence and exit status 1, whichever task it came from."""
    sentence = None
    try:
        yield
    except* CannotStart as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        sentence = str(error)
    if sentence is not None:
        raise SystemExit(sentence)
