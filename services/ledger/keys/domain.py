"""Which epochs of keys a log has yet to tell of. Pure."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
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
    told: Iterable[KeyRotated],
    epochs: Mapping[str, int],
    verifier_key: Callable[[int], str],
    signed_by: Container[str],
) -> Sequence[KeyRotated]:
    """What the log has to tell, where each source has so many `epochs` by the settings.

    `verifier_key` gives the log's own key of an epoch; `signed_by` are those under the published checkpoint.
    The log goes from one epoch to the next: the key before must have signed, or those who know it alone would
    never see it beside the new one.
    """
    known = newest(told)
    found = []
    for service in get_args(KeySource):
        last, count = known.get(service, 0), epochs[service]
        if service != LEDGER:
            found += [
                KeyRotated(service=service, epoch=epoch, verifier_key=None)
                for epoch in range(last + 1, count)
            ]
        elif last + 1 < count and verifier_key(last) in signed_by:
            found.append(KeyRotated(service=service, epoch=last + 1, verifier_key=verifier_key(last + 1)))
    return found
