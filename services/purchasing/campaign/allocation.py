"""What each member pays: goods by the sharing method, delivery by volume, to the cent. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from uuid import UUID

from events.errors import Refused
from money import Money, Price, apportion, half_even, interest, round_shares
from purchasing.campaign.events import Columns, Count, Group, Offer, Row
from purchasing.campaign.quote import schedule
from purchasing.campaign.state import Campaign, Prefinancing
from sharing import CannotShare, Member, Method, Schedule, VolumeGame, core, shapley_volume
from sharing.methods import gains

LARGEST_CORE = 500_000
"""Members × volumes up to which a comparison looks for blocking coalitions: about a second a method."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member's quantity and baseline: what the methods rest on."""

    quantity: int
    baseline: Price

    @property
    def alone(self) -> Money:
        return self.baseline.times(self.quantity)


def exact_costs(
    method: Method, parts: Sequence[Part], prices: Schedule, goods: Fraction
) -> Sequence[Fraction]:
    """What each pays for the goods, exactly; Σ = `goods`, whatever the prices make of the quantities.

    An invoice that differs from the offer scales the Shapley shares. Raises Refused (`game_too_large`).
    """
    whole = sum(part.quantity for part in parts)
    by_volume = [goods * part.quantity / whole for part in parts]
    match method:
        case Method.EQUAL_PRICE:
            return by_volume
        case Method.VOLUME:
            alone = [Fraction(part.alone.amount) for part in parts]
            gain = sum(alone) - goods
            return [cost - gain * part.quantity / whole for cost, part in zip(alone, parts, strict=True)]
        case Method.SHAPLEY:
            shares = shapley_costs(tuple(part.quantity for part in parts), prices)
            total = sum(shares)
            return [goods * share / total for share in shares] if total else by_volume
    raise ValueError(f"no campaign is allocated by {method}")


@lru_cache(maxsize=64)
def shapley_costs(quantities: tuple[int, ...], prices: Schedule) -> tuple[Fraction, ...]:
    """Slow, so kept by its inputs: it is worked out before the lock is taken, and looked up under it.

    Raises Refused (`game_too_large`).
    """
    members = tuple(Member(number, quantity, Decimal(0)) for number, quantity in enumerate(quantities))
    try:
        return tuple(-gain for gain in shapley_volume(VolumeGame(members, prices)))
    except CannotShare as error:
        raise Refused("game_too_large") from error


def landed(
    method: Method, parts: Sequence[Part], prices: Schedule, invoiced: Group
) -> Sequence[tuple[Money, Money]]:
    """(goods, delivery) by member; each adds up to the cent. Raises Refused (`method_unfit`) where the method
    would pay a member for buying.
    """
    currency = invoiced.goods.currency
    exact = exact_costs(method, parts, prices, Fraction(invoiced.goods.amount))
    if any(cost < 0 for cost in exact):
        raise Refused("method_unfit")
    goods = round_shares(exact, currency.quantum)
    delivery = apportion(invoiced.delivery.amount, [part.quantity for part in parts], currency.quantum)
    return [
        (Money.of(one, currency), Money.of(other, currency))
        for one, other in zip(goods, delivery, strict=True)
    ]


def allot(campaign: Campaign) -> Mapping[UUID, Row]:
    """The rows of an allocation, of all that were frozen; who received nothing pays nothing.

    Raises Refused (`game_too_large`, `method_unfit`).
    """
    assert campaign.invoiced is not None
    zero = Money.zero(campaign.currency)
    received = {company: units for company, units in campaign.delivered.rows.items() if units}
    parts = [Part(units, campaign.frozen[company].baseline) for company, units in received.items()]
    costs = landed(campaign.sharing_method, parts, schedule(campaign.offer), campaign.invoiced)
    paid = dict(zip(received, costs, strict=True))
    rows = {}
    for company, terms in campaign.frozen.items():
        goods, delivery = paid.get(company, (zero, zero))
        alone = terms.baseline.times(received.get(company, 0))
        rows[company] = Row(
            quantity=received.get(company, 0),
            baseline=terms.baseline,
            alone=alone,
            goods=goods,
            delivery=delivery,
            cost=goods + delivery,
            benefit=alone - (goods + delivery),
            expected=campaign.expected[company],
        )
    return rows


@lru_cache(maxsize=64)
def compare(
    parts: tuple[tuple[UUID, Part], ...], offer: Offer
) -> tuple[Mapping[UUID, Columns], Mapping[Method, bool]]:
    """All methods side by side, as if a round-up that pays were ordered, and whether no coalition blocks
    them. A method not defined is left out. Slow, and kept by its inputs like `shapley_costs`.
    """
    currency, quantum = offer.delivery.currency, offer.delivery.currency.quantum
    prices = schedule(offer)
    members = tuple(Member(company, part.quantity, part.alone.amount) for company, part in parts)
    game = VolumeGame(members, prices)
    delivery = apportion(offer.delivery.amount, game.quantities, quantum)
    small = len(members) * min(game.volumes, 1 << len(members)) <= LARGEST_CORE
    costs: dict[Method, Sequence[Decimal]] = {}
    in_core: dict[Method, bool] = {}
    for method in Method:
        try:
            if method is Method.SHAPLEY:
                shares = [
                    alone - cost
                    for alone, cost in zip(game.alone, shapley_costs(game.quantities, prices), strict=True)
                ]
            else:
                shares = gains(method, game)
        except (CannotShare, Refused):
            continue
        costs[method] = round_shares(
            [alone - share for alone, share in zip(game.alone, shares, strict=True)], quantum
        )
        if small:
            in_core[method] = core(game, shares).stable
    columns = {
        company: Columns(
            alone=part.alone,
            costs={
                method: Money.of(column[index] + delivery[index], currency)
                for method, column in costs.items()
            },
        )
        for index, (company, part) in enumerate(parts)
    }
    return columns, in_core


def owed_to(creditor: UUID, rows: Mapping[UUID, Row], advanced: Money | None) -> Mapping[UUID, Money]:
    """What every other member owes to who bought or paid in advance: its allocated cost; of an advance over
    less than everything, its part of that.
    """
    costs = {company: row.cost for company, row in rows.items() if row.cost.amount > 0}
    if advanced is not None and costs:
        total = sum((cost.amount for cost in costs.values()), Decimal(0))
        currency = advanced.currency
        shares = apportion(
            min(advanced.amount, total), [cost.amount for cost in costs.values()], currency.quantum
        )
        costs = {company: Money.of(share, currency) for company, share in zip(costs, shares, strict=True)}
    return {company: cost for company, cost in costs.items() if company != creditor and cost.amount > 0}


def counted(prefinancing: Prefinancing, amount: Money, from_day: date, to_day: date) -> Count | None:
    """amount × days × rate, rounded once; None where there is nothing to count."""
    exact = interest(amount.amount, (to_day - from_day).days, prefinancing.money_rate)
    contribution = Money.of(half_even(exact, amount.currency.scale), amount.currency)
    if not contribution.amount:
        return None
    return Count(amount=amount, from_day=from_day, to_day=to_day, contribution=contribution)
