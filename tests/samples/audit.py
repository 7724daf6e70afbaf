"""Logs as folders that lie in memory, to change a byte of."""

from collections.abc import Iterator
from pathlib import Path

from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import Folder


class Kept(Folder):
    """A log's folder without a disk."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.path = Path("log")
        self.files = files

    def file(self, name: str, most: int) -> bytes:
        if name not in self.files:
            raise DoesNotHold("missing", name, "a file is missing", expected="a file", found="none")
        return self.files[name]

    def has(self, name: str) -> bool:
        return name in self.files

    def names(self) -> Iterator[str]:
        return iter(sorted(name for name in self.files if name.startswith("tile/")))
