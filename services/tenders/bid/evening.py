"""How the costs of a lost lot are evened out: who bore less than its share pays who bore more. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from uuid import UUID

from money import Money, apportion
from tenders.bid.events import LotCosts


@dataclass(frozen=True, slots=True)
class Payment:
    """What one member owes another to even things out."""

    debtor: UUID
    creditor: UUID
    amount: Money


def share_costs(
    borne: Mapping[UUID, Money], shares: Mapping[UUID, Decimal], currency: str
) -> dict[UUID, LotCosts]:
    """What all bore, by work share to the cent; in the order of `shares`. Who is not in `borne` bore 0."""
    nothing = Money.zero(currency)
    total = sum((borne.get(company, nothing) for company in shares), nothing)
    parts = apportion(total.amount, list(shares.values()), total.currency.quantum)
    return {
        company: LotCosts(borne=borne.get(company, nothing), share=Money.of(part, currency))
        for company, part in zip(shares, parts, strict=True)
    }


def payments(costs: Mapping[UUID, LotCosts]) -> list[Payment]:
    """In the order of the members: each who bore less pays the first who is still owed something."""
    gaps = {company: row.share - row.borne for company, row in costs.items()}
    owing = [company for company, gap in gaps.items() if gap.amount > 0]
    owed = [company for company, gap in gaps.items() if gap.amount < 0]
    found = []
    for debtor, creditor in product(owing, owed):
        amount = min(gaps[debtor], -gaps[creditor])
        if amount.amount:
            found.append(Payment(debtor, creditor, amount))
            gaps[debtor] -= amount
            gaps[creditor] += amount
    return found
