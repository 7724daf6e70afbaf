"""Where in the log an event stands, by its id: a reversal names an event of long ago by it."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator

BLOCK = 1 << 16
"""Events. Of one are kept 16 bytes: ten million take 160 MB, and ten times that in a dictionary."""


def _digest(event_id: str) -> int:
    """64 bits: two events may share them, so who looks one up reads the entry itself."""
    return hash(event_id) & 0xFFFFFFFFFFFFFFFF


class Whereabouts:
    """Entries are added in the order of the log, the first of which has the index `first`."""

    def __init__(self, first: int = 0) -> None:
        self._next = first
        self._sorted: list[tuple[array[int], array[int]]] = []
        self._latest: dict[int, int] = {}

    def add(self, event_id: str) -> None:
        self._latest[_digest(event_id)] = self._next
        self._next += 1
        if len(self._latest) == BLOCK:
            digests = sorted(self._latest)
            entries = array("Q", (self._latest[digest] for digest in digests))
            self._sorted.append((array("Q", digests), entries))
            self._latest = {}

    def of(self, event_id: str) -> Iterator[int]:
        """The entries that may be this event, the latest first."""
        digest = _digest(event_id)
        if (found := self._latest.get(digest)) is not None:
            yield found
        for digests, entries in reversed(self._sorted):
            at = bisect_left(digests, digest)
            if at < len(digests) and digests[at] == digest:
                yield entries[at]
