"""What each file of a log must be, given what lies above it in the tree. Pure.

From the checkpoint downwards: the tiles at the right edge lead to the root, each hash of a tile is the root
of a full tile below it, and each hash of the lowest tiles is that of an entry. So every file is held against
something that is proved already, and the first one that differs is the one that is wrong.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import CHECKPOINT, entries_in
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES, leaf_hash, root
from tlog.tiles import WIDTH, Tile, entries_of, hashes_from, tile_at

HEIGHT: Final = 8


def edge_of(size: int) -> Sequence[Tile]:
    """The tiles that are not full, the lowest first: all that the root is worked out from."""
    tiles = []
    level = 0
    while (hashes := size >> (HEIGHT * level)) > 0:
        if hashes % WIDTH:
            tiles.append(tile_at(level, hashes // WIDTH, size))
        level += 1
    return tiles


def check_width(tile: Tile, content: bytes) -> None:
    """Raises DoesNotHold."""
    if len(content) != tile.width * HASH_BYTES:
        raise DoesNotHold(
            "wrong_width",
            tile.path,
            "not as wide as the log needs it",
            expected=f"{tile.width * HASH_BYTES} bytes",
            found=f"{len(content)} bytes",
        )


def check_root(checkpoint: Checkpoint, edge: Mapping[str, bytes], at: str = CHECKPOINT) -> None:
    """The tiles at the right edge, by path, lead to the root. Raises DoesNotHold."""
    found = root(checkpoint.size, hashes_from(lambda tile: edge[tile.path], checkpoint.size))
    if found != checkpoint.root:
        raise DoesNotHold(
            "another_root",
            at,
            f"another root than that of {' and '.join(edge) or 'no entries'}",
            expected=checkpoint.root.hex(),
            found=found.hex(),
        )


def check_goes_on(before: Checkpoint, now: Checkpoint, at: str = CHECKPOINT) -> None:
    """A checkpoint is of the same log as an earlier one, and no smaller. Raises DoesNotHold."""
    if before.origin != now.origin:
        raise DoesNotHold("another_log", at, "of another log", expected=before.origin, found=now.origin)
    if before.size > now.size:
        raise DoesNotHold(
            "rolled_back",
            at,
            "the log is shorter than it was",
            expected=f"{before.size} entries at least",
            found=now.size,
        )


def check_beginning(before: Checkpoint, found: bytes, at: str = CHECKPOINT) -> None:
    """`found` is the root of as many entries as the earlier checkpoint has. Raises DoesNotHold."""
    if found != before.root:
        raise DoesNotHold(
            "forked",
            at,
            f"its first {before.size} entries are not those of the earlier checkpoint",
            expected=before.root.hex(),
            found=found.hex(),
        )


def check_tile(tile: Tile, content: bytes, above: bytes) -> bytes:
    """A full tile, which leads to the hash above it. Raises DoesNotHold."""
    check_width(tile, content)
    found = root_of_full(content)
    if found != above:
        assert tile.level is not None
        raise DoesNotHold(
            "changed_tile",
            tile.path,
            "the tile does not lead to the hash above it",
            expected=above.hex(),
            found=found.hex(),
            entry=tile.index * WIDTH << HEIGHT * tile.level,
        )
    return content


def check_leaves(tile: Tile, bundle: bytes, above: bytes) -> bytes:
    """The hashes of a full bundle's entries, which lead to the hash above them. Raises DoesNotHold."""
    entries = entries_in(tile, bundle)
    leaves = leaf_hashes(entries)
    found = root_of_full(leaves)
    if found != above:
        raise DoesNotHold(
            "changed_bundle",
            tile.path,
            "the entries do not lead to the hash above them",
            expected=above.hex(),
            found=found.hex(),
            entry=tile.index * WIDTH,
        )
    return leaves


def check_bundle(tile: Tile, bundle: bytes, leaves: bytes) -> list[bytes]:
    """The bundle's entries, which have these hashes. Raises DoesNotHold naming the first that has not."""
    try:
        entries = entries_of(bundle)
    except ValueError as error:
        raise _changed(tile, bundle, leaves) from error
    if len(entries) != tile.width or leaf_hashes(entries) != leaves:
        raise _changed(tile, bundle, leaves)
    return entries


def _changed(tile: Tile, bundle: bytes, leaves: bytes) -> DoesNotHold:
    end = 0
    for number in range(tile.width):
        start, end = end + 2, end + 2 + int.from_bytes(bundle[end : end + 2], "big")
        expected = leaves[number * HASH_BYTES :][:HASH_BYTES].hex()
        found = leaf_hash(bundle[start:end]).hex() if start <= end <= len(bundle) else "the end of the file"
        if found != expected:
            index = tile.index * WIDTH + number
            said = f"not the entry that the log has, in {tile.path}"
            return DoesNotHold(
                "changed_entry", f"entry {index}", said, expected=expected, found=found, entry=index
            )
    said = "goes on after its last entry"
    return DoesNotHold("too_long", tile.path, said, expected=f"{end} bytes", found=f"{len(bundle)} bytes")


def check_same(tile: Tile, found: bytes, expected: bytes) -> None:
    """A tile has exactly the hashes that it must have. Raises DoesNotHold, which names the first other
    one.
    """
    check_width(tile, found)
    for at in range(0, len(expected) if found != expected else 0, HASH_BYTES):
        if found[at : at + HASH_BYTES] != expected[at : at + HASH_BYTES]:
            number = tile.index * WIDTH + at // HASH_BYTES
            raise DoesNotHold(
                "changed_tile",
                tile.path,
                f"not the log's hash, number {at // HASH_BYTES} of the tile",
                expected=expected[at : at + HASH_BYTES].hex(),
                found=found[at : at + HASH_BYTES].hex(),
                entry=number << HEIGHT * (tile.level or 0),
            )


def leaf_hashes(entries: Sequence[bytes]) -> bytes:
    return b"".join([sha256(b"\x00" + entry).digest() for entry in entries])


def root_of_full(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [
                sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest()
                for at in range(0, len(hashes), 2 * HASH_BYTES)
            ]
        )
    return hashes
