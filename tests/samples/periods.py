"""Sums of half-years, for decisions taken without any server."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import Seen


def sums(period: HalfYear, figures: Mapping[UUID, tuple[str, str]]) -> dict[Heading, Decimal]:
    """`figures`: what each member contributed and received, in euros."""
    return {
        Heading(member, side, period, "EUR"): Decimal(amount)
        for member, amounts in figures.items()
        for side, amount in zip((Seen.CONTRIBUTED, Seen.RECEIVED), amounts, strict=True)
    }
