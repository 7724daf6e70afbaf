"""`show`: one entry of a log, and the proof that it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag

from events.envelope import MalformedEvent, parse
from events.sealing import open_figures
from ledger.audit.findings import DoesNotHold, Unusable
from ledger.audit.keys import KeyFile, UnknownKey
from ledger.audit.tree import Tree
from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import inclusion_proof
from tlog.tiles import WIDTH


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry that is in the log; `proof` shows it to others as well."""

    entry: bytes
    event: Mapping[str, Any] | None
    """None where the entry is no event, or nested too deeply to be shown as one; of entries that are none
    `complete` tells.
    """
    proof: Proof
    checkpoint: Checkpoint


def show(tree: Tree, note: bytes, index: int, keys: KeyFile | None = None) -> Shown:
    """`note` is the tree's signed checkpoint; beside each figure that `keys` open stands `open`.

    Raises DoesNotHold, and Unusable beyond the log.
    """
    size = tree.checkpoint.size
    if not 0 <= index < size:
        raise Unusable(f"The log has {size} entries, numbered from 0: there is none {index}.")
    entry = tree.bundle(index // WIDTH)[index % WIDTH]
    proof = Proof(index, inclusion_proof(index, size, tree.hashes), note)
    return Shown(entry, _event(index, entry, keys), proof, proof.check(entry))


def _event(index: int, entry: bytes, keys: KeyFile | None) -> Mapping[str, Any] | None:
    try:
        head = parse(entry)
        orjson.dumps(head.envelope)  # it goes some 250 levels down, and Python's own to no fixed one
    except (MalformedEvent, orjson.JSONEncodeError):
        return None
    if keys is None:
        return head.envelope
    try:
        data = open_figures(
            head.envelope["data"],
            alliance=head.alliance,
            event_id=head.id,
            keyring=keys.keyring(head.service),
        )
    except (InvalidTag, UnknownKey, ValueError, TypeError, AttributeError) as error:
        raise DoesNotHold(
            "not_opened",
            f"entry {index}",
            "a figure cannot be opened",
            expected="one sealed with a key at hand, for this event",
            found=type(error).__name__,
        ) from error
    return {**head.envelope, "data": data}
