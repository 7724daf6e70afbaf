"""How many units are ordered for whom: whole packs, and buying more where more costs less. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from money import apportion
from purchasing.campaign.events import Commitment, Offer
from purchasing.campaign.quote import schedule

ONE_UNIT = Decimal(1)


def round_up(offer: Offer, demand: int) -> int | None:
    """The quantity in whole packs that costs less than what `demand` fills; None where none does
    [effet de seuil].
    """
    prices = schedule(offer)
    filled = _whole_packs(demand, offer.pack_size)
    larger = _whole_packs(prices.inverted(filled).quantity, offer.pack_size)
    return larger if prices.cost(larger) < prices.cost(filled) else None


def rounded_up(
    commitments: Mapping[UUID, Commitment], offer: Offer, surplus: tuple[UUID, int] | None
) -> dict[UUID, int]:
    """Units by company as committed; a round-up that pays goes to the owner of the surplus, if that takes so
    much.
    """
    units = {company: commitment.quantity for company, commitment in commitments.items()}
    demand = sum(units.values())
    larger = round_up(offer, demand) if demand else None
    if surplus is not None and larger is not None:
        owner, at_most = surplus
        if owner in units and larger - demand <= at_most:
            units[owner] += larger - demand
    return units


def ordered(
    commitments: Mapping[UUID, Commitment], offer: Offer, surplus: tuple[UUID, int] | None
) -> dict[UUID, int]:
    """Units by company, only of those who get any.

    A pack that is begun, after a round-up that pays, is filled by tolerances, else by the owner of the
    surplus; never is one filled by tolerances alone. What then fills no pack is taken off all quantities, pro
    rata by largest remainder.
    """
    units = rounded_up(commitments, offer, surplus)
    begun = sum(units.values()) % offer.pack_size
    if begun:
        missing = offer.pack_size - begun
        owner, at_most = surplus if surplus and surplus[0] in units else (None, 0)
        tolerances = {company: commitment.tolerance for company, commitment in commitments.items()}
        if missing <= sum(tolerances.values()):
            _add(units, tolerances, missing)
        elif owner is not None and missing <= at_most:
            units[owner] += missing
        else:
            _add(units, dict(units), -begun)
    return {company: quantity for company, quantity in units.items() if quantity}


def _add(units: dict[UUID, int], weights: Mapping[UUID, int], change: int) -> None:
    for company, part in zip(
        weights, apportion(Decimal(change), list(weights.values()), ONE_UNIT), strict=True
    ):
        units[company] += int(part)


def _whole_packs(quantity: int, size: int) -> int:
    return -(-quantity // size) * size
