"""What hours and means are worth, by the charter that goes for them. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from declarations.day import fits
from declarations.events import Line, Work
from declarations.project import Project
from events.errors import Invalid, Refused
from money import Money
from standing import Charter

LONGEST_LINE: Final = 366
"""Days from a line's first to its last."""


def worth_of_hours(
    lines: tuple[Line, ...],
    kind: str,
    project: Project,
    charter: Charter,
    *,
    others: Sequence[Line],
    spent: Decimal,
    posted_on: date,
) -> Work:
    """`others` are hours of the same people that stand already, as far as they are to be looked at; `spent`
    those of the company for the project.

    Raises Invalid, or Refused where somebody would have worked too long, or beyond the budget.
    """
    rate = charter.hourly_rates.get(kind)
    if rate is None or kind not in project.kinds:
        raise Invalid("kind_of_work_unknown", pointer="/kind")
    work = hours_at(rate, lines, others=others, posted_on=posted_on)
    if project.hours_budgeted is not None and spent + hours_in(lines) > project.hours_budgeted:
        raise Refused("budget_exceeded", pointer="/lines")
    return work


def hours_at(rate: Money, lines: tuple[Line, ...], *, others: Sequence[Line], posted_on: date) -> Work:
    """Hours × rate, rounded once, half-even. Raises as `worth_of_hours`."""
    for index, line in enumerate(lines):
        if not 0 <= (line.last_day - line.first_day).days < LONGEST_LINE:
            raise Invalid("line_days_wrong", pointer=f"/lines/{index}/last_day", days=LONGEST_LINE)
        if line.last_day > posted_on:
            raise Invalid("line_after_posting_date", pointer=f"/lines/{index}/last_day")
    require_days(lines, others)
    return Work(lines=lines, rate=rate, value=rate.times(hours_in(lines)))


def require_days(lines: Sequence[Line], others: Sequence[Line], *, pointer: str | None = "/lines") -> None:
    """Raises Refused where with `others` too somebody would have worked more than twelve hours a day."""
    first_line_of: dict[str, int] = {}
    for index, line in enumerate(lines):
        first_line_of.setdefault(line.person, index)
    for person, index in first_line_of.items():
        if not fits(line for line in (*lines, *others) if line.person == person):
            at = None if pointer is None else f"{pointer}/{index}"
            raise Refused("more_than_twelve_hours_a_day", pointer=at)


def hours_in(lines: Sequence[Line]) -> Decimal:
    return sum((line.hours for line in lines), Decimal(0))


def worth_of_means(
    kind: str, amount: Money | None, project: Project, charter: Charter, *, has_evidence: bool
) -> Work:
    """The charter's tariff, or where it has none the amount, with evidence. Raises Invalid."""
    if kind not in project.means:
        raise Invalid("kind_of_means_unknown", pointer="/kind")
    tariff = charter.tariffs.get(kind)
    if tariff is not None:
        if amount is not None:
            raise Invalid("amount_by_tariff", pointer="/amount")
        return Work(value=tariff)
    work = Work(value=amount_of(amount, charter.currency))
    if not work.value.amount:
        raise Invalid("amount_not_positive", pointer="/amount")
    if not has_evidence:
        raise Invalid("evidence_missing", pointer="/evidence")
    return work


def amount_of(amount: Money | None, currency: str) -> Money:
    """Raises Invalid where it is missing, under 0 or in another currency."""
    if amount is None:
        raise Invalid("amount_missing", pointer="/amount")
    if amount.currency != currency:
        raise Invalid("wrong_currency", pointer="/amount/currency", currency=currency)
    if amount.amount < 0:
        raise Invalid("amount_not_positive", pointer="/amount")
    return amount
