"""Trees, tiles and bundles, held to their specifications' examples and to plain recursive definitions."""

from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples.tlog import LEAVES, ROOTS, kept
from tlog.merkle import (
    EMPTY,
    BadProof,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_of,
)
from tlog.tiles import Tile, bundle_of, bundles_of, entries_of, hashes_from, tile_at, tiles_of

LARGEST: Final = 600
MANY: Final = [leaf_hash(str(number).encode()) for number in range(LARGEST)]

sizes = st.integers(1, LARGEST)


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(plain_root(leaves[:k]), plain_root(leaves[k:]))


def plain_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*plain_path(m, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_path(m - k, leaves[k:]), plain_root(leaves[:k])]


def plain_subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2, word for word."""
    if m == len(leaves):
        return [] if whole else [plain_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*plain_subproof(m, leaves[:k], whole), plain_root(leaves[k:])]
    return [*plain_subproof(m - k, leaves[k:], False), plain_root(leaves[:k])]


HASHES: Final = kept(MANY)


def tiled(leaves: list[bytes]) -> dict[str, bytes]:
    """The tiles of a tree, by their paths, from the plain definition."""
    return {
        tile.path: b"".join(
            plain_root(leaves[at * 256**tile.level : (at + 1) * 256**tile.level])
            for at in range(tile.index * 256, tile.index * 256 + tile.width)
        )
        for tile in tiles_of(len(leaves))
        if tile.level is not None
    }


def test_roots_are_those_of_the_reference() -> None:
    leaves = [leaf_hash(entry) for entry in LEAVES]
    assert [root_of(leaves[:size]) for size in range(9)] == ROOTS
    assert ROOTS[0] == EMPTY == root(0, kept([]))


def test_roots_of_all_sizes_are_those_of_the_plain_definition() -> None:
    frontier = Frontier()
    for size in range(LARGEST + 1):
        wanted = plain_root(MANY[:size])
        assert frontier.root() == root(size, HASHES) == wanted
        assert Frontier.of(size, HASHES).root() == wanted
        if size < LARGEST:
            frontier.append(MANY[size])


@given(sizes, st.data())
def test_inclusion_is_proved_as_the_plain_definition_does_and_checks(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, HASHES)
    assert proof == plain_path(index, MANY[:size])
    check_inclusion(MANY[index], index, size, proof, root(size, HASHES))


@given(sizes, st.data())
def test_consistency_is_proved_as_the_plain_definition_does_and_checks(
    size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, HASHES)
    assert proof == plain_subproof(old, MANY[:size], True)
    check_consistency(old, size, proof, root(old, HASHES), root(size, HASHES))


@given(sizes, st.data())
def test_no_other_leaf_place_size_or_proof_passes_for_an_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, top = inclusion_proof(index, size, HASHES), root(size, HASHES)
    other = data.draw(st.integers(0, LARGEST - 1).filter(lambda one: one != index))
    wrong = [(MANY[other], index, size, proof, top), (MANY[index], other, size, proof, top)]
    wrong += [(MANY[index], index, size, [*proof, EMPTY], top), (MANY[index], index, size, proof, EMPTY)]
    for at in range(len(proof)):
        wrong.append((MANY[index], index, size, [*proof[:at], EMPTY, *proof[at + 1 :]], top))
        wrong.append((MANY[index], index, size, [*proof[:at], *proof[at + 1 :]], top))
    for leaf, place, width, hashes, claimed in wrong:
        with pytest.raises(BadProof):
            check_inclusion(leaf, place, width, hashes, claimed)


@given(sizes, st.data())
def test_no_other_root_or_proof_passes_for_consistency(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    proof = consistency_proof(old, size, HASHES)
    first, second = root(old, HASHES), root(size, HASHES)
    wrong = [(old, size, [*proof, EMPTY], first, second), (size + 1, size, proof, first, second)]
    wrong.append((old, size, proof, MANY[0] if first != MANY[0] else EMPTY, second))
    if old:
        wrong.append((old, size, proof, first, EMPTY))
    for at in range(len(proof)):
        wrong.append((old, size, [*proof[:at], EMPTY, *proof[at + 1 :]], first, second))
        wrong.append((old, size, [*proof[:at], *proof[at + 1 :]], first, second))
    for before, after, hashes, old_root, new_root in wrong:
        with pytest.raises(BadProof):
            check_consistency(before, after, hashes, old_root, new_root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (2**63, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(index, size, HASHES)
    with pytest.raises(BadProof):
        check_inclusion(MANY[0], index, size, [], EMPTY)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (2**63, 3)])
def test_there_is_no_proof_that_a_log_shrank(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(old, new, HASHES)


def test_the_tiles_of_seventy_thousand_are_the_specification_s() -> None:
    tiles = list(tiles_of(70_000))
    full = [tile for tile in tiles if tile.level == 0 and tile.width == 256]
    assert [tile.index for tile in full] == list(range(273))
    assert [tile.path for tile in tiles[273:]] == [
        "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1",
    ]  # fmt: skip
    assert [tile.path for tile in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == list(bundles_of(0)) == []


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 999, 17), "tile/3/999.p/17"),
        (Tile(None, 1000), "tile/entries/x001/000"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
        (tile_at(0, 1234067 // 256, 1234067), "tile/0/x004/820.p/147"),
    ],
)
def test_a_tile_has_one_path(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/-1/000", "tile/64/000",
        "tile/0/x000/001", "tile/0/001/x002", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/",
        "tile/0/../000", "tile/0/000/", "/tile/0/000", "tile/entries/", "tile/x/000", "tile/0/٠٠٠", "",
        "tile/0/" + "x999/" * 12 + "999", "tile/0/000\n",
    ],
)  # fmt: skip
def test_no_other_path_is_a_tile_s(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Tile.parse(path)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, LARGEST])
def test_every_hash_is_found_in_the_tiles(size: int) -> None:
    tiles = tiled(MANY[:size])
    hashes = hashes_from(lambda tile: tiles[tile.path], size)
    assert root(size, hashes) == plain_root(MANY[:size])
    for index in (0, size // 2, size - 1):
        assert inclusion_proof(index, size, hashes) == plain_path(index, MANY[:size])
    for old in {1, size // 2 or 1, size}:
        assert consistency_proof(old, size, hashes) == plain_subproof(old, MANY[:size], True)


@pytest.mark.parametrize("size", [70_000, 1_234_067])
def test_proofs_of_a_large_log_read_few_tiles(size: int) -> None:
    read: set[str] = set()

    def tile(one: Tile) -> bytes:
        read.add(one.path)
        return sha256(one.path.encode()).digest() * one.width  # only how much is read counts here

    inclusion_proof(size // 3, size, hashes_from(tile, size))
    assert len(read) <= 6
    assert read <= {one.path for one in tiles_of(size)}


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    bundle = bundle_of(entries)
    assert entries_of(bundle) == entries
    for cut in range(1, 3):
        if entries and len(bundle) > cut and entries[-1:] != [b""] * 1:
            with pytest.raises(ValueError, match="within"):
                entries_of(bundle[:-cut])


def test_an_entry_over_the_format_s_limit_is_no_entry() -> None:
    assert entries_of(bundle_of([b"x" * 65_535])) == [b"x" * 65_535]
    with pytest.raises(ValueError, match="too large"):
        bundle_of([b"x" * 65_536])
