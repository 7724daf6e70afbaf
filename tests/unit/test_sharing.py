"""The published figures of fair sharing, to the cent, and the edges of the games."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from time import process_time

import pytest

from money import half_even
from sharing import (
    CannotShare,
    Core,
    Member,
    Method,
    Order,
    Schedule,
    Sharing,
    Tier,
    TierKind,
    VolumeGame,
    all_methods,
    marginal_contributions,
    shapley,
    shapley_airport,
    shapley_volume,
    share,
)
from sharing.methods import equal_price

CENT = Decimal("0.01")


def schedule(*tiers: tuple[int, str], kind: TierKind = TierKind.ALL_UNITS) -> Schedule:
    return Schedule(tuple(Tier(start, Decimal(price)) for start, price in tiers), kind)


def game(prices: Schedule, members: Sequence[tuple[str, int, str]]) -> VolumeGame[str]:
    """Members by name, quantity and baseline of one unit."""
    return VolumeGame(
        tuple(Member(name, quantity, quantity * Decimal(baseline)) for name, quantity, baseline in members),
        prices,
    )


def core_of(sharing: Sharing[str]) -> Core[str]:
    assert sharing.core is not None
    return sharing.core


def gains(sharing: Sharing) -> list[str]:
    return [str(row.gain) for row in sharing.rows]


# --- tiers ---

FILM = schedule((0, "10.00"), (1500, "9.50"), (3000, "9.00"), (7500, "8.50"))
STAIRS = schedule((0, "10"), (500, "9.50"), (1000, "9"), (2500, "8.50"))


@pytest.mark.parametrize(
    ("quantity", "cost"), [(0, 0), (1, 10), (499, 4990), (500, 4750), (950, 9025), (1000, 9000)]
)
def test_all_units_cost_the_price_of_the_tier_reached(quantity, cost):
    assert STAIRS.cost(quantity) == cost


@pytest.mark.parametrize(("start", "ten"), [(0, "10"), (1, "10")])
def test_incremental_tiers_price_each_unit_in_its_own_tier(start, ten):
    prices = schedule((start, ten), (11, "9"), (21, "8"), kind=TierKind.INCREMENTAL)
    assert [prices.cost(quantity) for quantity in (0, 1, 10, 11, 20, 21, 30)] == [
        0,
        10,
        100,
        109,
        190,
        198,
        270,
    ]
    assert prices.inverted(10) == Order(10, Fraction(100))


def test_buying_more_may_cost_less_and_names_the_quantity():
    assert STAIRS.inverted(950) == Order(1000, Fraction(9000))
    assert STAIRS.inverted(900) == Order(900, Fraction(8550))
    assert STAIRS.inverted(2400) == Order(2500, Fraction(21250))
    assert STAIRS.inverted(0) == Order(0, Fraction(0))


def test_no_unit_is_bought_for_nothing_gained():
    assert schedule((1, "10"), (10, "9")).inverted(9) == Order(9, Fraction(90))


def test_a_round_up_may_jump_over_tiers():
    assert schedule((1, "10"), (5, "9"), (6, "2")).inverted(2) == Order(6, Fraction(12))


@pytest.mark.parametrize(
    "tiers", [[], [(2, "1")], [(0, "1"), (0, "2")], [(0, "1"), (5, "1"), (4, "1")], [(0, "-1")]]
)
def test_a_schedule_out_of_order_is_refused(tiers):
    with pytest.raises(ValueError, match="must"):
        schedule(*tiers)


# --- figures from the literature ---


def square_root_prices(upto: int) -> Schedule:
    """p(q) = 100 + 1000 / √q, a tier for each unit."""
    return Schedule(
        tuple(Tier(q, half_even(Fraction(100 + 1000 / Decimal(q).sqrt()), 6)) for q in range(1, upto + 1))
    )


def equal_price_gain(prices: Schedule, own: int, others: int) -> Fraction:
    members = (
        Member("own", own, half_even(prices.cost(own), 6)),
        Member("others", others, half_even(prices.cost(others), 6)),
    )
    return equal_price(VolumeGame(members, prices))[0]


def test_schotanus_with_the_total_fixed_a_quarter_of_it_gains_most():
    prices = square_root_prices(400)
    best = max(range(4, 400, 4), key=lambda own: equal_price_gain(prices, own, 400 - own))
    assert best == 100


def test_schotanus_with_the_others_fixed_38_per_cent_of_the_total_gains_most():
    prices = square_root_prices(400)
    best = max(range(2, 200, 2), key=lambda own: equal_price_gain(prices, own, 200))
    assert best / (best + 200) == pytest.approx(0.382, abs=0.003)


LEMAIRE = {1: "46125", 2: "17437.5", 4: "5812.5", 3: "69187.5", 5: "53812.5", 6: "30750", 7: "90000"}


def test_lemaire_deposits_by_shapley_from_the_worth_of_each_coalition():
    assert shapley(3, lambda coalition: Decimal(LEMAIRE[coalition])) == [51750, 25875, 12375]


def test_lemaire_deposits_as_a_purchase_whose_discount_is_the_interest():
    """A euro deposited for a quarter costs a euro less its interest: 1.9375, 2.5625 or 3 per cent."""
    prices = schedule((0, "0.980625"), (1_000_000, "0.974375"), (3_000_000, "0.97"))
    deposits = game(prices, [("1", 1_800_000, "1"), ("2", 900_000, "1"), ("3", 300_000, "1")])
    assert [row.share for row in share(Method.SHAPLEY, deposits, CENT).rows] == [51750, 25875, 12375]
    assert [row.share for row in share(Method.EQUAL_PRICE, deposits, CENT).rows] == [54000, 27000, 9000]


def test_ibn_ezra_estate_is_an_airport_game_of_the_claims():
    assert shapley_airport([120, 60, 40, 30]) == [
        Fraction(485, 6),
        Fraction(125, 6),
        Fraction(65, 6),
        Fraction(15, 2),
    ]
    assert shapley_airport([30, 120, 40, 60])[1] == Fraction(485, 6)
    with pytest.raises(ValueError, match="negative"):
        shapley_airport([1, -1])


def test_three_members_on_a_stair_of_prices():
    three = game(STAIRS, [("1", 100, "10"), ("2", 400, "10"), ("3", 600, "9.50")])
    shared = all_methods(three, CENT)
    assert three.gain == 800
    assert gains(shared[Method.EQUAL_PRICE]) == ["100.00", "400.00", "300.00"]
    assert [str(half_even(row.share, 2)) for row in shared[Method.SHAPLEY].rows] == [
        "83.33",
        "408.33",
        "308.33",
    ]
    blocked = core_of(shared[Method.EQUAL])
    assert blocked.coalition == ("2", "3")
    assert blocked.excess == Fraction(500, 3)
    assert not blocked.stable


def test_equal_price_leaves_the_big_member_nothing():
    lopsided = game(STAIRS, [("1", 100, "10"), ("2", 100, "10"), ("3", 2500, "8.50")])
    assert gains(share(Method.EQUAL_PRICE, lopsided, CENT)) == ["150.00", "150.00", "0.00"]
    assert gains(share(Method.SHAPLEY, lopsided, CENT)) == ["75.00", "75.00", "150.00"]


# --- a year of an alliance: P2, stretch film ---

STRETCH_FILM = game(
    FILM, [("Sélunel", 300, "10.00"), ("Gravelot", 1200, "10.00"), ("Combrelle", 1800, "9.50")]
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Method.EQUAL, ["800.00", "800.00", "800.00"]),
        (Method.VOLUME, ["218.18", "872.73", "1309.09"]),
        (Method.STAND_ALONE, ["224.30", "897.20", "1278.50"]),
        (Method.EQUAL_PRICE, ["300.00", "1200.00", "900.00"]),
        (Method.SHAPLEY, ["250.00", "1225.00", "925.00"]),
    ],
)
def test_p2_by_every_method(method, expected):
    shared = share(method, STRETCH_FILM, CENT)
    assert gains(shared) == expected
    assert sum(row.pays for row in shared.rows) == Decimal("29700.00")
    assert shared.method is method
    assert shared.game is STRETCH_FILM


def test_p2_core_of_every_method():
    found = {method: core_of(shared) for method, shared in all_methods(STRETCH_FILM, CENT).items()}
    assert found[Method.EQUAL].coalition == ("Gravelot", "Combrelle")
    assert found[Method.EQUAL].excess == 500
    assert [method for method, core in found.items() if core.stable] == [
        Method.VOLUME,
        Method.STAND_ALONE,
        Method.EQUAL_PRICE,
        Method.SHAPLEY,
    ]
    assert found[Method.EQUAL_PRICE].coalition == ("Gravelot", "Combrelle")
    assert found[Method.EQUAL_PRICE].excess == 0


def test_p2_marginal_contributions_and_payments():
    assert marginal_contributions(STRETCH_FILM) == [300, 2250, 1650]
    rows = share(Method.SHAPLEY, STRETCH_FILM, CENT).rows
    assert [row.pays for row in rows] == [Decimal("2750.00"), Decimal("10775.00"), Decimal("16175.00")]
    assert [row.marginal_ratio for row in rows] == [Fraction(5, 6), Fraction(49, 90), Fraction(37, 66)]
    equal = share(Method.EQUAL, STRETCH_FILM, CENT)
    assert equal.rows[0].marginal_ratio == Fraction(8, 3)
    assert equal.rows[0].shapley_ratio == Fraction(16, 5)
    assert equal.individually_rational


# --- a year of an alliance: P1, training places ---

PLACES = [
    ("Aubrelle", 50, "210", "7060.41"), ("Dourvel", 20, "170", "2790.09"), ("Valbrune", 18, "240", "2509.49"),
    ("Castrelle", 12, "220", "1673.78"), ("Tarvieux", 32, "240", "4491.59"), ("Ormeval", 8, "240", "1114.97"),
    ("Névelin", 10, "240", "1394.25"), ("Gravelot", 20, "240", "2790.09"), ("Cartovel", 14, "240", "1952.76"),
    ("Sélunel", 6, "240", "836.00"), ("Morvaine", 31, "240", "4348.93"), ("Halvard", 8, "240", "1114.97"),
    ("Pérénia", 6, "240", "836.00"), ("Clairvigne", 30, "240", "4207.15"), ("Bocagel", 6, "240", "836.00"),
    ("Combrelle", 19, "240", "2649.27"), ("Lumiel", 10, "240", "1394.25"),
]  # fmt: skip
TRAINING = game(
    schedule((1, "240"), (50, "210"), (150, "170"), (300, "140")),
    [(name, quantity, baseline) for name, quantity, baseline, _ in PLACES],
)


def test_p1_allocated_by_shapley_to_the_cent():
    rows = share(Method.SHAPLEY, TRAINING, CENT).rows
    assert {row.member.party: str(row.pays) for row in rows} == {name: pays for name, _, _, pays in PLACES}
    assert sum(row.pays for row in rows) == Decimal("42000.00")


def test_p1_at_equal_price_everyone_pays_140_a_place():
    shared = share(Method.EQUAL_PRICE, TRAINING, CENT)
    assert [row.pays for row in shared.rows] == [quantity * Decimal("140.00") for _, quantity, _, _ in PLACES]
    assert sum(row.gain for row in shared.rows) == Decimal("26860.00")


def test_seventeen_members_and_three_hundred_places_take_no_noticeable_time():
    begun = process_time()
    shapley_volume(TRAINING)
    assert process_time() - begun < 0.1


# --- edges ---


def test_a_round_up_not_taken_yet_shows_in_the_order():
    alone = game(STAIRS, [("1", 950, "9.50")])
    assert alone.order == Order(1000, Fraction(9000))
    shared = share(Method.SHAPLEY, alone, CENT)
    assert gains(shared) == ["25.00"]
    assert core_of(shared) == Core((), Fraction(0))
    assert core_of(shared).stable


def test_a_loss_is_shared_too_and_shown_as_irrational():
    dear = game(schedule((1, "10")), [("1", 10, "8"), ("2", 10, "10")])
    shared = share(Method.EQUAL, dear, CENT)
    assert gains(shared) == ["-10.00", "-10.00"]
    assert not shared.individually_rational


def test_contribution_shares_by_what_each_put_in():
    members = (
        Member("1", 10, Decimal(100), contribution=Decimal(30)),
        Member("2", 10, Decimal(100), contribution=Decimal(10)),
    )
    assert gains(share(Method.CONTRIBUTION, VolumeGame(members, schedule((1, "9"))), CENT)) == [
        "15.00",
        "5.00",
    ]


def test_methods_not_defined_on_a_game_are_left_out_of_the_comparison():
    free = game(schedule((1, "0")), [("1", 1, "0"), ("2", 2, "0")])
    assert set(all_methods(free, CENT)) == {Method.EQUAL, Method.VOLUME, Method.EQUAL_PRICE, Method.SHAPLEY}
    with pytest.raises(CannotShare) as refused:
        share(Method.CONTRIBUTION, free, CENT)
    assert refused.value.code == "weights_all_zero"


def test_a_few_members_may_buy_any_quantity():
    many = game(STAIRS, [("1", 10**9 - 1, "8.5"), ("2", 10**9, "8.5"), ("3", 7, "10")])
    assert sum(row.share for row in share(Method.SHAPLEY, many, CENT).rows) == many.gain


def test_a_game_too_large_for_shapley_can_still_be_settled_at_equal_price():
    large = game(STAIRS, [(str(number), 1_000_003 + number, "10") for number in range(21)])
    shared = share(Method.EQUAL_PRICE, large, CENT)
    assert shared.core is None
    assert {row.shapley for row in shared.rows} == {None}
    assert Method.SHAPLEY not in all_methods(large, CENT)
    with pytest.raises(CannotShare) as refused:
        share(Method.SHAPLEY, large, CENT)
    assert refused.value.code == "game_too_large"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([], "no_members"),
        ([Member("1", 1, Decimal(1)), Member("1", 2, Decimal(1))], "member_twice"),
        ([Member("1", 0, Decimal(0))], "quantity_not_positive"),
        ([Member("1", 1, Decimal(-1))], "cost_alone_negative"),
        ([Member("1", 1, Decimal(1), Decimal(-1))], "contribution_negative"),
    ],
)
def test_inputs_that_make_no_game_are_refused(members, code):
    with pytest.raises(CannotShare) as refused:
        VolumeGame(tuple(members), FILM)
    assert refused.value.code == code


def test_general_games_are_refused_beyond_twenty_players():
    with pytest.raises(CannotShare):
        shapley(21, lambda coalition: 0)
