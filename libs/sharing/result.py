"""A gain shared by a named method, with inputs, exact shares and checks: enough to work it out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic

from money import round_shares
from sharing.checks import Core, core, marginal_contributions
from sharing.game import CannotShare, Member, Party, VolumeGame
from sharing.methods import Method, gains
from sharing.shapley import shapley_volume


@dataclass(frozen=True, slots=True)
class Row(Generic[Party]):
    """One member's part. Money in the schedule's currency; Fractions are exact, Decimals whole quanta."""

    member: Member[Party]
    share: Fraction
    """x_i: its exact share of the gain."""
    pays: Decimal
    """c_i − x_i, apportioned by largest remainder."""
    gain: Decimal
    """c_i − what it pays."""
    marginal: Fraction
    """M_i: its marginal contribution."""
    shapley: Fraction | None
    """Its exact share by Shapley; none in a game too large for it."""

    @property
    def rational(self) -> bool:
        """x_i ≥ 0: it does not pay more than alone."""
        return self.share >= 0

    @property
    def marginal_ratio(self) -> Fraction | None:
        """x_i / M_i: over 1 the others would rather go without it; none where M_i is 0."""
        return self.share / self.marginal if self.marginal else None

    @property
    def shapley_ratio(self) -> Fraction | None:
        """x_i over its Shapley share; none where that is 0."""
        return self.share / self.shapley if self.shapley else None


@dataclass(frozen=True, slots=True)
class Sharing(Generic[Party]):
    """A result that carries its method and inputs: Σ pays = the cost of `game.order`, rounded to the quantum.

    In a game too large for exact Shapley shares or the core these are None; the other figures stand.
    """

    method: Method
    game: VolumeGame[Party]
    quantum: Decimal
    rows: tuple[Row[Party], ...]
    core: Core[Party] | None

    @property
    def individually_rational(self) -> bool:
        """Whether nobody pays more than alone."""
        return all(row.rational for row in self.rows)


def share(method: Method, game: VolumeGame[Party], quantum: Decimal) -> Sharing[Party]:
    """Share the gain of `game` by `method`; payments in whole quanta (0.01 for cents). Raises CannotShare."""
    return _checked(method, game, quantum, gains(method, game), _shapley(game))


def all_methods(game: VolumeGame[Party], quantum: Decimal) -> dict[Method, Sharing[Party]]:
    """Every method side by side, to be shown before members commit, but those not defined on this game."""
    by_shapley = _shapley(game)
    shared: dict[Method, Sharing[Party]] = {}
    for method in Method:
        try:
            exact = by_shapley if by_shapley and method is Method.SHAPLEY else gains(method, game)
        except CannotShare:
            continue
        shared[method] = _checked(method, game, quantum, exact, by_shapley)
    return shared


def _checked(
    method: Method,
    game: VolumeGame[Party],
    quantum: Decimal,
    shares: Sequence[Fraction],
    by_shapley: Sequence[Fraction] | None,
) -> Sharing[Party]:
    pays = round_shares([alone - gain for alone, gain in zip(game.alone, shares, strict=True)], quantum)
    shapleys: Sequence[Fraction | None] = by_shapley or [None] * len(game.members)
    columns = zip(game.members, shares, pays, marginal_contributions(game), shapleys, strict=True)
    rows = tuple(
        Row(member, gain, payment, member.alone - payment, marginal, value)
        for member, gain, payment, marginal, value in columns
    )
    return Sharing(method, game, quantum, rows, _core(game, shares))


def _shapley(game: VolumeGame[Party]) -> list[Fraction] | None:
    try:
        return shapley_volume(game)
    except CannotShare:
        return None


def _core(game: VolumeGame[Party], shares: Sequence[Fraction]) -> Core[Party] | None:
    try:
        return core(game, shares)
    except CannotShare:
        return None
