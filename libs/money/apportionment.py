"""Exact arithmetic that rounds once: apportionment by largest remainder, half-even, interest.

Decimals are built from integers and an exponent, so that the precision of the decimal context never cuts.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

DAYS_A_YEAR: Final = 365

Number = int | Decimal | Fraction
"""An exact number: never a float."""


def half_even(value: Fraction, scale: int) -> Decimal:
    """`value` rounded to `scale` decimals, a half going to the even neighbour; carries all its decimals."""
    return _decimal(round(value * 10**scale), -scale)


def interest(amount: Decimal, days: int, yearly_rate_percent: Decimal) -> Fraction:
    """amount × days × rate, exact, of a year of 365 days; the caller rounds, once.

    `days` = end date − start date. Raises ValueError when the end lies before the start.
    """
    if days < 0:
        raise ValueError(f"days must not be negative: {days}")
    return Fraction(amount) * days * Fraction(yearly_rate_percent) / (100 * DAYS_A_YEAR)


def apportion(total: Decimal, weights: Sequence[Number], quantum: Decimal) -> list[Decimal]:
    """`total` in proportion to `weights`, in whole quanta that add up to `total` exactly.

    Largest remainder [plus fort reste]: each gets its exact share rounded down, the quanta left over go to
    the largest remainders, among equals to the first. A negative total is shared like its opposite.
    `quantum` is 0.01 for cents, 1 for whole units. A weight of zero gets zero.
    Raises ValueError when a weight is negative, all are zero, or the total is not a multiple of the quantum.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if any(weight < 0 for weight in exact):
        raise ValueError("weights must not be negative")
    if not whole:
        raise ValueError("at least one weight must be more than zero")
    if Fraction(total) % _size(quantum):
        raise ValueError(f"{total} is not a multiple of {quantum}")
    size = abs(Fraction(total))
    parts = round_shares([size * weight / whole for weight in exact], quantum)
    return [part.copy_negate() if total < 0 and part else part for part in parts]


def round_shares(shares: Sequence[Fraction], quantum: Decimal) -> list[Decimal]:
    """Exact shares, of either sign, in whole quanta by largest remainder, among equals the first.

    They add up to the sum of the exact shares, rounded half-even to the quantum where it is not a multiple.
    Each differs from its exact share by less than one quantum.
    """
    size = _size(quantum)
    in_quanta = [share / size for share in shares]
    floors = [quanta.__floor__() for quanta in in_quanta]
    left_over = round(sum(in_quanta)) - sum(floors)
    by_remainder = sorted(range(len(shares)), key=lambda index: floors[index] - in_quanta[index])
    for index in by_remainder[:left_over]:
        floors[index] += 1
    coefficient, exponent = _parts(quantum)
    return [_decimal(quanta * coefficient, exponent) for quanta in floors]


def _size(quantum: Decimal) -> Fraction:
    if quantum <= 0:
        raise ValueError(f"quantum must be more than zero: {quantum}")
    return Fraction(quantum)


def _parts(number: Decimal) -> tuple[int, int]:
    _, digits, exponent = number.as_tuple()
    return int("".join(map(str, digits))), int(exponent)


def _decimal(coefficient: int, exponent: int) -> Decimal:
    return Decimal((int(coefficient < 0), tuple(map(int, str(abs(coefficient)))), exponent))
