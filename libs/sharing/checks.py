"""What an auditor asks of any split of the gain, whatever the method."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Generic

from sharing.game import LARGEST_GAME, CannotShare, Party, VolumeGame


@dataclass(frozen=True, slots=True)
class Core(Generic[Party]):
    """The coalition that would save most by leaving, and by how much: `excess` = v(S) − Σ_{i∈S} x_i, exact.

    More than zero: it blocks the split. Zero: it has no slack. Less: its slack is the opposite. All members
    together do not count; a single member has nobody to leave, its coalition is empty and its excess 0.
    """

    coalition: tuple[Party, ...]
    excess: Fraction

    @property
    def stable(self) -> bool:
        """Whether the split is in the core: no coalition saves more alone."""
        return self.excess <= 0


def marginal_contributions(game: VolumeGame[Party]) -> list[Fraction]:
    """M_i = v(N) − v(N∖i) = c_i − (C̃(Q) − C̃(Q − q_i)): what the others lose when i goes."""
    whole = sum(game.quantities)
    return [
        alone - game.order.cost + game.schedule.inverted(whole - quantity).cost
        for alone, quantity in zip(game.alone, game.quantities, strict=True)
    ]


def core(game: VolumeGame[Party], gains: Sequence[Fraction]) -> Core[Party]:
    """The tightest coalition against the exact shares `gains`, in O(n · min(Q, 2^n)).

    A coalition of volume w leaves when it pays more than C̃(w): of all of the same volume the one that pays
    most does so first, found by a knapsack. Among equals the smallest volume is named, then the lowest bit
    mask. Raises CannotShare("game_too_large").
    """
    players, volumes = len(game.members), game.volumes
    if players * min(volumes, 1 << players) > LARGEST_GAME:
        raise CannotShare("game_too_large")
    paid = [alone - gain for alone, gain in zip(game.alone, gains, strict=True)]
    unit = lcm(*(payment.denominator for payment in paid))
    # Best payment by volume with the coalition as a bit mask; negated, the lower mask wins among equals.
    best: dict[int, tuple[int, int]] = {0: (0, 0)}
    for index, (quantity, payment) in enumerate(zip(game.quantities, paid, strict=True)):
        price, bit = payment.numerator * (unit // payment.denominator), 1 << index
        joined = {volume + quantity: (sum_ + price, mask - bit) for volume, (sum_, mask) in best.items()}
        best = joined | {volume: max(entry, joined.get(volume, entry)) for volume, entry in best.items()}
    whole = sum(game.quantities)
    tightest: Core[Party] = Core((), Fraction(0))
    for volume in sorted(best.keys() - {0, whole}):
        most, mask = best[volume]
        excess = Fraction(most, unit) - game.schedule.inverted(volume).cost
        if not tightest.coalition or excess > tightest.excess:
            named = (member.party for index, member in enumerate(game.members) if -mask >> index & 1)
            tightest = Core(tuple(named), excess)
    return tightest
