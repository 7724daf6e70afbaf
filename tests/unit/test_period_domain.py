"""Half-years are closed in order, what comes late counts in the open one, and a floor shows who gets too
little.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.envelope import Event
from events.errors import Refused
from ledger.period.domain import PERIODS, Books, ClosePeriod, Periods, closing
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from ledger.period.sealing import SealedList
from ledger.period.sums import Booking, HalfYear, Heading, add
from ledger.posting.legs import Seen, legs_of
from ledger.posting.posted import Posted
from ledger.posting.transactions import Form, Nature, contributed, received
from money import Money
from samples.charter import euros
from samples.periods import sums
from samples.standing import given, recorded

DOURVEL, SELUNEL, AUBRELLE = sorted(uuid4() for _ in range(3))
H1, H2 = HalfYear(2025, 1), HalfYear(2025, 2)
STORY = {
    DOURVEL: ("5060.00", "600.00"),
    SELUNEL: ("560.00", "0.00"),
    AUBRELLE: ("1040.00", "3500.00"),
}
"""Dourvel's and Aubrelle's first half-year in the story; Sélunel as if it had sold to Lumiel before."""


def close(
    period: HalfYear,
    *,
    last: HalfYear | None = None,
    effective_on: date = date(2026, 7, 1),
    figures: Mapping[Heading, Decimal] | None = None,
    stands_still: bool = False,
    log_size: int = 300,
    **terms: Any,
) -> list[Event]:
    rests_on = given([DOURVEL, SELUNEL, AUBRELLE], effective_on=effective_on, **terms)
    books = Books(log_size, stands_still, sums(H1, STORY) if figures is None else figures)
    decided = PERIODS.decide(Periods(last), ClosePeriod(period), rests_on.with_more(books), rests_on.now)
    return [event for event in decided if isinstance(event, Event)]


def refusal(*arguments: Any, **named: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        close(*arguments, **named)
    return refused.value


def flagged(events: list[Event]) -> dict[UUID, ImbalanceDetected]:
    return {event.member: event for event in events if isinstance(event, ImbalanceDetected)}


@pytest.mark.parametrize(
    ("day", "name", "starts_on", "ends_on"),
    [
        ("2025-01-01", "2025-H1", "2025-01-01", "2025-06-30"),
        ("2025-06-30", "2025-H1", "2025-01-01", "2025-06-30"),
        ("2025-07-01", "2025-H2", "2025-07-01", "2025-12-31"),
        ("2024-02-29", "2024-H1", "2024-01-01", "2024-06-30"),
    ],
)
def test_a_period_is_a_half_of_a_calendar_year(day: str, name: str, starts_on: str, ends_on: str) -> None:
    period = HalfYear.of(date.fromisoformat(day))
    assert (period.name, period.starts_on.isoformat(), period.ends_on.isoformat()) == (
        name,
        starts_on,
        ends_on,
    )
    assert HalfYear.named(name) == period


@pytest.mark.parametrize("name", ["2025-H3", "2025-h1", "25-H1", "2025-H1\n", "", "2025"])
def test_nothing_else_is_the_name_of_a_period(name: str) -> None:
    with pytest.raises(ValueError):
        HalfYear.named(name)


def test_periods_follow_on_one_another_across_years() -> None:
    assert [H1.later(halves) for halves in (-3, -1, 0, 1, 2)] == [
        HalfYear(2023, 2),
        HalfYear(2024, 2),
        H1,
        H2,
        HalfYear(2026, 1),
    ]


def test_the_first_period_to_close_is_the_one_of_the_founding() -> None:
    closed, *_ = close(H1)
    assert closed == PeriodClosed(
        period="2025-H1", starts_on=date(2025, 1, 1), ends_on=date(2025, 6, 30), log_size=300
    )
    assert refusal(H2).parameters == {"next": "2025-H1"}


def test_periods_close_in_order_and_each_once() -> None:
    assert isinstance(close(H2, last=H1)[0], PeriodClosed)
    for period in (H1, HalfYear(2026, 1)):
        assert refusal(period, last=H1).code == "period_not_next"


def test_a_period_closes_on_its_last_day_and_not_before() -> None:
    assert refusal(H1, effective_on=date(2025, 6, 29)).code == "period_not_over"
    assert close(H1, effective_on=date(2025, 6, 30))


def test_nothing_closes_while_figures_are_missing() -> None:
    assert refusal(H1, stands_still=True).code == "alliance_stands_still"


def test_what_was_closed_is_remembered_beside_other_entries_of_the_ledger() -> None:
    state = None
    for event in [*close(H1), *close(H2, last=H1)]:
        state = PERIODS.evolve(state, recorded(event))
    assert state == Periods(H2)


def test_each_event_names_the_entries_that_it_was_worked_out_from() -> None:
    events = close(H1)
    assert [type(event) for event in events] == [PeriodClosed, ImbalanceDetected, BalancesSealed]
    assert [event.log_size for event in events] == [300, 301, 302]  # type: ignore[attr-defined]


def test_who_is_under_the_floor_and_under_the_threshold_is_flagged() -> None:
    found = flagged(close(H1))
    assert found == {
        DOURVEL: ImbalanceDetected(
            member=DOURVEL,
            starts_on=date(2025, 1, 1),
            ends_on=date(2025, 6, 30),
            contributed=Money.of("5060.00", "EUR"),
            received=Money.of("600.00", "EUR"),
            net=Money.of("-4460.00", "EUR"),
            ratio="0.1186",
            floor=Decimal("0.50"),
            threshold=Money.of("1000.00", "EUR"),
            charter_version=1,
            log_size=301,
        )
    }


@pytest.mark.parametrize(
    ("contributed", "received", "is_flagged"),
    [
        ("2000.01", "1000.00", True),  # ratio 0.4999975, shown as 0.5000; net -1,000.01
        ("2000.02", "1000.01", False),  # net -1,000.01, ratio 0.5 and a little
        ("2002.00", "1001.00", False),  # ratio 0.5: not under
        ("1500.00", "500.00", False),  # net -1,000.00: not under minus the threshold
        ("1500.01", "500.00", True),
        ("560.00", "0.00", False),
        ("0.00", "-5000.00", False),  # nothing contributed: no ratio
        ("-100.00", "-5000.00", False),  # taken back: the ratio is 50
    ],
)
def test_the_floor_is_held_to_the_exact_ratio(contributed: str, received: str, is_flagged: bool) -> None:
    figures = sums(H1, {DOURVEL: (contributed, received)})
    assert (DOURVEL in flagged(close(H1, figures=figures))) is is_flagged


def test_a_year_is_looked_at_when_its_second_half_closes() -> None:
    floor = {"window": "year", "threshold": euros("1000.00")}
    halves = {**sums(H1, STORY), **sums(H2, {DOURVEL: ("1260.00", "1710.00"), SELUNEL: ("500.00", "0.00")})}
    assert flagged(close(H1, figures=halves, floor=floor)) == {}
    found = flagged(close(H2, last=H1, figures=halves, floor=floor))
    assert {member: (one.ratio, one.starts_on) for member, one in found.items()} == {
        DOURVEL: ("0.3655", date(2025, 1, 1)),
        SELUNEL: ("0.0000", date(2025, 1, 1)),
    }


def test_rolling_months_are_the_four_half_years_up_to_the_one_closed() -> None:
    floor = {"window": "rolling_24_months", "threshold": euros("1000.00")}
    halves = {
        **sums(HalfYear(2024, 2), {DOURVEL: ("0.00", "50000.00")}),
        **sums(H1, {DOURVEL: ("900.00", "0.00")}),
        **sums(HalfYear(2026, 2), {DOURVEL: ("900.00", "0.00")}),
        **sums(HalfYear(2027, 1), {DOURVEL: ("0.00", "50000.00")}),
    }
    charter = given([DOURVEL], floor=floor).charter
    assert flagged(list(closing(HalfYear(2026, 1), charter, halves, 9))) == {}
    found = flagged(list(closing(HalfYear(2026, 2), charter, halves, 9)))
    assert (found[DOURVEL].net, found[DOURVEL].starts_on, found[DOURVEL].ends_on) == (
        Money.of("-1800.00", "EUR"),
        date(2025, 1, 1),
        date(2026, 12, 31),
    )


def test_the_charter_that_counts_is_the_one_of_the_last_day() -> None:
    rests_on = given([DOURVEL], effective_on=date(2025, 9, 1)).with_more(Books(9, False, sums(H1, STORY)))
    (first,) = rests_on.standing.charters
    assert first.floor is not None
    milder = replace_floor(first, ratio=Decimal("0.10"), version=2, from_day=date(2025, 7, 1))
    standing = rests_on.standing.model_copy(update={"charters": (first, milder)})
    decided = PERIODS.decide(None, ClosePeriod(H1), replace(rests_on, standing=standing), rests_on.now)
    assert [one.charter_version for one in decided if isinstance(one, ImbalanceDetected)] == [1]
    in_force = standing.model_copy(
        update={"charters": (first, milder.model_copy(update={"from_day": date(2025, 6, 30)}))}
    )
    decided = PERIODS.decide(None, ClosePeriod(H1), replace(rests_on, standing=in_force), rests_on.now)
    assert not any(isinstance(one, ImbalanceDetected) for one in decided)


def replace_floor(charter: Any, *, ratio: Decimal, version: int, from_day: date) -> Any:
    floor = charter.floor.model_copy(update={"ratio": ratio})
    return charter.model_copy(update={"floor": floor, "version": version, "from_day": from_day})


def test_only_amounts_in_the_charters_currency_are_in_a_ratio() -> None:
    foreign = Heading(DOURVEL, Seen.CONTRIBUTED, H1, "USD")
    assert flagged(close(H1, figures={foreign: Decimal("9000.00")})) == {}


def test_an_alliance_without_a_charter_has_no_floor_and_closes_all_the_same() -> None:
    events = closing(H1, None, sums(H1, STORY), 300)
    assert [type(event) for event in events] == [PeriodClosed, BalancesSealed]


def test_what_is_sealed_are_closed_periods_alone() -> None:
    halves = {**sums(H1, STORY), **sums(H2, {DOURVEL: ("7.00", "8.00")})}
    sealed = close(H1, figures=halves)[-1]
    first = SealedList(sums(H1, STORY))
    assert sealed == BalancesSealed(log_size=302, count=5, root=first.root.hex())
    both = close(H2, last=H1, figures=halves)[-1]
    assert isinstance(both, BalancesSealed)
    assert (both.count, both.root) == (7, SealedList(halves).root.hex())


def test_what_comes_late_counts_on_the_first_open_day_and_keeps_its_date() -> None:
    booking = Booking()
    late = recorded(BalancesSealed(log_size=1, count=0, root="0" * 64), date(2025, 6, 25))
    assert booking(late) == late.effective_on
    for event in close(H1):
        booking(recorded(event, date(2025, 6, 30)))
    assert booking(late) == date(2025, 7, 1)
    assert booking(recorded(late.event, date(2025, 9, 1))) == date(2025, 9, 1)
    assert late.effective_on == date(2025, 6, 25)
    assert Booking(date(2026, 1, 1))(late) == date(2026, 1, 1)


def test_sums_are_those_of_the_day_of_booking() -> None:
    amount = Money.of("160.00", "EUR")
    legs = [
        *legs_of(contributed(DOURVEL, Form.OFFICERS, "life", Nature.HOURS, amount)),
        *legs_of(received(DOURVEL, Form.PURCHASING, "life", Nature.SAVED, amount)),
    ]
    found: dict[Heading, Decimal] = {}
    add(found, [Posted(7, date(2025, 6, 25), date(2025, 7, 1), legs)] * 2)
    assert found == {
        Heading(DOURVEL, Seen.CONTRIBUTED, H2, "EUR"): Decimal("320.00"),
        Heading(DOURVEL, Seen.RECEIVED, H2, "EUR"): Decimal("320.00"),
    }
