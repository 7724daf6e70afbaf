"""Whose signatures a checkpoint has: the log's own, and those of witnesses.

The log's keys are pinned by whoever checks, or taken from the folder's `keys`: as good as where that comes
from.
"""

from collections.abc import Collection, Mapping, Sequence

from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import CHECKPOINT, checkpoint_of
from tlog.checkpoints import Checkpoint
from tlog.notes import Kind, Note, Unsigned, Verifier


def signed(
    note: bytes, keys: Collection[Verifier], at: str = CHECKPOINT
) -> tuple[Checkpoint, Sequence[Verifier]]:
    """The checkpoint, and which of the log's `keys` have signed it. Raises DoesNotHold where none has."""
    checkpoint = checkpoint_of(note, at)
    own = [key for key in keys if key.kind is Kind.NOTE and key.name == checkpoint.origin]
    found = list(_times(note, own, at))
    if not found:
        raise DoesNotHold(
            "unsigned",
            at,
            "no key of the log has signed it",
            expected=" or ".join(str(key) for key in own or keys) or "a key of the log",
            found=" and ".join(_signers(note)),
        )
    return checkpoint, found


def cosigned(note: bytes, witnesses: Collection[Verifier], quorum: int) -> Mapping[Verifier, int]:
    """When each of the witnesses that have cosigned did so, in seconds since 1970.

    Raises DoesNotHold where these are less than `quorum`. Two keys of one name are one witness, and so is one
    key under two names.
    """
    times = _times(note, witnesses, CHECKPOINT)
    number = min(len({key.name for key in times}), len({key.public for key in times}))
    if number < quorum:
        raise DoesNotHold(
            "witnesses_missing",
            CHECKPOINT,
            "not enough witnesses have signed it",
            expected=f"{quorum} of {', '.join(witness.name for witness in witnesses)}",
            found=f"{number}: {' and '.join(_signers(note))}",
        )
    return times


def _times(note: bytes, keys: Collection[Verifier], at: str) -> Mapping[Verifier, int]:
    try:
        return Note.parse(note).times(keys)
    except Unsigned as error:
        raise DoesNotHold(
            "wrong_signature", at, str(error), expected="a signature of this text", found="another one"
        ) from error


def _signers(note: bytes) -> Sequence[str]:
    return [f"{name}+{key_id.hex()}" for name, key_id, _ in Note.parse(note).signatures]
