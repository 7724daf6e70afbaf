"""A log as a folder, in the layout of C2SP's tlog-tiles: what is fetched, exported and checked.

`checkpoint`, `tile/<level>/…`, `tile/entries/…`, and beside them `keys`: verifier keys, one a line.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ledger.audit.findings import DoesNotHold, Unusable
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES
from tlog.notes import MalformedNote, Note, Verifier
from tlog.tiles import LARGEST_ENTRY, Tile, entries_of

CHECKPOINT: Final = "checkpoint"
NEXT: Final = "checkpoint.next"
"""The checkpoint that a fetch is under way to, until all is there that it covers."""
KEYS: Final = "keys"
LARGEST_TEXT: Final = 64 * 1024
"""Bytes of a checkpoint or a list of keys: one with 64 signatures has 16 KB."""


class Folder:
    """A log's folder. Nothing that it gives has been checked (`ledger.audit.verifying` does that).

    Each read raises DoesNotHold where the file is missing or too large to be one of a log.
    """

    def __init__(self, path: Path) -> None:
        """Raises Unusable where there is no folder."""
        self.path = path
        if not path.is_dir():
            raise Unusable(f"There is no folder {path}.")

    @property
    def checkpoint(self) -> bytes:
        """The signed note."""
        return self.file(CHECKPOINT, LARGEST_TEXT)

    @property
    def keys(self) -> Sequence[Verifier]:
        """The keys that the log says are its own: as good as where the folder comes from."""
        return keys_of(self.file(KEYS, LARGEST_TEXT), KEYS)

    def read(self, tile: Tile) -> bytes:
        return self.file(tile.path, largest(tile))

    def file(self, name: str, most: int) -> bytes:
        """A file's bytes; `name` is a path below the folder that this program made up itself."""
        path = self.path / name
        # Never of a pipe or a device: opening one may wait for ever.
        if not path.is_file():
            raise DoesNotHold("missing", name, "a file is missing", expected="a file", found="none")
        with path.open("rb") as file:
            # Room for as much as may be there would be made each time, and is most of the time it takes.
            content = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
        if len(content) > most:
            size = path.stat().st_size
            raise DoesNotHold("too_large", name, "too large", expected=f"{most} bytes at most", found=size)
        return content

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def names(self) -> Iterator[str]:
        """The paths of all files below `tile/`, links not followed."""
        for place, folders, files in os.walk(self.path / "tile"):
            folders.sort()
            for name in sorted(files):
                yield (Path(place) / name).relative_to(self.path).as_posix()


def largest(tile: Tile) -> int:
    """Bytes that a tile's file has at most."""
    return tile.width * (2 + LARGEST_ENTRY if tile.level is None else HASH_BYTES)


def checkpoint_of(note: bytes, at: str = CHECKPOINT) -> Checkpoint:
    """What a note says, whoever signed it. Raises DoesNotHold."""
    try:
        return Checkpoint.parse(Note.parse(note).text)
    except MalformedNote as error:
        raise DoesNotHold(
            "malformed_checkpoint", at, str(error), expected="a signed checkpoint", found=_shortened(note)
        ) from error


def keys_of(text: bytes, at: str) -> Sequence[Verifier]:
    """Raises DoesNotHold."""
    try:
        # Cut short it is no list of keys, and without any nothing could be checked.
        *lines, rest = text.decode().split("\n")
        if rest or not lines:
            raise MalformedNote("the last line is no key")
        return [Verifier.parse(line) for line in lines]
    except (MalformedNote, UnicodeDecodeError) as error:
        raise DoesNotHold(
            "malformed_keys", at, str(error), expected="verifier keys, one a line", found=_shortened(text)
        ) from error


def entries_in(tile: Tile, bundle: bytes) -> list[bytes]:
    """Raises DoesNotHold unless the bundle has exactly the entries that it is there for."""
    try:
        entries = entries_of(bundle)
    except ValueError as error:
        raise DoesNotHold(
            "malformed_bundle", tile.path, str(error), expected=f"{tile.width} entries", found="less"
        ) from error
    if len(entries) != tile.width:
        raise DoesNotHold(
            "wrong_width", tile.path, "not as many entries", expected=tile.width, found=len(entries)
        )
    return entries


def _shortened(text: bytes) -> str:
    return repr(text[:60])[1:] + ("…" if len(text) > 60 else "")
