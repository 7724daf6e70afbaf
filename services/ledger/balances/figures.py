"""What is said of a member's sums: net and ratio (domain.md, "When the alliance is failing"). Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from pydantic import BaseModel, Field

from ledger.posting.legs import Seen
from money import Money, half_even

RATIO_DECIMALS = 4


class Totals(BaseModel):
    """What was given and got."""

    contributed: Money
    received: Money
    net: Money = Field(description="Received less contributed.")
    ratio: str | None = Field(
        description="Received by contributed, 4 decimals, half-even; none where nothing was contributed.",
        examples=["4.3750"],
    )

    @classmethod
    def of(cls, sums: Mapping[Seen, Decimal], currency: str) -> Self:
        contributed = sums.get(Seen.CONTRIBUTED, Decimal())
        received = sums.get(Seen.RECEIVED, Decimal())
        ratio = (
            f"{half_even(Fraction(received) / Fraction(contributed), RATIO_DECIMALS):f}"
            if contributed
            else None
        )
        return cls(
            contributed=Money.of(contributed, currency),
            received=Money.of(received, currency),
            net=Money.of(received - contributed, currency),
            ratio=ratio,
            **cls._beside(sums, currency),
        )

    @classmethod
    def _beside(cls, sums: Mapping[Seen, Decimal], currency: str) -> dict[str, Any]:
        return {}

    @classmethod
    def summing(cls, amounts: Iterable[tuple[Seen, Decimal]], currency: str) -> Self:
        sums: dict[Seen, Decimal] = {}
        for side, amount in amounts:
            sums[side] = sums.get(side, Decimal()) + amount
        return cls.of(sums, currency)


class Figures(Totals):
    """What was given and got. What is pending is expected, and in neither net nor ratio."""

    pending: Money

    @classmethod
    def _beside(cls, sums: Mapping[Seen, Decimal], currency: str) -> dict[str, Any]:
        return {"pending": Money.of(sums.get(Seen.PENDING, Decimal()), currency)}
