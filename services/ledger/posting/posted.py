"""What an entry of the log posts: read by its source's registry, ruled, and signed into legs. Pure.

CannotPost      an event that cannot be read, or for which nothing can be posted
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptography.exceptions import InvalidTag

from events.envelope import Head, MalformedEvent, Recorded
from events.registry import UnknownEvent
from events.sealing import Keyring, SealedFigure
from ledger.posting.legs import Leg, legs_of
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal


class CannotPost(Exception):
    """`code` is stable; `detail` names the event's type and never holds a figure."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Read:
    """An event, with what its rule makes of it."""

    recorded: Recorded[Any]
    lines: Sequence[Line | Reversal]


@dataclass(frozen=True, slots=True)
class Posted:
    """What one entry of the log posts."""

    entry: int
    """The leaf's index."""
    effective_on: date
    booked_on: date
    """The day by whose period it counts: later than `effective_on` where that period was closed."""
    legs: Sequence[Leg]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier entry, as far as reversing it needs it."""

    entry: int
    service: str
    reversed: bool
    legs: Sequence[Leg]


class Reader:
    """Reads what `sources` publish; `keyrings`, by source, open their figures."""

    def __init__(self, sources: Mapping[str, Source], keyrings: Mapping[str, Keyring]) -> None:
        self.sources = sources
        self.keyrings = keyrings

    def read(self, head: Head) -> Read:
        """Raises CannotPost; SealedFigure too, where a rule needs what this reader has no key to."""
        recorded = self.decode(head)
        return Read(recorded, self.ruled(recorded))

    def decode(self, head: Head) -> Recorded[Any]:
        """The event, its figures open that there are keys to. Raises CannotPost."""
        try:
            return self.sources[head.service].registry.decode(head, self.keyrings[head.service])
        except UnknownEvent as error:
            raise CannotPost("unknown_type", head.type) from error
        except (MalformedEvent, InvalidTag) as error:
            raise CannotPost("unreadable", f"{head.type}: {type(error).__name__}") from error

    def ruled(self, recorded: Recorded[Any]) -> Sequence[Line | Reversal]:
        """What the event's rule makes of it. Raises CannotPost, and SealedFigure as `read` does."""
        rule = self.sources[recorded.service].rules.get(type(recorded.event))
        if rule is None:
            return ()
        try:
            return rule(recorded)
        except SealedFigure:
            raise
        except Exception as error:
            # Only what went wrong and never its text: it may repeat a figure.
            raise CannotPost("cannot_post", f"{recorded.event.type}: {type(error).__name__}") from error


def post(
    first: int,
    read: Sequence[Read],
    booked: Callable[[Recorded[Any]], date],
    earlier: Mapping[str, Earlier],
) -> tuple[list[Posted], dict[int, int]]:
    """What entries post, the first of which has the index `first`; and which entry reverses which (reversed →
    by).

    `earlier` has the events before that one of `read` reverses, by their ids. Raises CannotPost.
    """
    known = dict(earlier)
    reversed_by: dict[int, int] = {}
    posted = []
    for entry, (recorded, lines) in enumerate(((one.recorded, one.lines) for one in read), first):
        legs: list[Leg] = []
        for line in lines:
            if isinstance(line, Line):
                legs += legs_of(line)
                continue
            reversed_ = known.get(line.event_id)
            if reversed_ is None or reversed_.service != recorded.service:
                raise CannotPost("reverses_unknown", f"{recorded.event.type}: {line.event_id}")
            if reversed_.reversed or reversed_.entry in reversed_by:
                raise CannotPost("reversed_already", f"{recorded.event.type}: {line.event_id}")
            reversed_by[reversed_.entry] = entry
            legs += [leg.negated() for leg in reversed_.legs]
        known[recorded.id] = Earlier(entry, recorded.service, reversed=False, legs=legs)
        posted.append(Posted(entry, recorded.effective_on, booked(recorded), legs))
    return posted, reversed_by


def reversed_events(read: Sequence[Read]) -> Sequence[str]:
    """The ids of the events that these reverse."""
    return [line.event_id for one in read for line in one.lines if isinstance(line, Reversal)]
