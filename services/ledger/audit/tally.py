"""Amounts of lines added up before they are booked: what is booked is the same, and so are its sums. Pure."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from events.envelope import LIFE
from ledger.audit.lighter import Amount
from ledger.period.sums import HalfYear
from ledger.posting.transactions import Line, Side
from money import Currency


class Place(NamedTuple):
    """When entries count; `shown`: whether that is up to the day as of which sums are asked for."""

    period: HalfYear
    shown: bool


class Tally:
    """Lines of the entries between two closings."""

    def __init__(self) -> None:
        self.entries = 0
        self.sums: dict[Any, Decimal] = {}

    def add(self, line: Line, place: Place) -> None:
        """Of `line` the ids are text (`as_text`)."""
        side, amount, project, member, form, nature, debtor, obligation, _ = line
        shape = (place, side, project, member, form, nature, debtor, obligation, amount.currency)
        sums = self.sums
        total = sums.get(shape, _NOTHING) + amount.amount
        if total or obligation is None:
            sums[shape] = total
        else:
            # Paid ones would be most of all that is kept.
            sums.pop(shape, None)

    def merge(self, later: "Tally") -> None:
        self.entries += later.entries
        for shape, amount in later.sums.items():
            total = self.sums.get(shape, _NOTHING) + amount
            if total or shape[_OBLIGATION] is None:
                self.sums[shape] = total
            else:
                self.sums.pop(shape, None)

    def lines(self) -> Iterator[tuple[Place, Line]]:
        """One for each shape; ids are text."""
        for shape, amount in self.sums.items():
            place, side, project, member, form, nature, debtor, obligation, currency = shape
            # Of many lines the sum may be beyond Money's range.
            money: Any = Amount(amount, Currency(currency))
            ids: Any = (member, debtor, obligation)
            yield place, Line(side, money, project, ids[0], form, nature, ids[1], ids[2])

    def counted(self) -> Iterator[tuple[Place, Line]]:
        """One for each member, form and nature, whatever the project, without what is owed."""
        sums: dict[Any, Decimal] = {}
        for (place, side, _, member, form, nature, _, _, currency), amount in self.sums.items():
            if side is not Side.OWED:
                what = (place, side, member, form, nature, currency)
                sums[what] = sums.get(what, _NOTHING) + amount
        for (place, side, member, form, nature, currency), amount in sums.items():
            money: Any = Amount(amount, Currency(currency))
            yield place, Line(side, money, LIFE, UUID(member), form, nature)


_NOTHING = Decimal()
_OBLIGATION = 7
"""Its place in a shape."""


def as_text(line: Line) -> Line:
    """With its ids as text: lines of both ways of reading have one shape."""
    return line._replace(
        member=_text(line.member), debtor=_text(line.debtor), obligation=_text(line.obligation)
    )


def _text(identifier: Any) -> Any:
    return None if identifier is None else str(identifier)
