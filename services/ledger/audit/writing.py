"""Writing so that what lies there is whole at any time: a log's folder, or a file."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from ledger.audit.findings import Unusable
from ledger.audit.folder import Folder
from tlog.tiles import WIDTH, Tile, tile_at

_COMING: Final = ".coming"
"""Where files lie until they are whole."""


@contextmanager
def alone(path: Path) -> Iterator[Folder]:
    """The folder, made where there is none, while nobody else writes into it. Raises Unusable."""
    if path.exists() and not path.is_dir():
        raise Unusable(f"{path} is no folder.")
    path.mkdir(parents=True, exist_ok=True)
    _check_links(path / "tile")
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Unusable(f"Another fetch into {path}, or an export, is under way.") from None
    try:
        _make_anew(path / _COMING)
        yield Folder(path)
    finally:
        shutil.rmtree(path / _COMING, ignore_errors=True)
        os.close(lock)


def _make_anew(coming: Path) -> None:
    """Without what a broken fetch left there, or somebody who made up the folder: a link, say."""
    if coming.is_symlink() or coming.is_file():
        coming.unlink()
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir()


def _check_links(tiles: Path) -> None:
    """Raises Unusable where what is written there would come to lie elsewhere."""
    places = [tiles, *(Path(place) / name for place, names, _ in os.walk(tiles) for name in names)]
    if link := next((place for place in places if place.is_symlink()), None):
        raise Unusable(f"{link} is a link: what is written there would lie elsewhere.")


def write(folder: Folder, name: str, content: bytes) -> None:
    """Whole or not at all."""
    coming = folder.path / _COMING / name.replace("/", "_")
    coming.write_bytes(content)
    place = folder.path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    coming.replace(place)


def drop_narrower(folder: Folder, size: int) -> None:
    """Removes tiles as they were when they were narrower than they are at this size."""
    for name in folder.names():
        with suppress(ValueError, IndexError):  # no tile, or beyond the log: verify names it
            tile = Tile.parse(name)
            if tile.width < WIDTH and tile != tile_at(tile.level, tile.index, size):
                (folder.path / name).unlink()
                with suppress(OSError):  # others lie beside it
                    (folder.path / name).parent.rmdir()


@contextmanager
def written_whole(path: Path | None) -> Iterator[IO[bytes]]:
    """A file that is there once it is whole, or stdout."""
    if path is None:
        yield sys.stdout.buffer
        return
    if not path.parent.is_dir():
        raise Unusable(f"There is no folder {path.parent} to write into.")
    if path.is_dir():
        raise Unusable(f"{path} is a folder, and no file to write.")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
