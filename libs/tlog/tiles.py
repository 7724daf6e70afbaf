"""Tiles and entry bundles (C2SP tlog-tiles): a log as files that never change once they are full."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tlog.merkle import HASH_BYTES, Frontier, Hashes, leaf_hash, root_of

WIDTH: Final = 256
"""Hashes of a full tile, and entries of a full bundle."""
_HEIGHT: Final = 8
_MOST_LEVELS: Final = 64
LARGEST_ENTRY: Final = 0xFFFF
LARGEST_SIZE: Final = 2**63 - 1

_PATH: Final = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?|entries)/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A run of hashes at one level of the tree, or of entries where `level` is None."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{suffix}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Raises ValueError for a path that is written in any other way than `path` would."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise ValueError("no tile has this path")
        number = int(match["number"].replace("/", "").replace("x", ""))
        level = None if match["level"] == "entries" else int(match["level"])
        tile = cls(level, number, int(match["width"] or WIDTH))
        if tile.path != path or (level or 0) >= _MOST_LEVELS or number > LARGEST_SIZE:
            raise ValueError("no tile has this path")
        return tile

    def is_of(self, size: int) -> bool:
        """Whether a log of this size has it; a partial one also where it has grown since."""
        whole = size >> (_HEIGHT * (self.level or 0))
        return 0 < self.width <= WIDTH and self.index * WIDTH + self.width <= whole


def tile_at(level: int | None, index: int, size: int) -> Tile:
    """A log's tile, as wide as it is at this size. Raises IndexError where it has none."""
    width = min(WIDTH, (size >> (_HEIGHT * (level or 0))) - index * WIDTH)
    if width <= 0 or index < 0:
        raise IndexError(f"a log of {size} has no tile {index} at level {level}")
    return Tile(level, index, width)


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of hashes, from the lowest level, and from the left."""
    level = 0
    while (hashes := size >> (_HEIGHT * level)) > 0:
        for index in range(-(-hashes // WIDTH)):
            yield tile_at(level, index, size)
        level += 1


def bundles_of(size: int) -> Iterator[Tile]:
    """All bundles of entries, from the left."""
    for index in range(-(-size // WIDTH)):
        yield tile_at(None, index, size)


def tile_of(level: int, index: int, size: int) -> Tile:
    """The tile that has the hash over `1 << level` leaves from `index << level` on, or what makes it up."""
    row, height = divmod(level, _HEIGHT)
    return tile_at(row, (index << height) // WIDTH, size)


def laid_out(entries: Iterable[bytes], frontier: Frontier) -> Iterator[tuple[Tile, bytes]]:
    """The files of a log, as soon as each is whole; `frontier`, empty at first, grows to the log's.

    The memory that it takes does not grow with the log.
    """
    bundle: list[bytes] = []
    rows: list[list[bytes]] = []
    for entry in entries:
        bundle.append(entry)
        for height, _, found in frontier.append(leaf_hash(entry)):
            level, rest = divmod(height, _HEIGHT)
            if rest == 0:
                if level == len(rows):
                    rows.append([])
                rows[level].append(found)
                if len(rows[level]) == WIDTH:
                    yield (
                        tile_at(level, (frontier.size >> height) // WIDTH - 1, frontier.size),
                        _taken(rows[level]),
                    )
        if len(bundle) == WIDTH:
            yield tile_at(None, frontier.size // WIDTH - 1, frontier.size), bundle_of(bundle)
            bundle.clear()
    for level, row in enumerate(rows):
        if row:
            yield tile_at(level, (frontier.size >> _HEIGHT * level) // WIDTH, frontier.size), _taken(row)
    if bundle:
        yield tile_at(None, frontier.size // WIDTH, frontier.size), bundle_of(bundle)


def _taken(row: list[bytes]) -> bytes:
    tile = b"".join(row)
    row.clear()
    return tile


def hashes_from(read: Callable[[Tile], bytes], size: int) -> Hashes:
    """The hashes of a tree of `size`, out of the tiles that `read` gives."""

    def found(level: int, index: int) -> bytes:
        tile, height = tile_of(level, index, size), level % _HEIGHT
        start = (index << height) % WIDTH * HASH_BYTES
        part = read(tile)[start : start + (HASH_BYTES << height)]
        if len(part) != HASH_BYTES << height:
            raise ValueError(f"{tile.path} is too short")
        return root_of(part[at : at + HASH_BYTES] for at in range(0, len(part), HASH_BYTES))

    return found


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """Raises ValueError for an entry that is over the format's 65,535 bytes."""
    if any(len(entry) > LARGEST_ENTRY for entry in entries):
        raise ValueError("an entry is too large for a bundle")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(bundle: bytes) -> list[bytes]:
    """Raises ValueError where the bundle ends within an entry."""
    entries = []
    at = 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 > len(bundle) or end > len(bundle):
            raise ValueError("the bundle ends within an entry")
        entries.append(bundle[at + 2 : end])
        at = end
    return entries
