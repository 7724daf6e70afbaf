"""The list of what all members contributed and received in closed periods, as `balances_sealed` has it. Pure.

A line is `<member> <side> <period> <commodity> <amount>`, one space between:

    0199f6e4-6f1c-7c3a-9b1e-2f6d8a4c5b7e contributed 2025-H1 EUR 5060.00

in ASCII without a line feed, the amount with all decimals of its commodity; an amount of 0 has no line.
Sorted by their bytes, lines are the leaves of a tree of RFC 6962. What has no line would stand between two
neighbours: they show that there is none in a list that is sorted, and who replays the log sees that it is.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger.period.sums import HalfYear, Heading
from money import Money
from tlog.merkle import inclusion_proof, leaf_hash, root_of


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the list and the proof that it stands there, from its sibling to the root's child."""

    index: int
    line: str
    hashes: Sequence[bytes]


class SealedList:
    """The lines of `sums`, which are those of all closed periods."""

    def __init__(self, sums: Mapping[Heading, Decimal]) -> None:
        self.lines = sorted(line_of(heading, amount) for heading, amount in sums.items() if amount)
        self._hashes = [leaf_hash(line.encode()) for line in self.lines]

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def root(self) -> bytes:
        return root_of(self._hashes)

    def shown(self, heading: Heading) -> Sequence[Place]:
        """The line under a heading; where there is none, the one or two between which it would stand."""
        begins = _beginning(heading)
        index = bisect_left(self.lines, begins)
        if index < self.count and self.lines[index].startswith(begins):
            return [self._place(index)]
        return [self._place(at) for at in (index - 1, index) if 0 <= at < self.count]

    def _place(self, index: int) -> Place:
        return Place(index, self.lines[index], inclusion_proof(index, self.count, self._whole))

    def _whole(self, level: int, index: int) -> bytes:
        return root_of(self._hashes[index << level : (index + 1) << level])


def closed(sums: Mapping[Heading, Decimal], last: HalfYear) -> dict[Heading, Decimal]:
    """Those of the periods up to the last closed one."""
    return {heading: amount for heading, amount in sums.items() if heading.period <= last}


def line_of(heading: Heading, amount: Decimal) -> str:
    """Raises ValueError for an amount with more decimals than its commodity has."""
    written = Money.of(amount, heading.commodity).model_dump(mode="json")["amount"]
    return f"{_beginning(heading)}{written}"


def _beginning(heading: Heading) -> str:
    return f"{heading.member} {heading.side} {heading.period.name} {heading.commodity} "
