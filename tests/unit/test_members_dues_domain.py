"""Calling dues: the charter's tiers by staff, once a year a company."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.decision import Placed
from events.errors import AllianceError
from members.charter.events import DuesTier
from members.dues.domain import CallDues, Dues, Rests, decide, evolve
from members.dues.events import DuesCalled
from money import Money
from obligations.events import Incurred, Reason
from samples.standing import given, recorded
from standing import Status

SMALL, LARGE = uuid4(), uuid4()
TIERS = tuple(
    DuesTier(from_staff=staff, amount=Money.of(amount, "EUR"))
    for staff, amount in ((0, "300.00"), (250, "800.00"), (100, "500.00"))
)


def called(command: CallDues, staff: dict[UUID, int], dues: Dues | None = None, **options: Any) -> list[Any]:
    tiers = options.pop("tiers", TIERS)
    caller = given((SMALL, LARGE), **options).with_more(Rests(tiers, staff, {SMALL: uuid4(), LARGE: uuid4()}))
    return [
        event.event if isinstance(event, Placed) else event
        for event in decide(dues, command, caller, caller.now)
    ]


def call(companies: tuple[UUID, ...] | None = None, **values: Any) -> CallDues:
    return CallDues(**{"year": 2025, "due_on": date(2025, 1, 31), "companies": companies, **values})


@pytest.mark.parametrize(
    ("staff", "amount"), [(0, "300"), (99, "300"), (100, "500"), (249, "500"), (250, "800"), (9999, "800")]
)
def test_the_tier_goes_by_staff_whatever_the_order_of_the_tiers(staff: int, amount: str) -> None:
    announced, owed = called(call((SMALL,)), {SMALL: staff})
    assert isinstance(announced, DuesCalled)
    assert isinstance(owed, Incurred)
    assert (announced.staff, announced.obligation) == (staff, owed.obligation)
    assert owed.amount == Money.of(amount, "EUR")
    assert (owed.debtor, owed.creditor, owed.reason) == (SMALL, None, Reason.DUES)


def test_a_tier_of_nothing_is_called_and_leaves_nothing_owed() -> None:
    free = (DuesTier(from_staff=0, amount=Money.zero("EUR")),)
    (announced,) = called(call((SMALL,)), {SMALL: 5}, tiers=free)
    assert announced.obligation is None


def test_who_has_been_called_is_left_out_and_not_called_twice() -> None:
    first = called(call((SMALL,)), {SMALL: 5, LARGE: 300})
    dues = evolve(None, recorded(first[0]))
    rest = called(call(), {SMALL: 5, LARGE: 300}, dues)
    assert [event.company for event in rest if isinstance(event, DuesCalled)] == [LARGE]
    dues = evolve(dues, recorded(rest[0]))
    assert dues.called == {(2025, SMALL), (2025, LARGE)}
    assert called(call(year=2026), {SMALL: 5, LARGE: 300}, dues)


@pytest.mark.parametrize(
    ("command", "options", "code"),
    [
        (call((SMALL,), year=2024), {}, "dues_year_wrong"),
        (call((SMALL,), year=2027), {}, "dues_year_wrong"),
        (call((SMALL,), due_on=date(2025, 1, 15)), {}, "due_before_call"),
        (call((SMALL, SMALL)), {}, "company_twice"),
        (call((LARGE,)), {}, "card_not_filled_in"),
        (call(), {}, "card_not_filled_in"),
        (call((uuid4(),)), {}, "company_unknown"),
        (call((SMALL,)), {"status": Status.NOTICE}, "status_forbids"),
        (call(), {"status": Status.PILOT}, "dues_nobody_to_call"),
        (call((SMALL,)), {"tiers": ()}, "charter_without_dues"),
        (call((SMALL,)), {"dues": Dues(frozenset({(2025, SMALL)}))}, "dues_called_already"),
    ],
)
def test_a_call_that_makes_no_sense_says_why(command: CallDues, options: dict[str, Any], code: str) -> None:
    with pytest.raises(AllianceError) as refused:
        called(command, {SMALL: 5}, **options)
    assert refused.value.code == code
