"""The purchase of the year: a campaign from its draft to who has paid whom."""

from typing import Any

from rigs.differences.year import BUYERS, MISSED, Year, hours, paid
from samples.charter import euros


async def giving_up(year: Year) -> None:
    """A campaign that misses its minimum, is extended, and given up."""
    year.on("2025-01-13")
    await _drafted(year, 1_000_003)
    await _quoted(year)
    for by, quantity in MISSED.items():
        await _commit(year, by, quantity=quantity)
    await year.do("purchasing.freeze_campaign")
    await year.do("purchasing.extend_campaign", until="2025-01-31")
    await _commit(year, "castrelle", quantity=83_177)
    await year.do("purchasing.cancel_campaign", reason="Too few took part.")


async def collecting(year: Year) -> None:
    """A campaign that waits for commitments."""
    year.on("2025-02-03")
    await _drafted(year, 100_003)
    for by, (expected, price, *_) in BUYERS.items():
        await year.do(
            "purchasing.record_need",
            by,
            company=year.walk.companies[by],
            expected_quantity=expected,
            former_price={"price": euros(price), "invoiced_on": "2024-11-04"},
            evidence="An invoice.",
        )
    company = year.walk.companies["valbrune"]
    await year.do("purchasing.attest_former_price", "accountant", company=company, price=euros("1879.531847"))
    year.on("2025-02-17")
    await _quoted(year)


async def _drafted(year: Year, minimum: int) -> None:
    await year.made(
        "campaign",
        "purchasing.draft_campaign",
        title="Steel sheets",
        specification="Two millimetres.",
        unit="sheet",
        minimum_quantity=minimum,
        sharing_method="volume",
    )
    await year.do("purchasing.invite_needs")


async def _quoted(year: Year) -> None:
    await year.do("purchasing.invite_quotes")
    tiers = [
        {"from_quantity": 1, "price": euros("1973.417309")},
        {"from_quantity": 200_000, "price": euros("1771.293101")},
    ]
    await year.do("purchasing.record_quote", supplier="Sauve", tiers=tiers, delivery=euros("48611.29"))
    shown = await year.walk.ask("purchasing.read_campaign", "coordinator")
    year.walk.known["quote"] = shown["quotes"][0]["id"]
    await year.do("purchasing.choose_quote")
    await year.do("purchasing.invite_commitments")


async def _commit(year: Year, by: str, **commitment: Any) -> None:
    await year.do("purchasing.commit_quantity", by, company=year.walk.companies[by], **commitment)


async def committing(year: Year) -> None:
    """One after another, one of them anew."""
    year.on("2025-03-03")
    for by, (_, _, quantity, tolerance, maximum) in BUYERS.items():
        await _commit(year, by, quantity=quantity, tolerance=tolerance, maximum_price=euros(maximum))
    await year.do("purchasing.compare_methods")
    castrelle = year.walk.companies["castrelle"]
    await year.do("purchasing.withdraw_commitment", "castrelle", company=castrelle)
    await _commit(year, "castrelle", quantity=79_273)


async def buying(year: Year) -> None:
    """From the order to who has paid whom."""
    aubrelle = year.walk.companies["aubrelle"]
    year.on("2025-03-17")
    await year.do("purchasing.freeze_campaign")
    await year.do("purchasing.take_lead", "aubrelle", company=aubrelle)
    await year.do("purchasing.place_order")
    year.on("2025-03-31")
    advance = euros("301771913.59")
    await year.do("purchasing.prefinance_purchase", "aubrelle", company=aubrelle, amount=advance)
    await year.do("purchasing.attest_prefinancing", "accountant")
    await year.do("purchasing.receive_goods", quantity=200_017)
    year.on("2025-04-14")
    await year.do("purchasing.receive_goods", quantity=170_023, last=True)
    goods, delivery = euros("655449269.51"), euros("48611.29")
    await year.do("purchasing.record_invoice", quantity=370_040, goods=goods, delivery=delivery)
    await year.do("purchasing.allocate_costs", "accountant")
    await year.do("purchasing.settle_campaign", due_on="2025-05-31")
    await hours(year, "purchasing", "aubrelle", f"campaign/{year.walk.known['campaign']}", "71.93")
    year.on("2025-04-28")
    await paid(year, "purchasing", "aubrelle")
