"""The methods by which a gain may be shared: exact shares x_i by member, Σ x_i = G."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from fractions import Fraction

from sharing.game import CannotShare, Party, VolumeGame
from sharing.shapley import shapley_volume


class Method(StrEnum):
    """Names as they stand in charters and events: never renamed once published."""

    EQUAL = "equal"
    VOLUME = "volume"
    CONTRIBUTION = "contribution"
    STAND_ALONE = "stand_alone"
    EQUAL_PRICE = "equal_price"
    SHAPLEY = "shapley"


def equal(game: VolumeGame[Party]) -> list[Fraction]:
    """x_i = G / n."""
    return _in_proportion(game.gain, [Fraction(1)] * len(game.members))


def volume(game: VolumeGame[Party]) -> list[Fraction]:
    """x_i = G · q_i / Σq."""
    return _in_proportion(game.gain, [Fraction(quantity) for quantity in game.quantities])


def contribution(game: VolumeGame[Party]) -> list[Fraction]:
    """x_i = G · contribution_i / Σ contributions. Raises CannotShare when nobody contributed."""
    return _in_proportion(game.gain, [Fraction(member.contribution) for member in game.members])


def stand_alone(game: VolumeGame[Party]) -> list[Fraction]:
    """x_i = G · c_i / Σc. Raises CannotShare when all would pay nothing alone."""
    return _in_proportion(game.gain, game.alone)


def equal_price(game: VolumeGame[Party]) -> list[Fraction]:
    """x_i = c_i − q_i · C̃(Q)/Q: everyone pays the same unit price, the usual practice."""
    unit_price = game.order.cost / sum(game.quantities)
    return [
        alone - unit_price * quantity for alone, quantity in zip(game.alone, game.quantities, strict=True)
    ]


def gains(method: Method, game: VolumeGame[Party]) -> list[Fraction]:
    """The exact shares of the gain by `method`, in the members' order. Raises CannotShare."""
    return _BY_METHOD[method](game)


def _in_proportion(gain: Fraction, weights: Sequence[Fraction]) -> list[Fraction]:
    whole = sum(weights)
    if not whole:
        raise CannotShare("weights_all_zero")
    return [gain * weight / whole for weight in weights]


_BY_METHOD: dict[Method, Callable[[VolumeGame[Party]], list[Fraction]]] = {
    Method.EQUAL: equal,
    Method.VOLUME: volume,
    Method.CONTRIBUTION: contribution,
    Method.STAND_ALONE: stand_alone,
    Method.EQUAL_PRICE: equal_price,
    Method.SHAPLEY: shapley_volume,
}
