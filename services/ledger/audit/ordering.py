"""The parts of a log put in order: what was reversed, what was told, and what was closed when. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from events.envelope import parse
from ledger.audit.closings import Closings
from ledger.audit.keys import KeyFile
from ledger.audit.parts import ID, Part, Reversed, end_of
from ledger.audit.reading import Opener, wrong
from ledger.audit.sums import Account, MemberSums
from ledger.period import sums as period_sums
from ledger.period.events import PeriodClosed
from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import legs_of
from ledger.posting.posted import Posted
from ledger.posting.rules import Source
from ledger.posting.transactions import Line
from standing import Standing, Told, evolve


class Ordered:
    """`whole`: all parts, merged. What is `sought` must be found before all is checked."""

    def __init__(self, whole: Part, keys: KeyFile, known: Mapping[str, Source]) -> None:
        self._whole = whole
        self._opener = Opener(known, keys)
        self._found: dict[str, Reversed] = {}
        self._headings: dict[Heading, Decimal] = {}
        self._open_from: HalfYear | None = None
        self.sums = MemberSums()
        self.standing: Standing | None = None
        self.closings = Closings(keys.company)

    def sought(self) -> Iterator[int]:
        """The entries, in order, that are to be found: they may be events which some entry reverses."""
        ends = {end_of(one.event_id).encode() for one in self._whole.reversing}
        ids = self._whole.ids
        for at in range(0, len(ids) if ends else 0, ID):
            if ids[at : at + ID] in ends:
                yield at // ID

    def find(self, events: Iterable[Reversed]) -> None:
        for one in events:
            if one.event_id in self._found:
                raise wrong("doubled", one.entry, "an id of its own", one.event_id)
            self._found[one.event_id] = one

    def check(self) -> None:
        """Raises DoesNotHold."""
        self._reverse()
        for number, (entry, body) in enumerate(self._whole.own):
            if self.closings.open and self._whole.spans[number].entries:
                raise self.closings.interrupted(entry, "another")
            self._pass(number)
            recorded = self._opener.open(entry, body).read.recorded
            self.closings.check(entry, recorded, self.standing, self._headings)
            if isinstance(recorded.event, PeriodClosed):
                self._open_from = HalfYear.named(recorded.event.period).later(1)
        if self.closings.open and self._whole.spans[-1].entries:
            raise self.closings.interrupted(self._whole.own[-1][0] + 1, "another")
        self._pass(len(self._whole.own))

    def accounts(self) -> Mapping[Account, Decimal]:
        """Of what is shown; only once all is checked."""
        sums: dict[Account, Decimal] = defaultdict(Decimal)
        for span in self._whole.spans:
            for place, line in span.lines():
                for leg in legs_of(line) if place.shown else ():
                    sums[Account(leg.account, leg.commodity)] += leg.amount
        return {account: amount for account, amount in sums.items() if amount}

    def _reverse(self) -> None:
        before: set[str] = set()
        for one in self._whole.reversing:
            found = self._found.get(one.event_id)
            if found is None or found.entry >= one.entry or found.service != one.service:
                raise wrong("reverses_unknown", one.entry, "a reversal of an earlier event", one.event_id)
            if one.event_id in before:
                raise wrong("reversed_already", one.entry, "a first reversal", one.event_id)
            before.add(one.event_id)
            for line in self._lines(found):
                self._whole.spans[one.span].add(line._replace(amount=-line.amount), one.place)

    def _lines(self, event: Reversed) -> Iterator[Line]:
        """Of an event that may have reversed others, which were found too."""
        for line in event.lines:
            if isinstance(line, Line):
                yield line
            else:
                for other in self._lines(self._found[line.event_id]):
                    yield other._replace(amount=-other.amount)

    def _pass(self, number: int) -> None:
        """A span is behind."""
        for body in self._told(number):
            self.standing = evolve(self.standing, Told.by(parse(body)))
        for place, line in self._whole.spans[number].counted():
            period = place.period if self._open_from is None else max(place.period, self._open_from)
            posted = Posted(-1, place.period.starts_on, period.starts_on, legs_of(line))
            period_sums.add(self._headings, [posted])
            if place.shown:
                self.sums.add(posted)

    def _told(self, number: int) -> Iterator[bytes]:
        return (body for span, _, body in self._whole.told if span == number)
