"""The tree over a log's entries, kept as its tiles: each row is one tile, as wide as it has become.

A tile only grows, to the right: as it was at an earlier size it is the beginning of what it is now. The leaf
hashes of a batch and what becomes whole by them are written with the entries, in one transaction.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sqlalchemy import ARRAY, BigInteger, Column, LargeBinary, SmallInteger, Table, Text, Uuid

from events.ids import AllianceId
from events.store import Transaction
from ledger.tables import metadata
from tlog.merkle import HASH_BYTES, Hashes, leaf_hash, root_of
from tlog.tiles import WIDTH, Tile, bundle_of, hashes_from, tile_of

tiles = Table(
    "tiles",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

logs = Table(
    "logs",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("size", BigInteger, nullable=False, comment="of the checkpoint: it never goes back"),
    Column("checkpoint", Text, nullable=False, comment="the signed note, as published"),
    Column("keys", ARRAY(Text), nullable=False, comment="the verifier keys of who signed for the log"),
    Column("witnesses", SmallInteger, nullable=False, comment="that the charter names"),
    Column("quorum", SmallInteger, nullable=False, comment="how many of them must sign"),
    Column("cosigned", SmallInteger, nullable=False, comment="how many of them have"),
)

_CATCH_UP: Final = 1000

_GROWN = (
    "SELECT number * 256 + octet_length(hashes) / 32 FROM tiles"
    " WHERE alliance_id = $1 AND level = 0 ORDER BY number DESC LIMIT 1"
)
# What stands to the right of the place where hashes begin is put there anew: where rows were lost, others may
# have it already.
_GROW = (
    "INSERT INTO tiles SELECT $1, $2, * FROM unnest($3::bigint[], $4::bytea[])"
    " ON CONFLICT (alliance_id, level, number) DO UPDATE SET hashes ="
    " substring(tiles.hashes FROM 1 FOR CASE excluded.number WHEN $5 THEN $6 ELSE 0 END) || excluded.hashes"
    " RETURNING number, octet_length(hashes) AS length,"
    " CASE WHEN octet_length(hashes) >= 8192 THEN hashes END AS hashes"
)

T = TypeVar("T")


class BrokenTree(RuntimeError):
    """The tiles are not those of the entries, or some are gone: rebuilding the books makes them anew."""


async def grow(transaction: Transaction, alliance: AllianceId, first: int, bodies: Sequence[bytes]) -> None:
    """Adds entries, the first of which has the index `first`; the head must be locked by this transaction.

    Raises BrokenTree.
    """
    grown = await _grown(transaction, alliance)
    # What an earlier version has recorded and put into no tree.
    while grown < first:
        rows = await transaction.raw.fetch(
            "SELECT body FROM events WHERE alliance_id = $1 AND sequence > $2 AND sequence <= $3"
            " ORDER BY sequence LIMIT $4",
            alliance,
            grown,
            first,
            _CATCH_UP,
        )
        await _add(transaction, alliance, grown, [leaf_hash(row["body"]) for row in rows])
        grown += len(rows)
    if grown != first:
        raise BrokenTree(f"the tree has {grown} leaves where {first} were expected")
    await _add(transaction, alliance, first, [leaf_hash(body) for body in bodies])


async def catch_up(transaction: Transaction, alliance: AllianceId, size: int) -> None:
    """Has the tree reach `size` entries that are recorded. Raises Restoring, NotRestored or BrokenTree."""
    transaction.writable(alliance)
    if await _grown(transaction, alliance) < size:
        await grow(transaction, alliance, await transaction.lock_head(alliance), ())


async def _grown(transaction: Transaction, alliance: AllianceId) -> int:
    return await transaction.raw.fetchval(_GROWN, alliance) or 0


async def _add(transaction: Transaction, alliance: AllianceId, first: int, hashes: Sequence[bytes]) -> None:
    """Adds hashes to the lowest level, the first of which is its number `first`, and to those above."""
    level = 0
    while hashes:
        parts: dict[int, list[bytes]] = {}
        for number, found in enumerate(hashes, first):
            parts.setdefault(number // WIDTH, []).append(found)
        leftmost, kept = divmod(first, WIDTH)
        rows = await transaction.raw.fetch(
            _GROW,
            alliance,
            level,
            list(parts),
            [b"".join(part) for part in parts.values()],
            leftmost,
            kept * HASH_BYTES,
        )
        for row in rows:
            width = min(WIDTH, first + len(hashes) - row["number"] * WIDTH)
            if row["length"] != width * HASH_BYTES:
                raise BrokenTree(f"tile {row['number']} at level {level} is not as wide as its tree")
        full = sorted((row["number"], row["hashes"]) for row in rows if row["hashes"] is not None)
        first = full[0][0] if full else 0
        hashes = [_root(tile) for _, tile in full]
        level += 1


def _root(tile: bytes) -> bytes:
    return root_of(tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES))


async def read_tile(transaction: Transaction, alliance: AllianceId, tile: Tile) -> bytes:
    """The bytes of a tile of hashes or of entries that the log has. Raises BrokenTree."""
    if tile.level is None:
        first = tile.index * WIDTH
        rows = await transaction.raw.fetch(
            "SELECT body FROM events WHERE alliance_id = $1 AND sequence > $2 AND sequence <= $3"
            " ORDER BY sequence",
            alliance,
            first,
            first + tile.width,
        )
        if len(rows) != tile.width:
            raise BrokenTree(f"{tile.path} is not there")
        return bundle_of([row["body"] for row in rows])
    hashes: bytes | None = await transaction.raw.fetchval(
        "SELECT substring(hashes FROM 1 FOR $4) FROM tiles"
        " WHERE alliance_id = $1 AND level = $2 AND number = $3",
        alliance,
        tile.level,
        tile.index,
        tile.width * HASH_BYTES,
    )
    if hashes is None or len(hashes) != tile.width * HASH_BYTES:
        raise BrokenTree(f"{tile.path} is not there")
    return hashes


async def worked_out(
    transaction: Transaction, alliance: AllianceId, size: int, work: Callable[[Hashes], T]
) -> T:
    """What `work` makes of the hashes of the log's first `size` entries: a root, a proof.

    Which hashes it asks for does not depend on what they are: first it is told none, only to find that out.
    Raises BrokenTree, and what `work` raises.
    """
    wanted: set[Tile] = set()

    def nothing(level: int, index: int) -> bytes:
        wanted.add(tile_of(level, index, size))
        return bytes(HASH_BYTES)

    work(nothing)
    rows = await transaction.raw.fetch(
        "SELECT t.level, t.number, t.hashes FROM unnest($2::int[], $3::bigint[]) AS wanted (level, number)"
        " JOIN tiles t USING (level, number) WHERE t.alliance_id = $1",
        alliance,
        [tile.level for tile in wanted],
        [tile.index for tile in wanted],
    )
    found = {(row["level"], row["number"]): row["hashes"] for row in rows}
    try:
        return work(hashes_from(lambda tile: found[tile.level, tile.index], size))
    except (KeyError, ValueError) as error:
        raise BrokenTree(f"hashes of the tree at {size} are not there") from error
