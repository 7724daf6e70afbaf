"""What holds, in words and as data for JSON."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Any, Final

from events.envelope import MalformedEvent, parse
from ledger.audit.completing import Complete
from ledger.audit.fetching import Fetched
from ledger.audit.folder import checkpoint_of
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
    quorum = found.quorum
    times = {key.name: _instant(time) for key, time in found.cosigned.items()}
    data = {
        **checkpoint(found.checkpoint),
        "signed_by": [str(key) for key in found.signed_by],
        "pinned": keys.pinned,
        "witnesses": times,
        "quorum": None if quorum is None else {"number": quorum.number, "by": quorum.by},
        "since": None if before is None else {"size": before.size, "root": before.root.hex()},
    }
    lines = [
        ("root", found.checkpoint.root.hex()),
        *(("signed by", str(key)) for key in found.signed_by),
        ("key", keys.said),
        ("witnesses", _witnesses(found, times)),
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


def shown(found: Shown) -> Told:
    """The event too where the entry is one: that it is, `complete` says."""
    event, proof = _event(found.entry), found.proof
    data = {
        **checkpoint(found.checkpoint),
        "index": proof.index,
        "leaf_hash": leaf_hash(found.entry).hex(),
        "hashes": [one.hex() for one in proof.hashes],
        "tlog_proof": bytes(proof).decode(),
        "bytes": b64encode(found.entry).decode(),
        "event": event,
    }
    lines = [
        ("leaf", leaf_hash(found.entry).hex()),
        *(("with", one.hex()) for one in proof.hashes),
        ("root", found.checkpoint.root.hex()),
    ]
    head = f"Holds: entry {proof.index} is one of {found.checkpoint.size} of {found.checkpoint.origin}"
    said = dumps(event, indent=2) if event else repr(found.entry)
    return data, f"{_lines(head, lines)}\n{said}"


def _event(entry: bytes) -> Mapping[str, Any] | None:
    try:
        return parse(entry).envelope
    except MalformedEvent:
        return None


def checkpoint(head: Checkpoint) -> Mapping[str, Any]:
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}


def _witnesses(found: Verified, times: Mapping[str, str]) -> str:
    if found.quorum is None:
        return "none: no charter in the log names any, and none was asked for"
    said = ", ".join(f"{name} at {time}" for name, time in times.items()) or "none"
    needed, of = found.quorum.number, len(found.quorum.witnesses)
    return f"{said}; needed: {needed} of {of}, {found.quorum.by}"


def _instant(seconds: int) -> str:
    if seconds > _LAST_INSTANT:
        return f"{seconds} seconds after 1970"
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _lines(head: str, rows: Sequence[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([head, *(f"  {name:<{width}}  {value}" for name, value in rows)])
