"""Closing a half-year, and whom the charter's floor shows to get too little for what it gives. Pure.

Refused("alliance_stands_still")    an event of the alliance could not be applied: figures are missing
Refused("period_not_next")          another half-year is the first open one
Refused("period_not_over")          its last day is not reached
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate
from events.envelope import LIFE, Event, Recorded
from events.errors import Refused
from ledger.balances.figures import Totals
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from ledger.period.sealing import SealedList, closed
from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import Seen
from standing import Charter, Given


@dataclass(frozen=True, slots=True)
class ClosePeriod:
    """From then on the half-year shows for ever what it shows now."""

    period: HalfYear


@dataclass(frozen=True, slots=True)
class Books:
    """What closing rests on beside the alliance's standing."""

    log_size: int
    stands_still: bool
    sums: Mapping[Heading, Decimal]


@dataclass(frozen=True, slots=True)
class Periods:
    """How far an alliance has closed its half-years."""

    last: HalfYear | None = None
    """The last closed one."""

    def first_open(self, founded_on: date) -> HalfYear:
        return HalfYear.of(founded_on) if self.last is None else self.last.later(1)


def decide(periods: Periods | None, command: ClosePeriod, given: Given, now: datetime) -> Sequence[Event]:
    books: Books = given.more
    if books.stands_still:
        raise Refused("alliance_stands_still")
    period = (periods or Periods()).first_open(given.standing.founded_on)
    if command.period != period:
        raise Refused("period_not_next", next=period.name)
    if given.effective_on < period.ends_on:
        raise Refused("period_not_over", ends_on=period.ends_on)
    charter = given.standing.charter_on(period.ends_on)
    return closing(period, charter, books.sums, books.log_size)


def evolve(periods: Periods | None, recorded: Recorded[Any]) -> Periods:
    if isinstance(recorded.event, PeriodClosed):
        return Periods(HalfYear.named(recorded.event.period))
    return periods or Periods()


def closing(
    period: HalfYear, charter: Charter | None, sums: Mapping[Heading, Decimal], log_size: int
) -> Sequence[Event]:
    """What closing `period` records as the entries from index `log_size` on.

    `charter` is the one in force on the period's last day; `sums` are of all periods that have any.
    """
    events: list[Event] = [
        PeriodClosed(
            period=period.name, starts_on=period.starts_on, ends_on=period.ends_on, log_size=log_size
        )
    ]
    if charter is not None:
        events += imbalances(period, charter, sums, log_size + 1)
    sealed = SealedList(closed(sums, period))
    events.append(BalancesSealed(log_size=log_size + len(events), count=sealed.count, root=sealed.root.hex()))
    return events


HALVES: Final = {"half_year": 1, "year": 2, "rolling_24_months": 4}


def imbalances(
    period: HalfYear, charter: Charter, sums: Mapping[Heading, Decimal], log_size: int
) -> Iterator[ImbalanceDetected]:
    """The members under the charter's floor at the end of `period`, by id, where a window ends with it.

    Who contributed nothing has no ratio and is under no floor.
    """
    floor = charter.floor
    if floor is None or (floor.window == "year" and period.half != 2):
        return
    first = period.later(1 - HALVES[floor.window])
    counted: dict[UUID, dict[Seen, Decimal]] = {}
    for (member, side, booked, commodity), amount in sums.items():
        if first <= booked <= period and commodity == charter.currency:
            of_member = counted.setdefault(member, {})
            of_member[side] = of_member.get(side, Decimal()) + amount
    for member in sorted(counted):
        given, got = (counted[member].get(side, Decimal()) for side in (Seen.CONTRIBUTED, Seen.RECEIVED))
        figures = Totals.of(counted[member], charter.currency)
        if figures.ratio is None or figures.net >= -floor.threshold:
            continue
        if Fraction(got) / Fraction(given) < Fraction(floor.ratio):
            yield ImbalanceDetected(
                member=member,
                starts_on=first.starts_on,
                ends_on=period.ends_on,
                contributed=figures.contributed,
                received=figures.received,
                net=figures.net,
                ratio=figures.ratio,
                floor=floor.ratio,
                threshold=floor.threshold,
                charter_version=charter.version,
                log_size=log_size,
            )
            log_size += 1


PERIODS: Final = Aggregate[Periods, Given]("/ledger/alliances", evolve, decide, lambda stream: LIFE)
"""Named as the books keep what the ledger records itself (`envelope.source`): its other events come too."""
