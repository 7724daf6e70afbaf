"""Twelve hours a person a day, over lines that say within which days and not on which: exact."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from declarations.day import fits
from declarations.events import Line

MONDAY = date(2025, 3, 3)


def line(first: int, length: int, hundredths: int) -> Line:
    first_day = MONDAY + timedelta(days=first)
    return Line(
        person="0" * 32,
        first_day=first_day,
        last_day=first_day + timedelta(days=length),
        hours=Decimal(hundredths) / 100,
    )


# Hours near what a few days hold, so that both answers come up often; gaps of days too.
LINES = st.lists(
    st.builds(
        line,
        st.integers(0, 14),
        st.integers(0, 5),
        st.integers(1, 40).map(lambda n: n * 100) | st.integers(1, 4000),
    ),
    max_size=9,
)


def holds_in_every_span(lines: Sequence[Line]) -> bool:
    """Hall's condition, in all spans of days there are: slow, and plainly the rule."""
    days = [MONDAY + timedelta(days=number) for number in range(21)]
    return all(
        sum(line.hours for line in lines if first <= line.first_day and line.last_day <= last)
        <= 12 * ((last - first).days + 1)
        for first in days
        for last in days
        if first <= last
    )


@given(LINES)
def test_lines_fit_if_and_only_if_no_span_of_days_holds_too_much(lines: list[Line]) -> None:
    assert fits(lines) == holds_in_every_span(lines)


@given(LINES)
def test_taking_a_line_away_never_makes_too_much_of_what_was_not(lines: list[Line]) -> None:
    if fits(lines):
        assert all(fits(lines[:index] + lines[index + 1 :]) for index in range(len(lines)))


def test_both_answers_come_up_at_the_very_edge() -> None:
    full = [line(0, 1, 1200), line(0, 0, 700), line(1, 0, 500)]
    assert fits(full)
    assert not fits([*full, line(0, 1, 1)])
    assert fits([*full, line(2, 0, 1200), line(9, 0, 1200)])
    assert not fits([line(0, 0, 1201)])
    assert fits([])
