"""`complete`: that no event of any source is missing from a log, doubled or of another alliance.

What a source published after its last event in the log cannot be missed here: a member compares the last
numbers with what it knows itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from events.envelope import Head, MalformedEvent, parse, source
from events.ids import AllianceId
from ledger.audit.findings import DoesNotHold
from ledger.entries.events import LogOpened

_LEDGER: Final = "ledger"


@dataclass(frozen=True, slots=True)
class Complete:
    """A log without hole or double."""

    alliance: AllianceId
    origin: str
    entries: int
    last: Mapping[str, int]
    """The number of each source's last event."""


def complete(
    bundles: Iterable[Sequence[bytes]],
    origin: str | None,
    done: Callable[[int], None] = lambda entries: None,
) -> Complete:
    """Reads a log's entries, some at a time; `origin` is the checkpoint's, where there is one.

    Raises DoesNotHold at the first entry that is not the next one of its source.
    """
    sources = _Sources(origin)
    for entries in bundles:
        for entry in entries:
            sources.read(entry)
        done(len(entries))
    return sources.complete()


class _Sources:
    def __init__(self, origin: str | None) -> None:
        self._origin = origin
        self._alliance: AllianceId | None = None
        self._index = 0
        self._last: dict[str, int] = {}

    def read(self, entry: bytes) -> None:
        try:
            head = parse(entry)
        except MalformedEvent as error:
            raise self._fault("malformed_entry", "no event", "an event", str(error)) from error
        opens = head.type == LogOpened.type and head.service == _LEDGER
        if opens != (self._index == 0):
            said = "a log is opened by its first entry and by no other"
            raise self._fault("not_opened", said, "another entry" if opens else LogOpened.type, head.type)
        if opens:
            self._open(head)
        elif head.alliance != self._alliance:
            raise self._fault("other_alliance", "of another alliance", self._alliance, head.alliance)
        expected = self._last.get(head.service, 0) + 1
        if head.sequence != expected:
            hole = head.sequence > expected
            raise self._fault(
                "hole" if hole else "double",
                f"events of {head.service} are missing before it" if hole else "doubled or out of order",
                f"{head.service} {expected}",
                f"{head.service} {head.sequence}",
            )
        self._last[head.service] = expected
        self._index += 1

    def _open(self, head: Head) -> None:
        found = head.envelope["data"].get("origin")
        if not isinstance(found, str) or self._origin not in {None, found}:
            said = "the log was opened under another name"
            raise self._fault("another_log", said, self._origin or "a name", found)
        self._origin, self._alliance = found, head.alliance

    def complete(self) -> Complete:
        """Raises DoesNotHold for a log that was never opened."""
        if self._alliance is None or self._origin is None:
            raise self._fault("not_opened", "the log has no entry", LogOpened.type, "nothing")
        last = {source(service, self._alliance): number for service, number in sorted(self._last.items())}
        return Complete(self._alliance, self._origin, self._index, last)

    def _fault(self, code: str, said: str, expected: object, found: object) -> DoesNotHold:
        return DoesNotHold(
            code, f"entry {self._index}", said, expected=expected, found=found, entry=self._index
        )
