"""The game that a group purchase is: costs depend on the total quantity only."""

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import Generic, TypeVar

from sharing.tiers import Order, Schedule

Party = TypeVar("Party", bound=Hashable)
"""Whatever names a member: a company's id in the services."""

LARGEST_GAME = 5_000_000
"""Members × volumes beyond which the exact algorithms would take more than a few seconds."""


class CannotShare(ValueError):
    """The game, or this method on it, is not defined; `code` says why and never changes.

    no_members, member_twice, quantity_not_positive, cost_alone_negative, contribution_negative: the inputs
    weights_all_zero: nobody contributed, or all would pay nothing alone: no proportion to share by
    game_too_large: no exact result in reasonable time
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Member(Generic[Party]):
    """One member's inputs: units wanted (its surplus of a round-up included), what these would cost it alone
    (baseline × quantity, as money), and what it put into the project, for the contribution method."""

    party: Party
    quantity: int
    alone: Decimal
    contribution: Decimal = Decimal(0)


@dataclass(frozen=True)
class VolumeGame(Generic[Party]):
    """v(S) = Σ_{i∈S} c_i − C̃(Σ_{i∈S} q_i), in one currency. Raises CannotShare."""

    members: tuple[Member[Party], ...]
    schedule: Schedule

    def __post_init__(self) -> None:
        refusals = {
            "no_members": not self.members,
            "member_twice": len({member.party for member in self.members}) < len(self.members),
            "quantity_not_positive": any(member.quantity < 1 for member in self.members),
            "cost_alone_negative": any(member.alone < 0 for member in self.members),
            "contribution_negative": any(member.contribution < 0 for member in self.members),
        }
        for code, refused in refusals.items():
            if refused:
                raise CannotShare(code)

    @cached_property
    def quantities(self) -> tuple[int, ...]:
        return tuple(member.quantity for member in self.members)

    @cached_property
    def alone(self) -> tuple[Fraction, ...]:
        """c_i by member."""
        return tuple(Fraction(member.alone) for member in self.members)

    @cached_property
    def order(self) -> Order:
        """What all buy together, after tier inversion: its quantity exceeds theirs where a round-up pays."""
        return self.schedule.inverted(sum(self.quantities))

    @cached_property
    def gain(self) -> Fraction:
        """G = v(N), negative where all together pay more than each alone."""
        return sum(self.alone, Fraction(0)) - self.order.cost

    @cached_property
    def step(self) -> int:
        """The greatest common divisor of the quantities: every coalition's volume is a multiple of it."""
        return gcd(*self.quantities)

    @property
    def volumes(self) -> int:
        """The volume of all, counted in steps."""
        return sum(self.quantities) // self.step

    @property
    def has_fewer_coalitions_than_volumes(self) -> bool:
        return 1 << len(self.members) < self.volumes
