"""All postings of a log worked out again, entry by entry, by the rules that the ledger itself posts by.

What is kept is where each event stands (`whereabouts`), the standing and the sums: entries stream by, and an
event that is reversed long after is read once more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from events.envelope import Head
from ledger.audit.closings import Closings
from ledger.audit.keys import KeyFile
from ledger.audit.reading import Opened, Opener, wrong
from ledger.audit.whereabouts import Whereabouts
from ledger.period import sums as period_sums
from ledger.period.sums import Booking, Heading
from ledger.posting.legs import Leg
from ledger.posting.posted import CannotPost, Earlier, Posted, Read, post, reversed_events
from ledger.posting.rules import Source, sources
from ledger.recorded import LEDGER, OWN
from standing import Standing, Told, evolve


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one entry posts, as far as the keys at hand show."""

    head: Head
    posted: Posted
    sealed: bool
    """Whether it posts something more, or something, that these keys do not open."""


def known_sources() -> Mapping[str, Source]:
    """What the followed services publish, and the ledger itself."""
    return {**sources(), LEDGER: OWN}


class Replay:
    """One pass over a log from its first entry. `entry` gives the bytes of an earlier one by its index."""

    def __init__(
        self,
        keys: KeyFile,
        entry: Callable[[int], bytes],
        followed: Mapping[str, Source] | None = None,
    ) -> None:
        known = known_sources() if followed is None else followed
        self._opener = Opener(known, keys)
        self._entry = entry
        self._whereabouts = Whereabouts()
        self._reversed: set[int] = set()
        self._booking = Booking()
        self._sums: dict[Heading, Decimal] = {}
        self.closings = Closings(keys.company)
        self.standing: Standing | None = None
        """The alliance as the members service has told it up to here."""

    def over(self, bodies: Iterable[bytes]) -> Iterator[Replayed]:
        """All entries, in order. Raises DoesNotHold at the first that does not."""
        for index, body in enumerate(bodies):
            yield self._replayed(index, body)

    def _replayed(self, index: int, body: bytes) -> Replayed:
        opened = self._opener.open(index, body)
        recorded = opened.read.recorded
        if recorded.service == LEDGER:
            self.closings.check(index, recorded, self.standing, self._sums)
        elif self.closings.open:
            raise self.closings.interrupted(index, opened.head.type)
        posted = self._post(index, opened)
        _balanced(posted)
        period_sums.add(self._sums, [posted])
        self._whereabouts.add(opened.head.id)
        if opened.head.service == "members":
            self._hear(index, opened.head)
        return Replayed(opened.head, posted, opened.sealed)

    def _hear(self, index: int, head: Head) -> None:
        try:
            self.standing = evolve(self.standing, Told.by(head))
        except Exception as error:
            raise wrong("contradicts", index, "what can have happened", type(error).__name__) from error

    def _post(self, index: int, opened: Opened) -> Posted:
        known = self._reversed_by(opened.read)
        try:
            (posted,), reversed_by = post(index, [opened.read], self._booking, known)
        except CannotPost as error:
            raise wrong(
                error.code, index, "what reverses an event for the first time", error.detail
            ) from error
        self._reversed |= reversed_by.keys()
        return posted

    def _reversed_by(self, read: Read) -> dict[str, Earlier]:
        """Those of the events that it reverses which are in the log, by their ids."""
        found = {event_id: self._earlier(event_id) for event_id in reversed_events([read])}
        return {event_id: earlier for event_id, earlier in found.items() if earlier is not None}

    def _earlier(self, event_id: str) -> Earlier | None:
        for index in self._whereabouts.of(event_id):
            opened = self._opener.open(index, self._entry(index))
            if opened.head.id == event_id:
                reversed_ = index in self._reversed
                return Earlier(index, opened.head.service, reversed_, self._legs(index, opened.read))
        return None

    def _legs(self, index: int, read: Read) -> Sequence[Leg]:
        """Of an earlier entry, which may have reversed one yet earlier."""
        known = {
            event_id: replace(found, reversed=False) for event_id, found in self._reversed_by(read).items()
        }
        (posted,), _ = post(index, [read], lambda recorded: recorded.effective_on, known)
        return posted.legs


def _balanced(posted: Posted) -> None:
    """Raises DoesNotHold unless the legs of each commodity add up to nothing."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for leg in posted.legs:
        sums[leg.commodity] += leg.amount
    for commodity, total in sums.items():
        if total:
            raise wrong("unbalanced", posted.entry, f"legs that add up to 0 {commodity}", "another sum")
