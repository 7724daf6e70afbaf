"""The keys that whoever checks has from elsewhere: the log's, and those of its witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.audit.findings import Unusable
from ledger.audit.folder import Folder
from ledger.audit.quorum import Quorum
from tlog.notes import Kind, MalformedNote, Verifier


@dataclass(frozen=True, slots=True)
class Trusted:
    """The log's keys; `pinned` by whoever checks, or what the log's folder says itself."""

    keys: Sequence[Verifier]
    pinned: bool

    @property
    def said(self) -> str:
        if self.pinned:
            return "pinned with --key"
        return (
            "NOT PINNED: the log's own word for it. Compare it with what you have from elsewhere: --key KEY"
        )


def trusted(folder: Folder, keys: Sequence[str]) -> Trusted:
    """The `keys` given, or else the folder's. Raises Unusable, and DoesNotHold where the folder has none."""
    return Trusted(pinned(keys) or folder.keys, bool(keys))


def pinned(keys: Sequence[str]) -> Sequence[Verifier]:
    """The log's keys as whoever checks has them. Raises Unusable."""
    return [_key(text, Kind.NOTE) for text in keys]


def asked(witnesses: Sequence[str], number: int | None) -> Quorum | None:
    """The witnesses that whoever checks asks for, all of them unless a number is given. Raises Unusable."""
    keys = [_key(text, Kind.COSIGNATURE) for text in witnesses]
    if number is not None and number > len(set(keys)):
        raise Unusable(f"--quorum {number} needs as many witnesses: --witness KEY, for each of them.")
    if not keys:
        return None
    return Quorum(keys, len(set(keys)) if number is None else number, "asked for")


def _key(text: str, kind: Kind) -> Verifier:
    try:
        key = Verifier.parse(text)
    except MalformedNote as error:
        raise Unusable(f"{text} is no verifier key: {error}.") from error
    if key.kind is not kind:
        raise Unusable(f"{text} is a key of another kind: a log's and a witness' differ.")
    return key
