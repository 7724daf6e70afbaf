"""What an offer costs: its schedule, and what a member would pay alone. Pure."""

from fractions import Fraction

from money import Price, half_even
from purchasing.campaign.events import Offer
from purchasing.campaign.state import Campaign
from sharing import Schedule, Tier

PRICE_DECIMALS = 6


def schedule(offer: Offer) -> Schedule:
    """Raises ValueError where the tiers do not begin at 0 or 1, or do not rise."""
    return Schedule(tuple(Tier(tier.from_quantity, tier.price.amount) for tier in offer.tiers), offer.kind)


def stand_alone(offer: Offer, quantity: int) -> Price:
    """One unit, for `quantity` alone, not rounded up to packs; buying up to the next tier where that costs
    less, as anybody would (sharing.md: C̃ for the coalitions too).
    """
    one = schedule(offer).inverted(quantity).cost / quantity
    return Price.of(half_even(Fraction(one), PRICE_DECIMALS), offer.delivery.currency)


def baseline(campaign: Campaign, company: object, quantity: int) -> Price:
    """The lower of the former price and the stand-alone price, for the member's own `quantity`."""
    alone = stand_alone(campaign.offer, quantity)
    need = next((need for owner, need in campaign.needs.items() if owner == company), None)
    former = need.former_price if need else None
    return alone if former is None else min(alone, former)
