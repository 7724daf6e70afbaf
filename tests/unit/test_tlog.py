"""The formats of the log, held to their specifications' examples and to plain recursive definitions."""

from hashlib import sha256
from itertools import pairwise
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import (
    EMPTY,
    BadProof,
    Frontier,
    Hashes,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_of,
)
from tlog.notes import Kind, MalformedNote, Note, Signer, Unsigned, Verifier, decoded, encoded
from tlog.tiles import Tile, bundle_of, bundles_of, entries_of, hashes_from, tile_at, tiles_of

# RFC 6962's reference implementation: leaves, and the roots of the trees of the first 0 to 8 of them.
LEAVES: Final = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS: Final = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
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


def kept(leaves: list[bytes]) -> Hashes:
    """Whole subtrees as a growing tree completes them: none is ever made again."""
    frontier = Frontier()
    found: dict[tuple[int, int], bytes] = {}
    for leaf in leaves:
        for level, index, value in frontier.append(leaf):
            assert found.setdefault((level, index), value) is value
    return lambda level, index: found[level, index]


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


# From the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_a_note_that_another_program_signed_is_read() -> None:
    verifier = Verifier.parse(GO_KEY)
    assert str(verifier) == GO_KEY
    note = Note.parse(GO_NOTE)
    assert note.times([verifier]) == {verifier: 0}
    # Byte for byte as that program signs: the private key is published with it.
    signer = Signer(
        "PeterNeumann",
        Ed25519PrivateKey.from_private_bytes(_seed("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")),
    )
    assert (note.text + "\n" + signer.line(note.text)).encode() == GO_NOTE


def _seed(published: str) -> bytes:
    return decoded(published)[1:]


def test_every_changed_byte_of_a_note_is_noticed() -> None:
    verifier = Verifier.parse(GO_KEY)
    for at in range(len(GO_NOTE)):
        changed = bytearray(GO_NOTE)
        changed[at] ^= 1
        try:
            times = Note.parse(bytes(changed)).times([verifier])
        except (MalformedNote, Unsigned):
            continue
        assert times == {}, f"byte {at}"


def test_signatures_of_unknown_keys_are_passed_over_and_wrong_ones_of_known_keys_are_not() -> None:
    text = "a text\n"
    one, other = _signer("log.example/a", 1), _signer("log.example/b", 2)
    same_name = _signer("log.example/a", 3)
    raw = (text + "\n" + other.line(text) + same_name.line(text) + one.line(text)).encode()
    assert Note.parse(raw).times([one.verifier]) == {one.verifier: 0}
    assert Note.parse(raw).times([]) == {}
    forged = (text + "\n" + one.line("another text\n")).encode()
    with pytest.raises(Unsigned, match=r"log\.example/a"):
        Note.parse(forged).times([one.verifier])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"text\n", b"text\n\n", b"text\n\nno signature\n", b"text\n\n\xe2\x80\x94 name !!!!\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n", b"text\n\n\xe2\x80\x94 na+me AAAAAAA=\n",
        b"text\r\n\n" + GO_NOTE[-100:],
        b"text\n\n\xe2\x80\x94 name AAAAAAA=", b"\xff" + GO_NOTE, b"x" * 1_000_001,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedNote):
        Note.parse(raw)


@pytest.mark.parametrize(
    "text", ["", "a+b", GO_KEY[:-1], GO_KEY.replace("c74f20a3", "c74f20a4"), "x" + GO_KEY]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        Verifier.parse(text)


def test_a_cosignature_covers_its_time_and_the_checkpoint() -> None:
    checkpoint = Checkpoint(
        "example.com/behind-the-sofa", 20_852_163, decoded("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    )
    witness = Signer("witness.example.com/w1", _private(4), Kind.COSIGNATURE)
    raw = (checkpoint.text + "\n" + witness.line(checkpoint.text, 1_679_315_147)).encode()
    assert Note.parse(raw).times([witness.verifier]) == {witness.verifier: 1_679_315_147}
    later = raw.replace(
        encoded(witness.verifier.id + (1_679_315_147).to_bytes(8, "big"))[:14].encode(), b"x" * 14
    )
    assert later != raw
    assert Note.parse(later).times([witness.verifier]) == {}  # another key's, by its id
    # The specification's example: the time stands where it says.
    example = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
        "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    _, _, signature = Note.parse(f"{checkpoint.text}\n{example}".encode()).signatures[0]
    assert int.from_bytes(signature[:8], "big") == 1_679_315_147


def test_a_checkpoint_has_three_lines_and_no_other_form() -> None:
    checkpoint = Checkpoint("example.com/log", 5, ROOTS[5])
    assert Checkpoint.parse(checkpoint.text) == checkpoint
    size, top = "\n5\n", encoded(ROOTS[5])
    for wrong in ("\n05\n", "\n-5\n", "\n5 \n", "\n٥\n", f"\n{2**63}\n", "\n\n"):
        with pytest.raises(MalformedNote):
            Checkpoint.parse(f"example.com/log{wrong}{top}\n")
    for text in (
        f"{size}{top}\n",
        f"example.com/log{size}{top}",
        f"example.com/log{size}{top}\nmore\n",
        f"a{size}AAAA\n",
    ):
        with pytest.raises(MalformedNote):
            Checkpoint.parse(text)


def test_a_proof_file_shows_its_entry_and_no_other() -> None:
    size = 8
    hashes = kept([leaf_hash(entry) for entry in LEAVES])
    checkpoint = Checkpoint("example.com/log", size, root(size, hashes))
    log = _signer("example.com/log", 5)
    note = (checkpoint.text + "\n" + log.line(checkpoint.text)).encode()
    for index, (entry, other) in enumerate(pairwise(LEAVES)):
        proof = Proof(index, inclusion_proof(index, size, hashes), note)
        again = Proof.parse(bytes(proof))
        assert again == proof
        assert again.check(entry) == checkpoint
        with pytest.raises(BadProof):
            again.check(other)
    with_extra = bytes(proof).replace(b"\nindex", b"\nextra aGVsbG8=\nindex", 1)
    assert Proof.parse(with_extra) == proof


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b"@v1", b"@v2"),
        (b"index 0", b"index 00"),
        (b"index 0", b"index -1"),
        (b"index 0", b"place 0"),
        (b"\n\n", b"\n"),
    ],
)
def test_what_is_no_proof_file_is_refused(part: bytes, other: bytes) -> None:
    note = b"a\n\n" + b"b\n"
    raw = bytes(Proof(0, [EMPTY], note)).replace(part, other)
    with pytest.raises(MalformedNote):
        Proof.parse(raw)


def _private(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def _signer(name: str, number: int) -> Signer:
    return Signer(name, _private(number))
