"""What a quantity costs under a supplier's quantity tiers, and tier inversion [effet de seuil]."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate, pairwise


class TierKind(StrEnum):
    """Whether a tier's price holds for the whole order or only for the units within the tier."""

    ALL_UNITS = "all_units"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class Tier:
    """From `start` units on, one unit costs `price`, in the schedule's currency."""

    start: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """A quantity to order and what it costs, exactly."""

    quantity: int
    cost: Fraction


@dataclass(frozen=True, slots=True)
class Schedule:
    """Quantity tiers in one currency; exact, without delivery or packs.

    Raises ValueError when there is no tier, the first does not start at 0 or 1, the starts do not rise or a
    price is negative.
    """

    tiers: tuple[Tier, ...]
    kind: TierKind = TierKind.ALL_UNITS

    def __post_init__(self) -> None:
        if not self.tiers or self.tiers[0].start not in (0, 1):
            raise ValueError("the first tier must start at 0 or 1")
        if any(later.start <= earlier.start for earlier, later in pairwise(self.tiers)):
            raise ValueError("tiers must start at rising quantities")
        if any(tier.price < 0 for tier in self.tiers):
            raise ValueError("prices must not be negative")

    def cost(self, quantity: int) -> Fraction:
        """C(q): what `quantity` units cost as ordered, nothing rounded up. C(0) = 0."""
        if quantity < 0:
            raise ValueError(f"quantity must not be negative: {quantity}")
        reached = [tier for tier in self.tiers if tier.start <= quantity]
        if quantity == 0:
            return Fraction(0)
        if self.kind is TierKind.ALL_UNITS:
            return Fraction(reached[-1].price) * quantity
        # The unit numbered `start` is the first at the new price; a tier from 0 begins with unit 1 too.
        before = [max(tier.start - 1, 0) for tier in reached]
        ends = [*before[1:], quantity]
        units = zip(reached, before, ends, strict=True)
        return sum((Fraction(tier.price) * (end - begin) for tier, begin, end in units), Fraction(0))

    def inverted(self, quantity: int) -> Order:
        """C̃(q) = min over q' ≥ q of C(q'), with the smallest such q'; nothing is ordered for 0 units."""
        as_it_is = Order(quantity, self.cost(quantity))
        if quantity == 0:
            return as_it_is
        # Within a tier the cost rises with the quantity: only the starts of later tiers can be cheaper.
        starts = [Order(tier.start, self.cost(tier.start)) for tier in self.tiers if tier.start > quantity]
        return min([as_it_is, *starts], key=lambda order: order.cost)

    def inverted_costs(self, step: int, count: int) -> list[Fraction]:
        """C̃(0), C̃(step), … C̃(count · step): the whole curve at once, a tier at a time."""
        starts = [self.cost(tier.start) for tier in self.tiers[1:]]
        cheapest_later: list[Fraction | None] = [*reversed(list(accumulate(reversed(starts), min))), None]
        curve = [Fraction(0)]
        ends = [tier.start for tier in self.tiers[1:]] + [count * step + 1]
        for ceiling, end in zip(cheapest_later, ends, strict=True):
            first = len(curve)
            last = min((end - 1) // step, count)
            costs = (self.cost(position * step) for position in range(first, last + 1))
            curve.extend(cost if ceiling is None else min(cost, ceiling) for cost in costs)
        return curve
