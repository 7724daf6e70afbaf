"""A log's tree out of a folder, from the checkpoint downwards."""

from collections.abc import Iterator

from ledger.audit.checking import (
    check_bundle,
    check_root,
    check_same,
    check_tile,
    check_width,
    edge_of,
    leaf_hashes,
    root_of_full,
)
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import Folder, entries_in
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES, Hashes
from tlog.tiles import WIDTH, Tile, hashes_from, tile_at


class Tree:
    """A checkpoint's tree out of its files, each checked when it is read. One tile a level is kept.

    Everything raises DoesNotHold at the first file that is not what it must be.
    """

    def __init__(self, checkpoint: Checkpoint, folder: Folder) -> None:
        self.checkpoint = checkpoint
        self.folder = folder
        self._edge: dict[str, bytes] = {}
        self._last: dict[int, tuple[int, bytes]] = {}
        for tile in edge_of(checkpoint.size):
            self._edge[tile.path] = content = folder.read(tile)
            check_width(tile, content)
        try:
            check_root(checkpoint, self._edge)
        except DoesNotHold:
            self._find_wrong_edge()
            raise

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile, as wide as it is at the checkpoint's size."""
        tile = tile_at(level, index, self.checkpoint.size)
        if tile.width < WIDTH:
            return self._edge[tile.path]
        number, content = self._last.get(level, (-1, b""))
        if number != index:
            start = index % WIDTH * HASH_BYTES
            above = self.tile(level + 1, index // WIDTH)[start : start + HASH_BYTES]
            content = self.folder.read(tile)
            check_tile(tile, content, above)
            self._last[level] = index, content
        return content

    @property
    def hashes(self) -> Hashes:
        return hashes_from(lambda tile: self.tile(tile.level or 0, tile.index), self.checkpoint.size)

    def bundle(self, index: int) -> list[bytes]:
        tile = tile_at(None, index, self.checkpoint.size)
        return check_bundle(tile, self.folder.read(tile), self.tile(0, index))

    def entry(self, index: int) -> bytes:
        return self.bundle(index // WIDTH)[index % WIDTH]

    def entries(self, span: range) -> Iterator[bytes]:
        """Those with these indexes, which follow one another."""
        for entries in self.bundles(span):
            yield from entries

    def bundles(self, span: range | None = None) -> Iterator[list[bytes]]:
        """All entries, or those of a span, a bundle at a time; read to the end, every tile has been
        checked.
        """
        span = range(self.checkpoint.size) if span is None else span
        for index in range(span.start // WIDTH, -(-span.stop // WIDTH)):
            start = index * WIDTH
            yield self.bundle(index)[max(0, span.start - start) : span.stop - start]

    def _find_wrong_edge(self) -> None:
        """Raises DoesNotHold, which names a tile at the edge that contradicts what lies below it.

        Where none does, it is the whole log that is another than the checkpoint's.
        """
        for tile in edge_of(self.checkpoint.size):
            check_same(tile, self._edge[tile.path], self._below(tile))

    def _below(self, tile: Tile) -> bytes:
        """What a tile's hashes are, worked out from unchecked files one level lower."""
        if tile.level == 0:
            bundle = Tile(None, tile.index, tile.width)
            return leaf_hashes(entries_in(bundle, self.folder.read(bundle)))
        first = tile.index * WIDTH
        return b"".join(self._unchecked_root(tile, index) for index in range(first, first + tile.width))

    def _unchecked_root(self, above: Tile, index: int) -> bytes:
        tile = Tile((above.level or 0) - 1, index)
        content = self.folder.read(tile)
        check_width(tile, content)
        return root_of_full(content)
