"""The tree over a log and its checkpoints, on a real PostgreSQL."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from uuid import uuid4

import pytest

from events.errors import Restoring
from events.gate import Gate
from events.ids import AllianceId
from events.relay import rewind
from events.store import Store, Transaction
from ledger.log.publishing import Publisher
from ledger.log.signing import LogKeys
from ledger.log.views import BrokenTree, grow, read_tile, worked_out
from rigs.books import Books, publisher_of
from samples import books as made_up
from tlog.checkpoints import Checkpoint
from tlog.merkle import Frontier, check_consistency, consistency_proof, inclusion_proof, leaf_hash, root
from tlog.notes import Note
from tlog.tiles import bundle_of, bundles_of, tiles_of

A = uuid4()
KEYS = LogKeys([b"m" * 32])


@pytest.fixture
def publisher(books: Books) -> Publisher:
    return publisher_of(books.store, KEYS)


@cache
def _publishing(alliance: AllianceId) -> made_up.Publisher:
    return made_up.Publisher("purchasing", alliance)


async def _record(books: Books, alliance: AllianceId, counts: Sequence[int]) -> list[bytes]:
    """Batches of so many events each; returns the entries of the log."""
    purchasing = _publishing(alliance)
    for count in counts:
        await books.apply(alliance, [purchasing.gave(A, "1.00") for _ in range(count)])
    async with books.store.single() as transaction:
        return await _entries(transaction, alliance)


async def _entries(transaction: Transaction, alliance: AllianceId) -> list[bytes]:
    rows = await transaction.raw.fetch(
        "SELECT body FROM events WHERE alliance_id = $1 ORDER BY sequence", alliance
    )
    return [row["body"] for row in rows]


async def _acknowledged(books: Books, alliance: AllianceId, size: int) -> None:
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "UPDATE heads SET relayed_sequence = $2 WHERE alliance_id = $1", alliance, size
        )


async def _published(books: Books, alliance: AllianceId) -> Checkpoint | None:
    async with books.store.single() as transaction:
        row = await transaction.raw.fetchrow(
            "SELECT size, checkpoint, keys FROM logs WHERE alliance_id = $1", alliance
        )
    if row is None:
        return None
    note = Note.parse(row["checkpoint"].encode())
    checkpoint = Checkpoint.parse(note.text)
    verifiers = KEYS.verifiers(alliance, checkpoint.origin)
    assert row["keys"] == [str(one) for one in verifiers]
    assert row["size"] == checkpoint.size
    assert set(note.times(verifiers)) == set(verifiers)
    return checkpoint


def _root(entries: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry))
    return frontier.root()


async def _tree(transaction: Transaction, alliance: AllianceId, size: int) -> bytes:
    return await worked_out(transaction, alliance, size, lambda hashes: root(size, hashes))


async def test_the_tree_is_that_of_the_entries_however_they_came_in_batches(
    books: Books, alliance: AllianceId
) -> None:
    entries = await _record(books, alliance, [1, 1, 252, 1, 1, 1, 300])
    async with books.store.single() as transaction:
        for size in (0, 1, 2, 254, 255, 256, 257, 258, len(entries)):
            assert await _tree(transaction, alliance, size) == _root(entries[:size])
        for bundle in bundles_of(len(entries)):
            first = bundle.index * 256
            expected = bundle_of(entries[first : first + bundle.width])
            assert await read_tile(transaction, alliance, bundle) == expected


async def test_every_tile_of_seventy_thousand_entries_is_as_a_plain_tree_has_it(
    books: Books, alliance: AllianceId
) -> None:
    size = 70_000
    entries = [number.to_bytes(4, "big") for number in range(size)]
    plain: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for entry in entries:
        plain |= {(level, index): found for level, index, found in frontier.append(leaf_hash(entry))}
    async with books.store.transaction() as transaction:
        await transaction.lock_head(alliance)
        for first in range(0, size, 9_999):
            await grow(transaction, alliance, first, entries[first : first + 9_999])
        for tile in tiles_of(size):
            assert tile.level is not None
            found = await read_tile(transaction, alliance, tile)
            first = tile.index * 256
            assert found == b"".join(
                plain[tile.level * 8, index] for index in range(first, first + tile.width)
            )
        assert await _tree(transaction, alliance, size) == frontier.root()
        for index in (0, 65_535, 65_536, size - 1):
            proof = await worked_out(transaction, alliance, size, partial(inclusion_proof, index, size))
            assert proof == inclusion_proof(index, size, lambda level, at: plain[level, at])


async def test_what_was_recorded_before_there_was_a_tree_is_put_into_it(
    books: Books, alliance: AllianceId, publisher: Publisher
) -> None:
    entries = await _record(books, alliance, [300])
    async with books.store.single() as transaction:
        await transaction.raw.execute("DELETE FROM tiles WHERE alliance_id = $1", alliance)
    await _acknowledged(books, alliance, len(entries))
    await publisher.step()
    checkpoint = await _published(books, alliance)
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (len(entries), _root(entries))


async def test_a_tree_with_more_leaves_than_entries_takes_none(books: Books, alliance: AllianceId) -> None:
    await _record(books, alliance, [3])
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "UPDATE tiles SET hashes = hashes || hashes WHERE alliance_id = $1", alliance
        )
    with pytest.raises(RuntimeError, match="leaves"):
        await _record(books, alliance, [1])


@pytest.mark.parametrize("lost", ["level = 0", "level = 0 AND number > 0", "level = 1", "number = 0"])
async def test_where_tiles_are_gone_no_root_is_signed_but_that_of_the_entries(
    books: Books, alliance: AllianceId, publisher: Publisher, lost: str
) -> None:
    await _record(books, alliance, [600])
    async with books.store.single() as transaction:
        await transaction.raw.execute(f"DELETE FROM tiles WHERE alliance_id = $1 AND {lost}", alliance)
    with suppress(BrokenTree):  # the alliance stands still, and waits for a rebuild
        await _record(books, alliance, [200])
    async with books.store.single() as transaction:
        entries = await _entries(transaction, alliance)
    await _acknowledged(books, alliance, len(entries))
    await publisher.step()
    checkpoint = await _published(books, alliance)
    # The lowest level is all that it takes to make the others.
    assert (checkpoint is not None) == lost.startswith("level = 0")
    assert checkpoint is None or checkpoint.root == _root(entries[: checkpoint.size])


async def test_a_broken_tree_keeps_no_other_log_from_its_checkpoint(
    books: Books, alliance: AllianceId, publisher: Publisher
) -> None:
    sound = AllianceId(uuid4())
    for one in (alliance, sound):
        await _acknowledged(books, one, len(await _record(books, one, [299])))
    async with books.store.single() as transaction:
        await transaction.raw.execute("DELETE FROM tiles WHERE alliance_id = $1 AND level = 1", alliance)
    await publisher.step()
    assert await _published(books, alliance) is None
    assert await _published(books, sound) is not None


async def test_nothing_is_signed_that_does_not_go_on_from_what_is_published(
    books: Books, alliance: AllianceId, publisher: Publisher
) -> None:
    await _acknowledged(books, alliance, len(await _record(books, alliance, [9])))
    await publisher.step()
    published = await _published(books, alliance)
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "UPDATE tiles SET hashes = overlay(hashes PLACING decode('00', 'hex') FROM 33)"
            " WHERE alliance_id = $1",
            alliance,
        )
    await _acknowledged(books, alliance, len(await _record(books, alliance, [1])))
    await publisher.step()
    assert await _published(books, alliance) == published


async def test_no_size_is_signed_that_the_topic_has_not_acknowledged(
    books: Books, alliance: AllianceId, publisher: Publisher
) -> None:
    entries = await _record(books, alliance, [5])
    await publisher.step()
    assert await _published(books, alliance) is None
    await _acknowledged(books, alliance, 4)
    await publisher.step()
    checkpoint = await _published(books, alliance)
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (4, _root(entries[:4]))


async def test_the_checkpoint_never_goes_back_and_each_goes_on_from_the_one_before(
    books: Books, alliance: AllianceId, publisher: Publisher
) -> None:
    seen: list[Checkpoint] = []
    size = 0
    for count in (1, 1, 250, 9, 300):
        size = len(await _record(books, alliance, [count]))
        async with books.store.transaction() as transaction:
            await rewind(transaction, alliance)
        await publisher.step()
        assert await _published(books, alliance) == (seen[-1] if seen else None)
        await _acknowledged(books, alliance, size)
        await publisher.step()
        checkpoint = await _published(books, alliance)
        assert checkpoint is not None
        assert checkpoint.size == size
        seen.append(checkpoint)
    async with books.store.single() as transaction:
        for old in seen:
            proof = await worked_out(transaction, alliance, size, partial(consistency_proof, old.size, size))
            check_consistency(old.size, size, proof, old.root, seen[-1].root)


async def test_two_replicas_publish_one_history(books: Books, alliance: AllianceId) -> None:
    entries = await _record(books, alliance, [40])
    replicas = [publisher_of(books.store, KEYS) for _ in range(3)]
    for size in range(1, 40, 3):
        await _acknowledged(books, alliance, size)
        await asyncio.gather(*(replica.step() for replica in replicas))
        checkpoint = await _published(books, alliance)
        assert checkpoint is not None
        assert (checkpoint.size, checkpoint.root) == (size, _root(entries[:size]))


async def test_nothing_is_signed_while_the_database_may_be_an_older_one(
    books: Books, alliance: AllianceId
) -> None:
    entries = await _record(books, alliance, [2])
    await _acknowledged(books, alliance, len(entries))
    gated = Store.connect(books.address.replace("postgresql:", "postgresql+asyncpg:"), gate=Gate())
    try:
        with pytest.RaisesGroup(Restoring):
            await publisher_of(gated, KEYS).step()
    finally:
        await gated.close()
    assert await _published(books, alliance) is None


def test_every_alliance_and_every_epoch_has_a_key_of_its_own_and_the_newest_two_sign() -> None:
    here, there = AllianceId(uuid4()), AllianceId(uuid4())
    keys = LogKeys([b"1" * 32, b"2" * 32, b"3" * 32])
    found = [str(keys.signer(one, "o/1", epoch).verifier) for one in (here, there) for epoch in range(3)]
    assert len(set(found)) == 6
    assert [str(one) for one in keys.verifiers(here, "o/1")] == [found[2], found[1]]
    earlier = LogKeys([b"1" * 32, b"2" * 32])
    assert str(earlier.verifiers(here, "o/1")[0]) == found[1]
