"""Checks what the ledger says that a member gave, or got, in a closed period, with nothing but the standard
library: short enough to be typed in again. What it shows, and what it does not, stands in docs/audit.md.
"""

from base64 import b64decode
from hashlib import sha256
from json import loads
from typing import Any


def root(found: bytes, index: int, size: int, beside: list[bytes]) -> bytes:
    """The root over `size` leaves, from the hash of one and those beside its way up (RFC 6962, 2.1)."""
    if size == 1:
        need(index == 0 and not beside, "the proof has another length")
        return found
    need(beside, "the proof is too short")
    left = 1 << (size - 1).bit_length() - 1  # leaves in the left part: the largest power of two below size
    if index < left:
        return sha256(b"\1" + root(found, index, left, beside[:-1]) + beside[-1]).digest()
    return sha256(b"\1" + beside[-1] + root(found, index - left, size - left, beside[:-1])).digest()


def leaf(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def need(holds: object, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def check(answer: Any, member: str, side: str, period: str, commodity: str) -> tuple[str, str]:
    """The amount ("0" where the list has none) and the checkpoint, signed, of the log that has it.

    `answer` is what `GET …/periods/{period}/proof` gave. Raises ValueError where it does not hold.
    """
    head, _, checkpoint = answer["proof"].partition("\n\n")
    _, index, *hashes = head.split("\n")
    _, size, tree, *_ = checkpoint.split("\n")
    entry, beside = b64decode(answer["entry"]), [b64decode(text) for text in hashes]
    found = root(leaf(entry), int(index.removeprefix("index ")), int(size), beside)
    need(found == b64decode(tree), "the entry is not in the log")
    event = loads(entry)
    need(event["type"] == "alliance.ledger.balances_sealed.v1", "the entry seals no balances")
    need(event["source"].startswith("/ledger/"), "the entry is not the ledger's own")
    count, begins = event["data"]["count"], f"{member} {side} {period} {commodity} "
    before, after = -1, count
    for place in answer["lines"]:
        line, at, beside = place["line"], place["index"], [bytes.fromhex(text) for text in place["hashes"]]
        found = root(leaf(line.encode()), at, count, beside)
        need(found.hex() == event["data"]["root"], f"this line is not in the list: {line}")
        if line.startswith(begins):
            return line.removeprefix(begins), checkpoint
        before, after = (at, after) if line < begins else (before, at)
    need(before + 1 == after, "a line may stand between these")
    return "0", checkpoint
