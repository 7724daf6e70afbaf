"""What members contributed and received, by half-year of booking: the books, the list that is sealed and who
replays a log add up in the same way. Pure.
"""

import re
from collections.abc import Iterable, MutableMapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from events.envelope import Recorded
from ledger.period.events import PeriodClosed
from ledger.posting.legs import Seen
from ledger.posting.posted import Posted

NAME: Final = r"[1-9][0-9]{3}-H[12]"

COUNTED: Final = frozenset({Seen.CONTRIBUTED, Seen.RECEIVED})


class HalfYear(NamedTuple):
    """A period: a half of a calendar year, 1 or 2. In order of time."""

    year: int
    half: int

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, 1 if day.month <= 6 else 2)

    @classmethod
    def named(cls, name: str) -> Self:
        """Raises ValueError for what is no name of a half-year."""
        if not re.fullmatch(NAME, name):
            raise ValueError(f"no half-year: {name!r}")
        return cls(int(name[:4]), int(name[-1]))

    @property
    def name(self) -> str:
        """`2025-H1`"""
        return f"{self.year:04d}-H{self.half}"

    @property
    def starts_on(self) -> date:
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def ends_on(self) -> date:
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    def later(self, halves: int) -> Self:
        """So many half-years later; earlier for a negative number."""
        number = 2 * self.year + self.half - 1 + halves
        return type(self)(number // 2, number % 2 + 1)


class Heading(NamedTuple):
    """Under which an amount is summed. `side` is contributed or received."""

    member: UUID
    side: Seen
    period: HalfYear
    commodity: str


class Booking:
    """On which day entries count, told each in the order of the log: on their effective date, but on the
    first day of the first open period where that date lies in a closed one.
    """

    def __init__(self, open_from: date = date.min) -> None:
        """`open_from`: the first day of the first open period, once one is closed."""
        self.open_from = open_from

    def __call__(self, recorded: Recorded[Any]) -> date:
        if isinstance(recorded.event, PeriodClosed):
            self.open_from = recorded.event.ends_on + timedelta(days=1)
        return max(recorded.effective_on, self.open_from)


def add(sums: MutableMapping[Heading, Decimal], posted: Iterable[Posted]) -> None:
    """Adds what entries have posted to the sums of the periods in which they count."""
    for one in posted:
        for leg in one.legs:
            if leg.side in COUNTED and leg.member is not None:
                heading = Heading(leg.member, leg.side, HalfYear.of(one.booked_on), leg.commodity)
                sums[heading] = sums.get(heading, Decimal()) + leg.sense
