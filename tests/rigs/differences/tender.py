"""The tender of the year: one lot lost, one won and paid for."""

from rigs.differences.year import HOURS, MARGINS, PAYMENTS, SHARES, Year, hours, paid
from samples.charter import euros


async def bidding(year: Year) -> None:
    """A consortium of three loses one lot and shares the hours put into it; it wins the other."""
    year.on("2025-05-05")
    lots = [{"title": f"Lot {number}", "value": euros("45000000.00")} for number in (1, 2)]
    await year.made(
        "opportunity",
        "tenders.type_in_opportunity",
        title="Upkeep",
        client="Hautlieu",
        lots=lots,
        deadline="2025-09-26T12:00:00+02:00",
    )
    await year.do("tenders.go")
    companies = [year.walk.companies[by] for by in SHARES]
    await year.made(
        "consortium",
        "tenders.form_consortium",
        "dourvel",
        opportunity=year.walk.known["opportunity"],
        form="several",
        lead=companies[0],
        members=companies,
        lots=[1, 2],
        lost_costs="work_share",
    )
    shares = [{"company": year.walk.companies[by], "share": share} for by, share in SHARES.items()]
    for lot in (1, 2):
        await year.do("tenders.set_shares", "dourvel", lot=lot, shares=shares)
    for by, margin in MARGINS.items():
        company = year.walk.companies[by]
        await year.do("tenders.declare_terms", by, company=company, margin=margin, could_bid_alone=False)
    for by in MARGINS:
        await year.do("tenders.sign_agreement", by, company=year.walk.companies[by])


async def losing(year: Year) -> None:
    year.on("2025-05-19")
    await _bid(year, 1, "47913311.59")
    project = f"opportunity/{year.walk.known['opportunity']}/lot/1"
    for by, many in HOURS.items():
        await hours(year, "tenders", by, project, many, "bid_preparation")
    year.on("2025-06-02")
    await year.do("tenders.lose_bid", "dourvel", due_on="2025-07-31")
    await paid(year, "tenders", "accountant")


async def winning(year: Year) -> None:
    year.on("2025-06-16")
    await _bid(year, 2, "48371913.47")
    await year.do("tenders.win_bid", "dourvel", amount=euros("48117223.91"))
    year.walk.known["contract"] = (await year.walk.ask("tenders.read_bid", "dourvel"))["contract"]
    await year.do("tenders.activate_contract", "dourvel")
    lead = year.walk.companies["dourvel"]
    for day, (total, parts) in zip(("2025-07-07", "2025-08-04"), PAYMENTS, strict=True):
        year.on(day)
        received = [{"company": year.walk.companies[by], "amount": euros(one)} for by, one in parts.items()]
        await year.do(
            "tenders.record_payment", "dourvel", company=lead, total=euros(total), received=received
        )
        shown = await year.walk.ask("tenders.read_contract", "dourvel")
        year.walk.known["payment"] = next(
            one["id"] for one in shown["payments"] if one["stage"] == "recorded"
        )
        await year.do("tenders.attest_contract_payment", "accountant")
    await year.do("tenders.reverse_contract_payment", "accountant", reason="The bank took it back.")
    await year.do("tenders.complete_contract", "dourvel")


async def _bid(year: Year, lot: int, price: str) -> None:
    consortium = year.walk.known["consortium"]
    await year.made("bid", "tenders.draft_bid", "dourvel", consortium=consortium, lot=lot, price=euros(price))
    for by in ("valbrune", "castrelle"):
        await year.do("tenders.agree_to_bid", by, company=year.walk.companies[by])
    await year.do("tenders.submit_bid", "dourvel")
