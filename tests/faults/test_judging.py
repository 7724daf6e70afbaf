"""Each way in which answers and stores can disagree is found, as what it is."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from faults.driver import Attempt
from faults.judging import Findings, Stored, both_passed, given, judge
from faults.orders import Alliance, Order, Orders
from faults.schedule import faults_of
from faults.topics import Line

ALLIANCE = Alliance("a", "coordinator", "reader", ("x", "y", "z"), ("dx", "dy", "dz"), "c", "l")
ORDER = Order("key", ALLIANCE, "members", "declarations/hours", "dx", {}, gives=("x", Decimal("80.00")))
REFUSED = replace(ORDER, gives=None, refusal="budget_exceeded")
RIVAL = replace(REFUSED, rival="somebody")


def taken(number: int, order: Order = ORDER, **other: Any) -> Attempt:
    made = Attempt(order, f"key.{number}", 201, "", {"id": "i", "version": 1, "position": "members=7"}, 7)
    return replace(made, **other)


def refused(number: int, code: str = "budget_exceeded", status: int = 409, order: Order = REFUSED) -> Attempt:
    return Attempt(order, f"key.{number}", status, code, {})


def lost(number: int, order: Order = ORDER) -> Attempt:
    return Attempt(order, f"key.{number}")


def later(number: int, code: str = "database_unavailable", order: Order = ORDER) -> Attempt:
    return Attempt(order, f"key.{number}", 503, code, {})


Written = dict[str, list[Stored]]


def stored(*numbers: int, at: int = 7) -> Written:
    return {f"key.{number}": [Stored(at, b"", f"key.{number}")] for number in numbers}


def findings(attempts: Sequence[Attempt], written: Written) -> Findings:
    found = Findings()
    judge(attempts, written, found)
    return found


@pytest.mark.parametrize(
    ("attempts", "written"),
    [
        ([taken(1)], stored(1)),
        ([taken(1), taken(2, replayed=True)], stored(1)),
        ([lost(1), taken(2)], stored(2)),
        ([lost(1), taken(2, replayed=True)], stored(1)),
        ([later(1), taken(2, replayed=True)], stored(1)),
        ([later(1, "restoring"), later(2, "idempotency_key_in_flight"), taken(3)], stored(3)),
        ([refused(1), refused(2)], {}),
        ([refused(1, order=RIVAL)], {}),
        ([taken(1, order=RIVAL)], stored(1)),
    ],
)
def test_what_is_as_it_should_be_is_passed_over(attempts: Sequence[Attempt], written: Written) -> None:
    assert findings(attempts, written).all() == []


@pytest.mark.parametrize(
    ("attempts", "written", "kind"),
    [
        ([taken(1)], {}, "lost"),
        ([lost(1), taken(2)], stored(1, 2), "doubled"),
        ([taken(1)], {"key.1": [*stored(1)["key.1"], *stored(1, at=8)["key.1"]]}, "doubled"),
        ([taken(1), taken(2)], stored(1), "doubled"),
        ([refused(1)], stored(1), "wrong"),
        ([later(1, "restoring"), taken(2, replayed=True)], stored(1), "wrong"),
        ([taken(1), taken(2, replayed=True, position=9)], stored(1), "wrong"),
        ([taken(1), taken(2, replayed=True, status=200)], stored(1), "wrong"),
        ([taken(1)], stored(1, at=6), "wrong"),
        ([taken(1), replace(later(2, "idempotency_key_in_flight"), alone=True)], stored(1), "wrong"),
        ([taken(1), refused(2, order=ORDER)], stored(1), "wrong"),
        ([refused(1, order=ORDER)], {}, "wrong"),
        ([refused(1, "internal_error", 500, ORDER), taken(2)], stored(2), "wrong"),
        ([refused(1, "forbidden", 403)], {}, "wrong"),
        ([taken(1, order=REFUSED)], stored(1), "wrong"),
    ],
)
def test_what_is_not_is_found(attempts: Sequence[Attempt], written: Written, kind: str) -> None:
    found = findings(attempts, written)
    assert getattr(found, kind)


def test_of_two_rivals_only_one_may_pass() -> None:
    one, other = replace(RIVAL), replace(RIVAL)
    assert list(both_passed({one: [taken(1)], other: [refused(1)]})) == []
    assert list(both_passed({one: [taken(1)], other: [lost(1), taken(2)]}))


def test_the_model_counts_each_acknowledged_command_once() -> None:
    attempts = {ORDER: [lost(1), taken(2), taken(3)], replace(ORDER): [taken(1)], replace(ORDER): [lost(1)]}
    assert given(ALLIANCE, attempts) == {"x": Decimal("160.00"), "y": 0, "z": 0}


@pytest.mark.parametrize("sequences", [[2], [1, 3], [1, 2, 4]])
def test_a_hole_in_a_topic_is_found(sequences: list[int]) -> None:
    line = Line()
    for sequence in sequences:
        line.add(sequence, b"")
    assert line.faults


def test_an_event_that_a_topic_has_twice_is_no_fault_but_for_other_bytes() -> None:
    line = Line()
    for sequence in (1, 2, 1, 2, 3):
        line.add(sequence, bytes(sequence))
    assert (line.faults, line.repeated, len(line.digests)) == ([], 2, 3)
    line.add(2, b"other")
    assert line.faults


def test_a_seed_gives_the_same_faults_and_the_same_commands() -> None:
    assert faults_of(7, 3, 20) == faults_of(7, 3, 20) != faults_of(8, 3, 20)
    assert sum(fault.is_kill for fault in faults_of(7, 3, 20)) == 20
    first, again = Orders(ALLIANCE, Random("7")), Orders(ALLIANCE, Random("7"))
    for _ in range(50):
        assert [order.body for order in first.next()] == [order.body for order in again.next()]
