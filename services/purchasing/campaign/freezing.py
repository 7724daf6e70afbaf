"""Who takes part at which terms when a campaign is frozen, or why it cannot be. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from money import Money
from purchasing.campaign.allocation import Part, exact_costs, landed
from purchasing.campaign.events import Commitment, Group, Terms
from purchasing.campaign.packs import ordered
from purchasing.campaign.quote import baseline, schedule
from purchasing.campaign.state import Campaign


@dataclass(frozen=True)
class Weighed:
    """What freezing now would come to. `met` says whether both minima, the campaign's and the supplier's,
    are reached; `lapsed` are those whose maximum price is exceeded, who may not commit, or get no unit.
    """

    terms: Mapping[UUID, Terms]
    lapsed: tuple[UUID, ...]
    group: Group
    met: bool


def standing_commitments(campaign: Campaign, committing: Collection[UUID]) -> dict[UUID, Commitment]:
    """Of those who may take on something new."""
    return {
        company: commitment for company, commitment in campaign.commitments.items() if company in committing
    }


def weigh(campaign: Campaign, committing: Collection[UUID]) -> Weighed:
    """Where a maximum price is exceeded that commitment lapses, and all is worked out again, until stable.

    Raises Refused (`game_too_large`, `method_unfit`).
    """
    offer, prices = campaign.offer, schedule(campaign.offer)
    commitments = standing_commitments(campaign, committing)
    while True:
        units = ordered(commitments, offer, campaign.surplus)
        goods = prices.cost(sum(units.values()))
        parts = {
            company: Part(quantity, baseline(campaign, company, commitments[company].quantity))
            for company, quantity in units.items()
        }
        exceeded = _exceeded(campaign, commitments, parts, goods)
        if not exceeded:
            break
        commitments = {
            company: commitment for company, commitment in commitments.items() if company not in exceeded
        }
    quantity = sum(units.values())
    group = Group(
        quantity=quantity,
        goods=Money.zero(campaign.currency) if not goods else _money(campaign, goods),
        delivery=offer.delivery,
    )
    met = quantity >= max(campaign.minimum_quantity, offer.minimum_order, 1)
    terms = _terms(campaign, parts, group) if met else {}
    lapsed = tuple(company for company in campaign.commitments if company not in parts)
    return Weighed(terms, lapsed, group, met)


def _money(campaign: Campaign, amount: Fraction) -> Money:
    return Money.of("1", campaign.currency).times(amount)


def _exceeded(
    campaign: Campaign, commitments: Mapping[UUID, Commitment], parts: Mapping[UUID, Part], goods: Fraction
) -> frozenset[UUID]:
    """Whose maximum price, delivered, is under what a unit would cost it."""
    if not parts or all(commitments[company].maximum_price is None for company in parts):
        return frozenset()
    whole = sum(part.quantity for part in parts.values())
    delivery = Fraction(campaign.offer.delivery.amount) / whole
    costs = exact_costs(campaign.sharing_method, list(parts.values()), schedule(campaign.offer), goods)
    exceeded = []
    for (company, part), cost in zip(parts.items(), costs, strict=True):
        maximum = commitments[company].maximum_price
        if maximum is not None and cost / part.quantity + delivery > Fraction(maximum.amount):
            exceeded.append(company)
    return frozenset(exceeded)


def _terms(campaign: Campaign, parts: Mapping[UUID, Part], group: Group) -> Mapping[UUID, Terms]:
    costs = landed(campaign.sharing_method, list(parts.values()), schedule(campaign.offer), group)
    return {
        company: Terms(
            quantity=part.quantity,
            baseline=part.baseline,
            cost=goods + delivery,
            benefit=part.alone - (goods + delivery),
        )
        for (company, part), (goods, delivery) in zip(parts.items(), costs, strict=True)
    }
