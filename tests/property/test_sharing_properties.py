"""What must hold of every sharing, against definitions written out in full for a few members."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from sharing import (
    Member,
    Method,
    Schedule,
    Tier,
    TierKind,
    VolumeGame,
    all_methods,
    core,
    marginal_contributions,
    shapley,
    shapley_airport,
    shapley_volume,
)

CENT = Decimal("0.01")
prices = st.decimals(0, 100, places=2)


@st.composite
def schedules(draw):
    starts = sorted(draw(st.sets(st.integers(2, 60), max_size=4)))
    tiers = tuple(Tier(start, draw(prices)) for start in [draw(st.sampled_from([0, 1])), *starts])
    return Schedule(tiers, draw(st.sampled_from(TierKind)))


@st.composite
def games(draw, most=5):
    step = draw(st.sampled_from([1, 1, 4]))
    quantities = draw(st.lists(st.integers(1, 15), min_size=1, max_size=most))
    members = tuple(
        Member(str(index), step * quantity, draw(st.decimals(0, 2000, places=2)), draw(prices))
        for index, quantity in enumerate(quantities)
    )
    return VolumeGame(members, draw(schedules()))


def worth(game, coalition):
    """v(S) by its definition, with C̃ searched unit by unit."""
    if not coalition:
        return Fraction(0)
    volume = sum(game.members[i].quantity for i in coalition)
    upto = max(volume, *(tier.start for tier in game.schedule.tiers))
    cheapest = min(game.schedule.cost(quantity) for quantity in range(volume, upto + 1))
    return sum(Fraction(game.members[i].alone) for i in coalition) - cheapest


def by_orders_of_arrival(players, worth_of):
    totals, orders = [Fraction(0)] * players, list(permutations(range(players)))
    for order in orders:
        for position, player in enumerate(order):
            totals[player] += worth_of(order[: position + 1]) - worth_of(order[:position])
    return [total / len(orders) for total in totals]


def members_of(mask, players):
    return tuple(player for player in range(players) if mask >> player & 1)


@given(schedules(), st.integers(1, 100))
def test_inversion_is_the_cheapest_of_all_larger_orders_and_the_smallest_of_these(schedule, quantity):
    order = schedule.inverted(quantity)
    costs = {larger: schedule.cost(larger) for larger in range(quantity, 161)}
    assert order.cost == min(costs.values())
    assert order.quantity == min(larger for larger, cost in costs.items() if cost == order.cost)


@given(schedules(), st.integers(1, 7), st.integers(0, 40))
def test_the_whole_curve_is_the_inverted_cost_at_each_step(schedule, step, count):
    expected = [schedule.inverted(position * step).cost for position in range(count + 1)]
    assert schedule.inverted_costs(step, count) == expected


@settings(deadline=None)
@given(games())
def test_shapley_by_volume_by_coalitions_and_by_orders_of_arrival_agree(game):
    players = len(game.members)
    by_orders = by_orders_of_arrival(players, lambda coalition: worth(game, coalition))
    assert shapley(players, lambda mask: worth(game, members_of(mask, players))) == by_orders
    assert shapley_volume(game) == by_orders


@settings(deadline=None)
@given(games(most=9))
def test_shapley_by_volume_and_by_coalitions_agree_for_more_members(game):
    players = len(game.members)
    assert shapley_volume(game) == shapley(players, lambda mask: worth(game, members_of(mask, players)))


@given(st.lists(st.integers(-1000, 1000), min_size=15, max_size=15))
def test_shapley_of_any_game_is_the_mean_over_the_orders_of_arrival(worths):
    worth_of = [0, *worths]
    by_orders = by_orders_of_arrival(4, lambda coalition: worth_of[sum(1 << player for player in coalition)])
    assert shapley(4, worth_of.__getitem__) == by_orders
    assert sum(by_orders) == worth_of[15]


@given(st.lists(st.integers(-1000, 1000), min_size=7, max_size=7), st.integers(-50, 50))
def test_a_dummy_gets_what_it_is_worth_alone(worths, own):
    worth_of = [0, *worths]
    assert shapley(4, lambda mask: worth_of[mask & 7] + (own if mask & 8 else 0))[3] == own


@given(st.lists(st.fractions(0, 1000), min_size=1, max_size=6))
def test_an_airport_game_is_shared_as_the_general_game_of_the_largest_need(needs):
    players = len(needs)
    largest = shapley(players, lambda mask: max(needs[player] for player in members_of(mask, players)))
    assert shapley_airport(needs) == largest


@given(games(most=8))
def test_members_with_the_same_inputs_get_the_same_and_linear_prices_gain_only_ones_own(game):
    by_inputs: dict = {}
    for member, value in zip(game.members, shapley_volume(game), strict=True):
        assert by_inputs.setdefault((member.quantity, member.alone), value) == value
    flat = VolumeGame(game.members, Schedule((Tier(1, Decimal("2.50")),)))
    assert shapley_volume(flat) == [
        Fraction(member.alone) - Fraction(5, 2) * member.quantity for member in game.members
    ]


@given(games(most=8))
def test_every_method_shares_the_whole_gain_and_payments_add_up_to_the_cent(game):
    shared = all_methods(game, CENT)
    assert {Method.EQUAL, Method.VOLUME, Method.EQUAL_PRICE, Method.SHAPLEY} <= shared.keys()
    for sharing in shared.values():
        assert sum(row.share for row in sharing.rows) == game.gain
        assert sum(Fraction(row.pays) for row in sharing.rows) == Fraction(round(game.order.cost * 100), 100)
        for row in sharing.rows:
            assert row.gain + row.pays == row.member.alone
            assert abs(Fraction(row.gain) - row.share) < Fraction(1, 100)
            assert row.pays == row.pays.quantize(CENT)


@given(games(most=8))
def test_marginal_contributions_are_what_the_others_lose(game):
    everyone = tuple(range(len(game.members)))
    assert marginal_contributions(game) == [
        worth(game, everyone) - worth(game, tuple(other for other in everyone if other != player))
        for player in everyone
    ]


@settings(deadline=None)
@given(games(most=6), st.data())
def test_the_core_names_a_coalition_that_no_other_exceeds(game, data):
    players = len(game.members)
    split = data.draw(
        st.lists(st.fractions(-100, 100, max_denominator=7), min_size=players, max_size=players)
    )
    found = core(game, split)
    excess = {
        coalition: worth(game, coalition) - sum(split[i] for i in coalition)
        for size in range(1, players)
        for coalition in combinations(range(players), size)
    }
    assert found.excess == max(excess.values(), default=0)
    assert found.stable == all(value <= 0 for value in excess.values())
    assert excess.get(tuple(int(party) for party in found.coalition), 0) == found.excess
    assert bool(found.coalition) == (players > 1)
