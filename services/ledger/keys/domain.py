"""Which epochs of keys a log has yet to tell of. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

from ledger.keys.events import KeyRotated, KeySource
from ledger.recorded import LEDGER


def newest(told: Iterable[KeyRotated]) -> Mapping[str, int]:
    """The newest epoch of each source that a log has told of; a source that is missing has the first."""
    found: dict[str, int] = {}
    for event in told:
        found[event.service] = max(event.epoch, found.get(event.service, 0))
    return found


def untold(
    told: Iterable[KeyRotated], epochs: Mapping[str, int], verifier_key: Callable[[int], str]
) -> Sequence[KeyRotated]:
    """What the log has to tell, where each source has so many `epochs` by the settings.

    `verifier_key` gives the log's own of an epoch.
    """
    known = newest(told)
    return [
        KeyRotated(
            service=service, epoch=epoch, verifier_key=verifier_key(epoch) if service == LEDGER else None
        )
        for service in get_args(KeySource)
        for epoch in range(known.get(service, 0) + 1, epochs[service])
    ]
