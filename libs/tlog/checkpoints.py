"""Checkpoints (C2SP tlog-checkpoint): a log's name, size and root; and proofs with one (tlog-proof)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tlog.merkle import HASH_BYTES, check_inclusion, leaf_hash
from tlog.notes import MalformedNote, Note, decoded, encoded
from tlog.tiles import LARGEST_SIZE

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_PROOF: Final = "c2sp.org/tlog-proof@v1"
_LONGEST_PROOF: Final = 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one moment."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From a note's text, without extension lines. Raises MalformedNote."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise MalformedNote("a checkpoint has three lines")
        root = decoded(lines[2])
        if len(root) != HASH_BYTES:
            raise MalformedNote("the root is no SHA-256")
        return cls(lines[0], number(lines[1]), root)


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is number `index` of the log whose checkpoint `note` has.

    The note's signatures are the reader's to check.
    """

    index: int
    hashes: Sequence[bytes]
    note: bytes

    def __bytes__(self) -> bytes:
        """As a `.tlog-proof` file has it."""
        lines = [_PROOF, f"index {self.index}", *(encoded(one) for one in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.note

    @classmethod
    def parse(cls, raw: bytes) -> "Proof":
        """Raises MalformedNote."""
        head, gap, note = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode().split("\n")
        except UnicodeDecodeError as error:
            raise MalformedNote("the proof is no UTF-8") from error
        if lines and lines[0].startswith("extra "):
            decoded(lines.pop(0).removeprefix("extra "))
        if first != _PROOF or not gap or not lines or not lines[0].startswith("index "):
            raise MalformedNote("no proof of a transparency log")
        hashes = [decoded(line) for line in lines[1:]]
        if len(hashes) > _LONGEST_PROOF or any(len(one) != HASH_BYTES for one in hashes):
            raise MalformedNote("a proof's hash is no SHA-256")
        return cls(number(lines[0].removeprefix("index ")), hashes, note)

    def check(self, entry: bytes) -> Checkpoint:
        """The checkpoint, in whose tree the entry is shown to be. Raises MalformedNote or BadProof."""
        checkpoint = Checkpoint.parse(Note.parse(self.note).text)
        check_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def number(text: str) -> int:
    """A decimal without leading zeroes, below 2^63. Raises MalformedNote."""
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise MalformedNote("no number of entries")
    return int(text)
