"""What a report keeps of a replay: sums by member, month, form and nature, and each member's latest lines.

Memory grows with members, months and forms, not with entries.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from ledger.audit.replay import Replayed
from ledger.period.events import ImbalanceDetected, PeriodClosed
from ledger.period.sums import COUNTED, HalfYear
from ledger.posting.legs import Leg, Seen

LATEST: Final = 25
"""Lines shown of each member."""


class Line(NamedTuple):
    """What an entry counts as for a member; positive is more of the side."""

    entry: int
    booked_on: date
    said: str
    """The event's type."""
    side: Seen
    form: str
    project: str
    nature: str
    amount: Decimal
    commodity: str


class Month(NamedTuple):
    """In order of time."""

    year: int
    month: int

    @property
    def half(self) -> HalfYear:
        return HalfYear(self.year, 1 if self.month <= 6 else 2)

    @property
    def next(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)


class Key(NamedTuple):
    month: Month
    side: Seen
    form: str
    nature: str
    commodity: str


@dataclass
class Account:
    """What one member gave and got."""

    sums: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    standing: dict[tuple[Seen, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What is pending, owed to it and owing, by commodity: at the end, whenever it was booked."""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LATEST))
    count: int = 0
    """Lines in all."""

    def total(self, side: Seen, commodity: str, **of: Any) -> Decimal:
        """Over what has these attributes, as `form="dues"` or `half=HalfYear(2025, 1)`."""
        half, form = of.get("half"), of.get("form")
        return sum(
            (
                amount
                for key, amount in self.sums.items()
                if key.side is side
                and key.commodity == commodity
                and (half is None or key.month.half == half)
                and (form is None or key.form == form)
            ),
            Decimal(),
        )


@dataclass
class Unopened:
    """Entries of one type of which the keys did not open all that they post."""

    count: int
    first: int
    last: int


@dataclass
class Gathered:
    """Filled entry by entry, in the order of the log."""

    accounts: dict[UUID, Account] = field(default_factory=lambda: defaultdict(Account))
    unopened: dict[str, Unopened] = field(default_factory=dict)
    """By the event's type."""
    closed: dict[HalfYear, int] = field(default_factory=dict)
    """Which entry closed each."""
    imbalances: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    """What the ledger recorded, with the entry."""
    entries: int = 0
    posting: int = 0
    """Entries that post something."""
    first: date | None = None
    last: date | None = None

    def add(self, replayed: Replayed) -> None:
        head, posted = replayed.head, replayed.posted
        self.entries += 1
        if replayed.sealed:
            self._seal(head.type, posted.entry)
        if head.type == PeriodClosed.type:
            self.closed[HalfYear.named(head.envelope["data"]["period"])] = posted.entry
        elif head.type == ImbalanceDetected.type:
            self.imbalances.append((posted.entry, head.envelope["data"]))
        if not posted.legs:
            return
        self.posting += 1
        self.first = min(self.first or posted.booked_on, posted.booked_on)
        self.last = max(self.last or posted.booked_on, posted.booked_on)
        month = Month(posted.booked_on.year, posted.booked_on.month)
        for leg in posted.legs:
            if leg.member is not None and leg.side is not None:
                self._count(leg.member, leg.side, leg, month, replayed)

    def _count(self, member: UUID, side: Seen, leg: Leg, month: Month, replayed: Replayed) -> None:
        account, posted = self.accounts[member], replayed.posted
        if side not in COUNTED:
            account.standing[side, leg.commodity] += leg.sense
            return
        form, nature = leg.form or "", leg.nature or ""
        account.sums[Key(month, side, form, nature, leg.commodity)] += leg.sense
        account.count += 1
        account.lines.append(
            Line(
                posted.entry,
                posted.booked_on,
                replayed.head.type,
                side,
                form,
                leg.project,
                nature,
                leg.sense,
                leg.commodity,
            )
        )

    def _seal(self, type: str, entry: int) -> None:
        known = self.unopened.get(type)
        if known is None:
            self.unopened[type] = Unopened(1, entry, entry)
        else:
            known.count, known.last = known.count + 1, entry

    def halves(self) -> list[HalfYear]:
        """From the first to the last in which anything is booked."""
        if self.first is None or self.last is None:
            return []
        last, found = HalfYear.of(self.last), [HalfYear.of(self.first)]
        while found[-1] < last:
            found.append(found[-1].later(1))
        return found

    def months(self) -> Iterator[Month]:
        """Likewise."""
        if self.first is None or self.last is None:
            return
        month, last = Month(self.first.year, self.first.month), Month(self.last.year, self.last.month)
        while month <= last:
            yield month
            month = month.next

    def forms(self) -> list[str]:
        return sorted({key.form for account in self.accounts.values() for key in account.sums})

    def commodities(self) -> list[str]:
        return sorted({key.commodity for account in self.accounts.values() for key in account.sums})
