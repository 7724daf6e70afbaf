"""How a member's window stands to the charter's floor."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from ledger.audit.report.gathering import Account
from ledger.audit.report.wording import exact_ratio
from ledger.period.domain import HALVES
from ledger.period.sums import HalfYear
from ledger.posting.legs import Seen
from standing import Standing

WINDOWS: Final = {"half_year": "half-year", "year": "year", "rolling_24_months": "24 months"}


class Verdict(StrEnum):
    """What the charter makes of a window."""

    ABOVE = "above the floor"
    WITHIN = "under the floor, within the threshold"
    UNDER = "under the floor"
    NOTHING_GIVEN = "nothing given"


@dataclass(frozen=True, slots=True)
class Window:
    """What a member gave and got in the window that ends with a half-year."""

    first: HalfYear
    last: HalfYear
    given: Decimal
    got: Decimal
    floor: Decimal
    threshold: Decimal

    @property
    def ratio(self) -> Fraction | None:
        return exact_ratio(self.given, self.got)

    @property
    def verdict(self) -> Verdict:
        if self.ratio is None:
            return Verdict.NOTHING_GIVEN
        if self.ratio >= Fraction(self.floor):
            return Verdict.ABOVE
        return Verdict.UNDER if self.got - self.given < -self.threshold else Verdict.WITHIN


_WORST_FIRST: Final = (Verdict.UNDER, Verdict.WITHIN, Verdict.ABOVE, Verdict.NOTHING_GIVEN)


def worst(windows: Iterable[Window]) -> Window | None:
    """The latest of those that are worst; None of none."""
    return min(
        windows,
        key=lambda one: (_WORST_FIRST.index(one.verdict), -one.last.year, -one.last.half),
        default=None,
    )


def window(account: Account, last: HalfYear, standing: Standing | None, commodity: str) -> Window | None:
    """None where the charter in force at the end of that half-year has no floor, or no window ends then."""
    charter = standing.charter_on(last.ends_on) if standing else None
    floor = charter.floor if charter else None
    if floor is None or (floor.window == "year" and last.half != 2):
        return None
    first = last.later(1 - HALVES[floor.window])
    halves = [last.later(-back) for back in range(HALVES[floor.window])]
    given, got = (
        sum((account.total(side, commodity, half=half) for half in halves), Decimal())
        for side in (Seen.CONTRIBUTED, Seen.RECEIVED)
    )
    return Window(first, last, given, got, floor.ratio, floor.threshold.amount)
