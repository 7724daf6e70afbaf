"""A part of a log, read without what came before: its sums, and what must be looked at in order later."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Final

from ledger.audit.keys import KeyFile
from ledger.audit.light import LightRead, LightReader
from ledger.audit.reading import Opener
from ledger.audit.tally import Place, Tally, as_text
from ledger.period.sums import HalfYear
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal
from ledger.recorded import LEDGER, OWN
from standing.alliance import TELLING

ID: Final = 12
"""Signs of an event's id that are kept: the random ones of a UUID."""


@dataclass(frozen=True, slots=True)
class Reversing:
    """An entry that reverses an event, in which span of entries, and when it counts."""

    entry: int
    span: int
    service: str
    place: Place
    event_id: str


@dataclass(frozen=True, slots=True)
class Reversed:
    """An event that some entry reverses."""

    entry: int
    event_id: str
    service: str
    lines: Sequence[Line | Reversal]


@dataclass(slots=True)
class Part:
    """Spans of entries, and between them those that the ledger recorded itself: `own`, one fewer."""

    spans: list[Tally] = field(default_factory=lambda: [Tally()])
    own: list[tuple[int, bytes]] = field(default_factory=list)
    told: list[tuple[int, int, bytes]] = field(default_factory=list)
    """What the members service told of the standing: span, entry, bytes."""
    reversing: list[Reversing] = field(default_factory=list)
    ids: bytes = b""
    """The ends of the events' ids, `ID` bytes each: where to look for one that is reversed."""
    sealed: int = 0
    """Entries that post something which the keys do not open."""

    def merge(self, later: "Part") -> None:
        """`later` begins where this one ends."""
        shift = len(self.spans) - 1
        self.spans[-1].merge(later.spans[0])
        self.spans += later.spans[1:]
        self.own += later.own
        self.told += [(span + shift, entry, body) for span, entry, body in later.told]
        self.reversing += [replace(one, span=one.span + shift) for one in later.reversing]
        self.ids += later.ids
        self.sealed += later.sealed


class PartReader:
    """Reads parts of one log with its keys; sums are of what is effective up to `as_of` apart from the
    rest.
    """

    def __init__(self, sources: Mapping[str, Source], keys: KeyFile, as_of: date | None = None) -> None:
        until = as_of or date.max
        self._own = keys.company and str(keys.company)
        self._light = LightReader(sources, keys, carefully={*TELLING, *OWN.registry.classes})
        self._clear = Opener(sources, keys)
        self._place = cache(lambda day: Place(HalfYear.of(day), day <= until))

    def part(self, first: int, bundles: Iterable[Sequence[bytes]]) -> Part:
        """Of entries, the first of which has the index `first`. Raises DoesNotHold."""
        part = Part()
        span, place_of = part.spans[-1], self._place
        ids: list[str] = []
        for index, (body, read) in enumerate(self._read(bundles), first):
            if read is not None:
                event_id, service, day, lines = read
                ids.append(event_id[-ID:])
            else:
                opened = self._clear.open(index, body)
                ids.append(end_of(opened.head.id))
                service = opened.head.service
                if service == LEDGER:
                    part.own.append((index, body))
                    part.spans.append(span := Tally())
                    continue
                if opened.head.type in TELLING:
                    part.told.append((len(part.own), index, body))
                part.sealed += opened.sealed
                day, lines = opened.read.recorded.effective_on, _with_text(opened.read.lines)
            span.entries += 1
            if not lines:
                continue
            place = place_of(day)
            for line in self._own_of(lines):
                if isinstance(line, Line):
                    span.add(line, place)
                else:
                    part.reversing.append(Reversing(index, len(part.own), service, place, line.event_id))
        part.ids = "".join(ids).encode()
        return part

    def reversed(self, index: int, body: bytes) -> Reversed:
        """An entry that may be an event which is reversed somewhere. Raises DoesNotHold."""
        (read,) = self._light.read([body])
        if read is not None:
            event_id, service, _, lines = read
            return Reversed(index, event_id, service, self._own_of(lines))
        opened = self._clear.open(index, body)
        return Reversed(index, opened.head.id, opened.head.service, _with_text(opened.read.lines))

    def _read(self, bundles: Iterable[Sequence[bytes]]) -> Iterator[tuple[bytes, LightRead | None]]:
        for bodies in bundles:
            yield from zip(bodies, self._light.read(bodies), strict=True)

    def _own_of(self, lines: Sequence[Line | Reversal]) -> Sequence[Line | Reversal]:
        """With one company's keys, those in its accounts; ids are text."""
        if self._own is None:
            return lines
        return [
            line for line in lines if isinstance(line, Reversal) or self._own in (line.member, line.debtor)
        ]


def end_of(event_id: str) -> str:
    """As many signs of it as are kept, all of ASCII; what is no id of ours is not found by it."""
    end = event_id[-ID:]
    return end if len(end) == ID and end.isascii() else "?" * ID


def _with_text(lines: Sequence[Line | Reversal]) -> Sequence[Line | Reversal]:
    return [as_text(line) if isinstance(line, Line) else line for line in lines]
