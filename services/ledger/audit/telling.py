"""What holds, in words and as data for JSON."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Any, Final

from ledger.audit.completing import Complete
from ledger.audit.fetching import Fetched
from ledger.audit.folder import checkpoint_of
from ledger.audit.judging import one_line
from ledger.audit.quorum import Cosigned
from ledger.audit.replay import Replayed
from ledger.audit.showing import Shown
from ledger.audit.trusting import Trusted
from ledger.audit.verifying import Verified
from tlog.checkpoints import Checkpoint
from tlog.merkle import leaf_hash

_LAST_INSTANT: Final = 253_402_300_799
"""The last second of the year 9999: a witness may sign any other, and no calendar has it."""

Told = tuple[Mapping[str, Any], str]


def verified(found: Verified, keys: Trusted, since: bytes | None) -> Told:
    """`since` is the earlier checkpoint that the log was found to go on from."""
    before = None if since is None else checkpoint_of(since)
    data = {
        **checkpoint(found.checkpoint),
        "signed_by": [str(key) for key in found.signed_by],
        "pinned": keys.pinned,
        **witnesses(found.cosigned),
        "since": None if before is None else {"size": before.size, "root": before.root.hex()},
    }
    lines = [
        ("root", found.checkpoint.root.hex()),
        *(("signed by", str(key)) for key in found.signed_by),
        ("key", keys.said),
        ("witnesses", said_of(found.cosigned)),
    ]
    if before is not None:
        lines.append(("since", f"goes on from {before.size} entries, root {before.root.hex()}"))
    return data, _lines(f"Holds: {found.checkpoint.size} entries of {found.checkpoint.origin}", lines)


def fetched(found: Fetched, folder: Path) -> Told:
    data = {
        **checkpoint(found.checkpoint),
        "signed_by": [str(key) for key in found.signed_by],
        "pinned": found.trust.pinned,
        "loaded": found.loaded,
    }
    lines = [
        ("root", found.checkpoint.root.hex()),
        *(("signed by", str(key)) for key in found.signed_by),
        ("key", found.trust.said),
        ("loaded", f"{found.loaded} files; the others were there"),
    ]
    head = f"Fetched: {found.checkpoint.size} entries of {found.checkpoint.origin} are in {folder}"
    return data, _lines(head, lines)


def complete(found: Complete) -> Told:
    data = {
        "alliance": str(found.alliance),
        "origin": found.origin,
        "size": found.entries,
        "sources": found.last,
    }
    lines = [(name.split("/")[1], f"1 to {number}, each once") for name, number in found.last.items()]
    return data, _lines(f"Complete: {found.entries} entries of alliance {found.alliance}", lines)


def shown(found: Shown, replayed: Replayed | None) -> Told:
    """`replayed` has what the entry posts, where there are keys to tell it."""
    proof = found.proof
    data = {
        **checkpoint(found.checkpoint),
        "index": proof.index,
        "leaf_hash": leaf_hash(found.entry).hex(),
        "hashes": [one.hex() for one in proof.hashes],
        "tlog_proof": bytes(proof).decode(),
        "bytes": b64encode(found.entry).decode(),
        "event": found.event,
    }
    lines = [
        ("leaf", leaf_hash(found.entry).hex()),
        *(("with", one.hex()) for one in proof.hashes),
        ("root", found.checkpoint.root.hex()),
    ]
    head = f"Holds: entry {proof.index} is one of {found.checkpoint.size} of {found.checkpoint.origin}"
    said = dumps(found.event, indent=2) if found.event else repr(found.entry)
    if replayed is None:
        return data, f"{_lines(head, lines)}\n{said}"
    legs = [(leg.account, f"{leg.amount:f} {leg.commodity}") for leg in replayed.posted.legs]
    data["booked_on"] = replayed.posted.booked_on.isoformat()
    data["postings"] = [
        {"account": leg.account, "amount": f"{leg.amount:f}", "commodity": leg.commodity}
        for leg in replayed.posted.legs
    ]
    data["sealed"] = replayed.sealed
    posts = f"Posts, booked on {data['booked_on']}:" if legs else "Posts nothing that these keys open."
    rest = "\nIt posts more than these keys open." if replayed.sealed and legs else ""
    return data, f"{_lines(head, lines)}\n{said}\n{_lines(posts, legs)}{rest}"


def checkpoint(head: Checkpoint) -> Mapping[str, Any]:
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}


def witnesses(found: Cosigned) -> Mapping[str, Any]:
    quorum = found.quorum
    return {
        "witnesses": _times(found),
        "quorum": None if quorum is None else {"number": quorum.number, "by": quorum.by},
    }


def said_of(found: Cosigned) -> str:
    """Of witnesses."""
    if found.quorum is None:
        return "none: no charter in the log names any, and none was asked for"
    said = ", ".join(f"{name} at {time}" for name, time in _times(found).items()) or "none"
    needed, of = found.quorum.number, len(found.quorum.witnesses)
    return f"{said}; needed: {needed} of {of}, {found.quorum.by}"


def _times(found: Cosigned) -> Mapping[str, str]:
    return {key.name: _instant(time) for key, time in found.times.items()}


def _instant(seconds: int) -> str:
    if seconds > _LAST_INSTANT:
        return f"{seconds} seconds after 1970"
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _lines(head: str, rows: Sequence[tuple[str, str]]) -> str:
    said = [(one_line(name), one_line(value)) for name, value in rows]
    width = max((len(name) for name, _ in said), default=0)
    return "\n".join([head, *(f"  {name:<{width}}  {value}" for name, value in said)])
