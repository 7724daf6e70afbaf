"""Evening out the costs of a lost lot, whoever bore what and whatever the shares."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from money import Money
from tenders.bid.evening import payments, share_costs

ZERO = Money.zero("EUR")
CENTS = st.integers(0, 10**9).map(lambda cents: Money.of(Decimal(cents) / 100, "EUR"))
LOTS = st.lists(st.tuples(st.integers(1, 100), CENTS), min_size=1, max_size=8)


@given(LOTS)
def test_after_the_payments_each_has_borne_its_share_and_nothing_is_lost(
    rows: list[tuple[int, Money]],
) -> None:
    shares = {UUID(int=number): Decimal(share) for number, (share, _) in enumerate(rows, start=1)}
    borne = dict(zip(shares, (cost for _, cost in rows), strict=True))
    costs = share_costs(borne, shares, "EUR")
    assert sum((cost.share for cost in costs.values()), ZERO) == sum(borne.values(), ZERO)
    after = dict(borne)
    due = payments(costs)
    for payment in due:
        assert payment.amount > ZERO
        after[payment.debtor] += payment.amount
        after[payment.creditor] -= payment.amount
    assert after == {company: cost.share for company, cost in costs.items()}
    assert {one.debtor for one in due}.isdisjoint(one.creditor for one in due)
    assert len(due) < max(len(rows), 1)
