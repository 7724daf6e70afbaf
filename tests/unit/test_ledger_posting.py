"""What a line becomes: two legs that balance, in the accounts of the design."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import members.app
import purchasing.app
import tenders.app
from ledger.balances.figures import Figures
from ledger.posting.legs import Seen, legs_of
from ledger.posting.rules import SOURCES, sources
from ledger.posting.transactions import Form, Line, Nature, contributed, owed, pending, received
from money import Money

A, B, O = UUID(int=1), UUID(int=2), UUID(int=3)  # noqa: E741 - an obligation
TEN = Money.of("10.00", "EUR")


def _booked(line: Line) -> list[tuple[str, Decimal, Seen | None, UUID | None]]:
    return [(leg.account, leg.amount, leg.side, leg.member) for leg in legs_of(line)]


def test_a_contribution_is_an_expense_of_its_member() -> None:
    assert _booked(contributed(A, Form.DUES, "life", Nature.CASH, TEN)) == [
        (f"Expenses:Contributed:{A}:dues:life:cash", Decimal("10.00"), Seen.CONTRIBUTED, A),
        ("Equity:Contributed:dues", Decimal("-10.00"), None, None),
    ]


def test_a_benefit_is_an_income_and_booked_negative() -> None:
    assert _booked(received(A, Form.TENDERS, "lot/1", Nature.MARGIN, TEN)) == [
        (f"Income:Received:{A}:tenders:lot/1:margin", Decimal("-10.00"), Seen.RECEIVED, A),
        ("Equity:Received:tenders", Decimal("10.00"), None, None),
    ]


def test_what_is_expected_stands_apart() -> None:
    assert _booked(pending(A, "lot/1", TEN)) == [
        (f"Assets:Pending:{A}:lot/1", Decimal("10.00"), Seen.PENDING, A),
        ("Equity:Pending", Decimal("-10.00"), None, None),
    ]


def test_an_obligation_is_of_both_its_parties() -> None:
    assert _booked(owed(O, creditor=A, debtor=B, project="life", amount=TEN)) == [
        (f"Assets:Receivable:{A}:{B}:{O}", Decimal("10.00"), Seen.OWED, A),
        (f"Liabilities:Payable:{B}:{A}:{O}", Decimal("-10.00"), Seen.OWING, B),
    ]
    assert _booked(owed(O, creditor=None, debtor=B, project="life", amount=TEN)) == [
        (f"Assets:Receivable:purse:{B}:{O}", Decimal("10.00"), Seen.OWED, None),
        (f"Liabilities:Payable:{B}:purse:{O}", Decimal("-10.00"), Seen.OWING, B),
    ]


@pytest.mark.parametrize(
    "line",
    [
        contributed(A, Form.DUES, "life", Nature.CASH, TEN),
        received(A, Form.DUES, "life", Nature.CASH, TEN),
        pending(A, "life", TEN),
        owed(O, creditor=A, debtor=B, project="life", amount=TEN),
    ],
)
def test_more_of_a_side_is_positive_and_a_line_balances(line: Line) -> None:
    legs = legs_of(line)
    assert sum(leg.amount for leg in legs) == 0
    assert all(leg.sense == TEN.amount for leg in legs if leg.side is not None)
    assert all(leg.negated().amount == -leg.amount for leg in legs)


def test_the_ledger_knows_every_event_that_is_published() -> None:
    """One that it does not know would freeze an alliance at its first use."""
    published = {
        "members": members.app.REGISTRY,
        "purchasing": purchasing.app.REGISTRY,
        "tenders": tenders.app.REGISTRY,
    }
    followed = sources()
    assert followed.keys() == published.keys() == set(SOURCES)
    for name, registry in published.items():
        missing = registry.classes.items() - followed[name].registry.classes.items()
        assert not missing


def test_every_rule_is_of_an_event_that_is_known() -> None:
    for source in sources().values():
        assert source.rules.keys() <= set(source.registry.classes.values())


@pytest.mark.parametrize(
    ("contributed", "received", "net", "ratio"),
    [
        ("25728.00", "78310.00", "52582.00", "3.0438"),
        ("4010.00", "600.00", "-3410.00", "0.1496"),
        ("0.00", "5690.00", "5690.00", None),
        ("10000.00", "0.50", "-9999.50", "0.0000"),  # a half goes to the even neighbour
        ("10000.00", "1.50", "-9998.50", "0.0002"),
    ],
)
def test_the_ratio_has_four_decimals_and_is_none_where_nothing_was_contributed(
    contributed: str, received: str, net: str, ratio: str | None
) -> None:
    figures = Figures.summing(
        [(Seen.CONTRIBUTED, Decimal(contributed)), (Seen.RECEIVED, Decimal(received))], "EUR"
    )
    assert (figures.net, figures.ratio) == (Money.of(net, "EUR"), ratio)


@given(
    st.lists(
        st.tuples(st.sampled_from([Seen.CONTRIBUTED, Seen.RECEIVED, Seen.PENDING]), st.integers(-99, 99))
    )
)
def test_what_is_pending_is_in_neither_net_nor_ratio(amounts: list[tuple[Seen, int]]) -> None:
    whole = Figures.summing(((side, Decimal(amount)) for side, amount in amounts), "EUR")
    without = Figures.summing(
        ((side, Decimal(amount)) for side, amount in amounts if side is not Seen.PENDING), "EUR"
    )
    assert (whole.net, whole.ratio) == (without.net, without.ratio)
