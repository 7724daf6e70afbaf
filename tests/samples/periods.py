"""Sums of half-years, and proofs of them, without any server."""

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from ledger.period.sealing import SealedList
from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import Seen
from samples.tlog import kept
from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import inclusion_proof, leaf_hash, root


def sums(period: HalfYear, figures: Mapping[UUID, tuple[str, str]]) -> dict[Heading, Decimal]:
    """`figures`: what each member contributed and received, in euros."""
    return {
        Heading(member, side, period, "EUR"): Decimal(amount)
        for member, amounts in figures.items()
        for side, amount in zip((Seen.CONTRIBUTED, Seen.RECEIVED), amounts, strict=True)
    }


def proof_of(sealed: SealedList, heading: Heading, **changed: Any) -> dict[str, Any]:
    """As the ledger gives it, from a log in which other entries stand around the one that seals the list."""
    entry = orjson.dumps(
        {
            "source": "/ledger/alliances/0199f6e4-6f1c-7c3a-9b1e-2f6d8a4c5b7e",
            "type": "alliance.ledger.balances_sealed.v1",
            **changed,
            "data": {"log_size": 3, "count": sealed.count, "root": sealed.root.hex()},
        }
    )
    hashes = kept(map(leaf_hash, [b"one", b"two", b"three", entry, b"five"]))
    checkpoint = Checkpoint("alliance.local/1", 5, root(5, hashes)).text.encode()
    proof = Proof(3, inclusion_proof(3, 5, hashes), checkpoint + b"\n\xe2\x80\x94 a signature\n")
    return {
        "entry": b64encode(entry).decode(),
        "proof": bytes(proof).decode(),
        "lines": [
            {"index": place.index, "line": place.line, "hashes": [one.hex() for one in place.hashes]}
            for place in sealed.shown(heading)
        ],
    }
