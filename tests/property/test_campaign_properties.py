"""Whatever is committed, offered, delivered and invoiced: packs are whole, and every split adds up."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from events.errors import Refused
from money import Money
from purchasing.campaign import commands
from purchasing.campaign.allocation import owed_to
from purchasing.campaign.events import Commitment, Offer, Row, SharingMethod
from purchasing.campaign.packs import ordered
from purchasing.campaign.state import State
from samples.campaigns import NAMES, Played, company, euros, invoice, offer, price
from sharing import Method, TierKind

COMPANIES = [company(name) for name in NAMES[:6]]
CENTS = st.integers(0, 2_000_000).map(lambda cents: euros(f"{Decimal(cents) / 100:.2f}"))


METHODS: tuple[SharingMethod, ...] = (Method.EQUAL_PRICE, Method.VOLUME, Method.SHAPLEY)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    starts = sorted(draw(st.sets(st.integers(2, 150), max_size=3)))
    prices = sorted(draw(st.lists(st.integers(1, 5000), min_size=len(starts) + 1, max_size=len(starts) + 1)))
    tiers = [
        (start, f"{Decimal(price) / 100:.2f}")
        for start, price in zip([1, *starts], reversed(prices), strict=True)
    ]
    return offer(
        tiers,
        kind=draw(st.sampled_from(TierKind)),
        pack_size=draw(st.integers(1, 12)),
        delivery=draw(CENTS),
    )


@st.composite
def commitments(draw: st.DrawFn) -> dict[Any, Commitment]:
    count = draw(st.integers(1, len(COMPANIES)))
    return {
        one: Commitment(
            quantity=draw(st.integers(1, 40)), tolerance=draw(st.integers(0, 10)), maximum_price=None
        )
        for one in COMPANIES[:count]
    }


def fits(played: Played, command: object) -> bool:
    """False where the method would pay a member for buying: that is refused, and nothing else."""
    try:
        played.do(command)
    except Refused as refused:
        if refused.code != "method_unfit":
            raise
        return False
    return True


@given(offers(), commitments(), st.none() | st.integers(1, 100))
def test_whole_packs_are_ordered_and_no_one_gets_more_than_it_accepted(
    quote: Offer, committed: dict[Any, Commitment], at_most: int | None
) -> None:
    surplus = None if at_most is None else (COMPANIES[0], at_most)
    units = ordered(committed, quote, surplus)
    assert sum(units.values()) % quote.pack_size == 0
    demand = sum(one.quantity for one in committed.values())
    total = sum(units.values())
    for one, quantity in units.items():
        owned = at_most or 0 if one == COMPANIES[0] else 0
        assert 0 < quantity <= committed[one].quantity + max(committed[one].tolerance, owned)
    if surplus is None and total > demand:
        # Only a pack that quantities have begun is filled.
        assert demand % quote.pack_size
        assert total - demand < quote.pack_size
    assert total > demand - quote.pack_size


@given(
    offers(),
    commitments(),
    st.sampled_from(METHODS),
    st.data(),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_what_members_pay_adds_up_to_the_invoice_and_gains_follow(
    quote: Offer, committed: dict[Any, Commitment], method: SharingMethod, data: st.DataObject
) -> None:
    played = Played().collect(quote)
    for one, commitment in committed.items():
        played.do(commands.Commit(one, commitment))
    played.do(commands.ChooseMethod(method))
    if not fits(played, commands.Freeze()):
        return
    assume(played.now.state is State.FROZEN)
    group = played.now.group
    assert group is not None
    assert (
        sum((terms.cost for terms in played.now.frozen.values()), euros("0")) == group.goods + group.delivery
    )

    received = data.draw(st.integers(1, group.quantity))
    goods, delivery = data.draw(CENTS), data.draw(CENTS)
    played.do(commands.Order())
    played.do(commands.Receive(received, last=True))
    assert sum(played.now.delivered.rows.values()) == received
    played.do(commands.RecordInvoice(invoice(received, str(goods.amount), str(delivery.amount))))
    if not fits(played, commands.Allocate()):
        return
    rows = played.now.rows
    assert sum((row.goods for row in rows.values()), euros("0")) == goods
    assert sum((row.delivery for row in rows.values()), euros("0")) == delivery
    for owner, row in rows.items():
        assert row.benefit == row.baseline.times(row.quantity) - row.cost
        assert row.quantity == played.now.delivered.rows[owner]
        exact = Fraction(delivery.amount) * row.quantity / received
        assert abs(Fraction(row.delivery.amount) - exact) < Fraction(1, 100)


def row(cost: Money) -> Row:
    zero = euros("0.00")
    return Row(
        quantity=1,
        baseline=price("0.00"),
        alone=zero,
        goods=cost,
        delivery=zero,
        cost=cost,
        benefit=zero - cost,
        expected=zero,
    )


@given(st.lists(CENTS, min_size=2, max_size=6), CENTS)
def test_what_is_owed_to_who_advanced_and_its_own_part_make_the_advance(
    costs: list[Money], advance: Money
) -> None:
    assume(any(cost.amount for cost in costs) and advance.amount)
    zero = euros("0.00")
    rows = {one: row(cost) for one, cost in zip(COMPANIES, costs, strict=False)}
    total = sum(costs, zero)
    owed = sum(owed_to(COMPANIES[0], rows, advance).values(), zero)
    assert zero <= owed <= min(advance, total)
    if advance >= total:
        assert owed == total - costs[0]
