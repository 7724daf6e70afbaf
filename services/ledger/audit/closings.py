"""What the ledger recorded of closed half-years, held against what follows from the entries before. Pure.

One company's keys show whether its own imbalance was detected as it should be; what was sealed of all members
only the keys of all do.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from events.envelope import Event, Recorded
from ledger.audit.findings import DoesNotHold
from ledger.period.domain import Periods, closing
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from ledger.period.sums import HalfYear, Heading
from standing import Standing

CLOSING: Final = (PeriodClosed, ImbalanceDetected, BalancesSealed)


@dataclass(frozen=True, slots=True)
class Checked:
    """A recorded entry that is what it must be; of one that these keys do not show, `whole` is false."""

    entry: int
    event: Event
    whole: bool


class Closings:
    """Told every entry of the log that the ledger itself recorded, in order. `company` None: all keys."""

    def __init__(self, company: UUID | None) -> None:
        self._company = company
        self._periods = Periods()
        self._expected: deque[Event] = deque()
        self.checked: list[Checked] = []

    @property
    def open(self) -> bool:
        """Whether a closing has begun and its last entry is still to come: nothing may come between."""
        return bool(self._expected)

    def check(
        self,
        entry: int,
        recorded: Recorded[Any],
        standing: Standing | None,
        sums: Mapping[Heading, Decimal],
    ) -> None:
        """`standing` and `sums` are those of the entries before. Raises DoesNotHold."""
        event = recorded.event
        if isinstance(event, PeriodClosed) and not self._expected:
            self._begin(entry, event, recorded.effective_on, standing, sums)
        if not self._expected:
            if isinstance(event, CLOSING):
                raise _another(entry, "no such entry: no period was being closed", event.type)
            return
        expected = self._expected.popleft()
        if self._company is None or isinstance(event, PeriodClosed):
            _compare(entry, expected, event)
            self.checked.append(Checked(entry, event, whole=True))
            return
        self._compare_own(entry, expected, event)

    def interrupted(self, entry: int, found: str) -> DoesNotHold:
        """What is raised where an entry stands in a closing that is none of it."""
        return _another(entry, self._expected[0].type, found)

    def end(self, size: int) -> None:
        """Told that the log ends here. Raises DoesNotHold in the middle of a closing."""
        if self._expected:
            raise _another(size - 1, f"{self._expected[0].type} after it", "the end of the log")

    def _begin(
        self,
        entry: int,
        event: PeriodClosed,
        closed_on: date,
        standing: Standing | None,
        sums: Mapping[Heading, Decimal],
    ) -> None:
        if standing is None:
            raise _another(entry, "no closing before the alliance is founded", event.type)
        period = self._periods.first_open(standing.founded_on)
        if closed_on < period.ends_on:
            raise _another(
                entry, f"the closing of {period.name} on {period.ends_on} or later", str(closed_on)
            )
        try:
            events = closing(period, standing.charter_on(period.ends_on), sums, entry)
        except ValidationError:
            raise _another(entry, "sums under 10^13 of each member", "more") from None
        self._periods = Periods(HalfYear.named(period.name))
        self._expected.extend(events)

    def _compare_own(self, entry: int, expected: Event, event: Event) -> None:
        """With one company's keys: of its own imbalance all, of the others only which entries they are."""
        if isinstance(event, ImbalanceDetected) and event.member != self._company:
            self._expected.appendleft(expected)
            _compare(entry, event.model_copy(update={"log_size": entry}), event)
            self.checked.append(Checked(entry, event, whole=False))
            return
        if isinstance(event, BalancesSealed) and isinstance(expected, BalancesSealed):
            _compare(entry, event.model_copy(update={"log_size": entry}), event)
            self.checked.append(Checked(entry, event, whole=False))
            return
        if isinstance(expected, ImbalanceDetected):
            # Others' may stand before it.
            expected = expected.model_copy(update={"log_size": entry})
        _compare(entry, expected, event)
        self.checked.append(Checked(entry, event, whole=True))


def _compare(entry: int, expected: Event, found: Event) -> None:
    if type(expected) is not type(found):
        raise _another(entry, expected.type, found.type)
    if expected == found:
        return
    wanted, got = expected.model_dump(mode="json"), found.model_dump(mode="json")
    names = [name for name in wanted if wanted[name] != got[name]]
    raise _another(entry, *(", ".join(f"{name} {one[name]}" for name in names) for one in (wanted, got)))


def _another(entry: int, expected: str, found: str) -> DoesNotHold:
    return DoesNotHold(
        "wrong_closing",
        f"entry {entry}",
        "not what follows from the entries before",
        expected=expected,
        found=found,
        entry=entry,
    )
