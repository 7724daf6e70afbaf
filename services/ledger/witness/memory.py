"""What a witness remembers: of each log the last checkpoint it signed, a file each in one folder.

A file is replaced whole, and on the disk before anything is signed: whenever the process is killed, the
folder holds the checkpoint from before or the new one, and what was signed is never ahead of it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tlog.checkpoints import Checkpoint
from tlog.merkle import EMPTY
from tlog.notes import MalformedNote

_LOCK = "lock"


class Damaged(Exception):
    """A file of the memory is not as it was written: without it the witness could sign a second history."""


class Memory:
    """The memory in `folder`, which is there; several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else reads or writes the memory until the end of the block."""
        lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def last(self, origin: str) -> Checkpoint:
        """The checkpoint last remembered; that of an empty log for one never seen. Raises Damaged."""
        try:
            text = self._file(origin).read_text()
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY)
        except (OSError, UnicodeDecodeError) as error:
            raise Damaged(f"{self._file(origin).name}: {type(error).__name__}") from error
        try:
            checkpoint = Checkpoint.parse(text)
        except MalformedNote as error:
            raise Damaged(f"{self._file(origin).name}: {error}") from error
        if checkpoint.origin != origin:
            raise Damaged(f"{self._file(origin).name} is of another log")
        return checkpoint

    def remember(self, checkpoint: Checkpoint) -> None:
        """On the disk when this returns; within `held`, in which it was compared with the `last` one."""
        file = self._file(checkpoint.origin)
        unfinished = file.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w", closefd=False) as stream:
                stream.write(checkpoint.text)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _file(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest()
