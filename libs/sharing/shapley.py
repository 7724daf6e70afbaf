"""Shapley values, exact: each player's marginal contribution averaged over all orders of arrival.

L. S. Shapley (1953), A value for n-person games; S. C. Littlechild and G. Owen (1973) for airport games.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import factorial, lcm
from operator import mul

from money import Number
from sharing.game import LARGEST_GAME, CannotShare, Party, VolumeGame

MOST_PLAYERS = 20
"""Any game has 2^n coalitions: a million at 20."""


def shapley(players: int, worth: Callable[[int], Number]) -> list[Fraction]:
    """The Shapley value of any game of up to 20 players.

    `worth` takes a coalition as a bit mask (bit i is player i) and is asked once for each but the empty one,
    worth 0. Raises CannotShare("game_too_large") beyond 20 players.
    """
    if players > MOST_PLAYERS:
        raise CannotShare("game_too_large")
    worths = [Fraction(0), *(Fraction(worth(coalition)) for coalition in range(1, 2**players))]
    unit = lcm(*(value.denominator for value in worths))
    # φ_i = Σ_{S∋i} joining(|S|)·v(S) − Σ_{S∌i} waiting(|S|)·v(S), over n!
    #     = Σ_{S∋i} (joining + waiting)(|S|)·v(S) − Σ_S waiting(|S|)·v(S): one sum by player, one for all.
    waiting = [factorial(size) * factorial(players - size - 1) for size in range(players)] + [0]
    joining = [0, *waiting[:-1]]
    scaled = [value.numerator * (unit // value.denominator) for value in worths]
    common = sum(waiting[coalition.bit_count()] * value for coalition, value in enumerate(scaled))
    weights = [join + wait for join, wait in zip(joining, waiting, strict=True)]
    folded = [weights[coalition.bit_count()] * value for coalition, value in enumerate(scaled)]
    values: list[Fraction] = []
    # The upper half holds the coalitions with the last player; folding the halves forgets that player.
    while len(folded) > 1:
        half = len(folded) // 2
        without, with_last = folded[:half], folded[half:]
        values.append(Fraction(sum(with_last) - common, factorial(players) * unit))
        folded = [left + right for left, right in zip(without, with_last, strict=True)]
    return values[::-1]


def shapley_volume(game: VolumeGame[Party]) -> list[Fraction]:
    """The Shapley value of a volume game, by member, in O(n²·Q) for any n.

    With a[k][w] the number of coalitions of k members and volume w, and a⁻ⁱ the same without member i:
    cost share of i = Σ_k k!(n−k−1)!/n! · Σ_w a⁻ⁱ[k][w] · (C̃(w+q_i) − C̃(w)); gain = c_i − cost share.
    Raises CannotShare("game_too_large").
    """
    if game.has_fewer_coalitions_than_volumes and len(game.members) <= MOST_PLAYERS:
        costs = shapley(len(game.members), _cost_of_coalition(game))
        return [alone - cost for alone, cost in zip(game.alone, costs, strict=True)]
    players, volumes = len(game.members), game.volumes
    if players * volumes > LARGEST_GAME:
        raise CannotShare("game_too_large")
    exact = game.schedule.inverted_costs(game.step, volumes)
    unit = lcm(*(cost.denominator for cost in exact))
    curve = [cost.numerator * (unit // cost.denominator) for cost in exact]
    units = [quantity // game.step for quantity in game.quantities]
    # a[k] is one big integer with a slot of whole bytes for each volume: adding a member to every coalition
    # is a shift and a sum. Weighted counts below add up to n! at most, so that no slot runs into the next.
    slot = factorial(players).bit_length() // 8 + 1
    counts = [1] + [0] * players
    for quantity in units:
        for size in range(players, 0, -1):
            counts[size] += counts[size - 1] << (8 * slot * quantity)
    by_quantity: dict[int, Fraction] = {}
    for quantity in set(units):
        weighted, without = 0, 0
        for size in range(players):
            without = counts[size] - (without << (8 * slot * quantity))
            weighted += factorial(size) * factorial(players - size - 1) * without
        reachable = volumes - quantity + 1
        packed = weighted.to_bytes(slot * reachable, "little")
        orders = (int.from_bytes(packed[at : at + slot], "little") for at in range(0, len(packed), slot))
        added = (curve[volume + quantity] - curve[volume] for volume in range(reachable))
        by_quantity[quantity] = Fraction(sum(map(mul, orders, added)), factorial(players) * unit)
    return [alone - by_quantity[quantity] for alone, quantity in zip(game.alone, units, strict=True)]


def shapley_airport(needs: Sequence[Number]) -> list[Fraction]:
    """Cost shares where a coalition costs what its largest need costs (truck size, certification level).

    With costs sorted, φ_i = Σ_{k≤i} (c_k − c_{k−1}) / (n−k+1): each step is shared by all who need it.
    Raises ValueError when a cost is negative.
    """
    costs = [Fraction(need) for need in needs]
    if any(cost < 0 for cost in costs):
        raise ValueError("costs must not be negative")
    shares = [Fraction(0)] * len(costs)
    share, reached = Fraction(0), Fraction(0)
    for rank, player in enumerate(sorted(range(len(costs)), key=costs.__getitem__)):
        share += (costs[player] - reached) / (len(costs) - rank)
        reached = costs[player]
        shares[player] = share
    return shares


def _cost_of_coalition(game: VolumeGame[Party]) -> Callable[[int], Fraction]:
    volumes = [0]
    for quantity in game.quantities:
        volumes += [volume + quantity for volume in volumes]
    return lambda coalition: game.schedule.inverted(volumes[coalition]).cost
