"""The Merkle tree of RFC 6962 (2.1) over SHA-256, and the checks of RFC 9162 (2.1.3, 2.1.4).

A subtree of 2^level leaves that begins at a multiple of its width is whole for ever once they are there;
`Hashes` gives such hashes by level and index, and everything else is worked out from them.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

HASH_BYTES: Final = 32

Hashes = Callable[[int, int], bytes]
"""(level, index) → the hash over the leaves from `index << level` on, `1 << level` of them."""


class BadProof(ValueError):
    """A proof that does not show what it claims."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that is needed of it to append and to know the root."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """`peaks` are the hashes of the whole subtrees that `size` leaves consist of, the largest first."""
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self.peaks = list(peaks)

    @classmethod
    def of(cls, size: int, hashes: Hashes) -> "Frontier":
        return cls(size, [hashes(level, first >> level) for first, level in _whole_parts(0, size)])

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Adds a leaf's hash; returns what became whole by it: (level, index, hash), the leaf first."""
        completed = [(0, self.size, leaf)]
        level, index, found = 0, self.size, leaf
        while index & 1:
            found = node_hash(self.peaks.pop(), found)
            level, index = level + 1, index >> 1
            completed.append((level, index, found))
        self.peaks.append(found)
        self.size += 1
        return completed

    def root(self) -> bytes:
        return _joined(self.peaks) if self.peaks else EMPTY


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def root(size: int, hashes: Hashes) -> bytes:
    return _range_hash(0, size, hashes) if size else EMPTY


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """From the leaf's sibling to the root's child. Raises IndexError outside of the tree."""
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(_range_hash(middle, end, hashes))
            end = middle
        else:
            proof.append(_range_hash(first, middle, hashes))
            first = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """That the tree of `old` leaves begins that of `new`; IndexError unless old ≤ new."""
    if not 0 <= old <= new:
        raise IndexError(f"no tree of {old} leaves begins one of {new}")
    if old in {0, new}:
        return []
    proof: list[bytes] = []
    first, end = 0, new
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(_range_hash(middle, end, hashes))
            end = middle
        else:
            proof.append(_range_hash(first, middle, hashes))
            first = middle
    if first:
        proof.append(_range_hash(first, end, hashes))
    return proof[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises BadProof unless `leaf`, a leaf's hash, is number `index` of the tree of `size` with `root`."""
    if not 0 <= index < size:
        raise BadProof(f"no leaf {index} in a tree of {size}")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof("the proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof("the proof is too short")
    if found != root:
        raise BadProof("the proof leads to another root")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises BadProof unless the tree of `old` leaves with its root is the beginning of that of `new`."""
    if not 0 <= old <= new:
        raise BadProof(f"a tree of {new} leaves does not go on from {old}")
    if old in {0, new}:
        if proof:
            raise BadProof("the proof is too long")
        if (old == new and old_root != new_root) or (old == 0 and old_root != EMPTY):
            raise BadProof("one size has two roots")
        return
    rest = list(proof)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)  # the old tree is one whole subtree: it is its own first node
    if not rest:
        raise BadProof("the proof is too short")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found_new = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if node & 1 or node == last:
            found_old = node_hash(sibling, found_old)
            found_new = node_hash(sibling, found_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found_new = node_hash(found_new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof("the proof is too short")
    if found_old != old_root:
        raise BadProof("the proof leads to another old root")
    if found_new != new_root:
        raise BadProof("the proof leads to another new root")


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)


def _whole_parts(first: int, end: int) -> list[tuple[int, int]]:
    """(first leaf, level) of the whole subtrees that a range of the tree consists of, the largest first.

    `first` is a multiple of the largest one's width, as in every range that a tree is split into.
    """
    parts = []
    while first < end:
        level = (end - first).bit_length() - 1
        parts.append((first, level))
        first += 1 << level
    return parts


def _range_hash(first: int, end: int, hashes: Hashes) -> bytes:
    return _joined([hashes(level, start >> level) for start, level in _whole_parts(first, end)])


def _joined(parts: Sequence[bytes]) -> bytes:
    found = parts[-1]
    for part in reversed(parts[:-1]):
        found = node_hash(part, found)
    return found
