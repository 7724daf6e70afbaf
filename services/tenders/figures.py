"""Figures that several members may read: sealed once for each of them."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from events.errors import Invalid
from events.sealing import Confidential
from money import Money
from standing import Given

T = TypeVar("T")


def for_each(kind: type[Confidential[T]], owners: Iterable[UUID], figure: T) -> tuple[Confidential[T], ...]:
    return tuple(kind(owner=owner, open=figure) for owner in owners)


def common(figures: Sequence[Confidential[T]]) -> T:
    """The figure that was sealed for each; any copy will do, and this service opens all."""
    return figures[0].value


def require_amount(given: Given, amount: Money, pointer: str) -> None:
    """Raises Invalid where an amount is not more than 0, or not in the alliance's reckoning currency."""
    require_currency(given, amount, pointer)
    if amount.amount <= 0:
        raise Invalid("amount_not_positive", pointer=pointer)


def require_currency(given: Given, amount: Money, pointer: str) -> None:
    """Raises Invalid where an amount is not in the alliance's reckoning currency."""
    if amount.currency != given.currency:
        raise Invalid("wrong_currency", pointer=pointer, currency=given.currency)
