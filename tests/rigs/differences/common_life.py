"""The common life of the year: dues, hours, a decision, and a member that leaves."""

from embedded.tokens import ISSUER
from rigs.differences.year import CALLED, TERMS, Year, declared, hours, paid
from samples.charter import charter
from samples.notices import file


async def common_life(year: Year) -> None:
    year.on("2025-09-01")
    for by, (staff, siren) in CALLED.items():
        card = {"name": by.capitalize(), "siren": siren, "staff": staff}
        card |= {"activity_code": "24.51Z", "town": "Valmeraine"}
        ask = year.walk.ask
        await ask("members.fill_in_card", by, card, member=year.walk.companies[by])
    called = [year.walk.companies[by] for by in CALLED]
    await year.do("members.call_dues", year=2025, due_on="2025-12-31", companies=called)
    await paid(year, "members", "accountant")
    year.on("2025-09-08")
    await hours(year, "members", "valbrune", "life", "43.61", "administration")
    await declared(year, "members", "valbrune", "life", "37.19", "administration")
    await year.do("members.contest_declaration", reason="It was shorter.")
    lines = year.walk.calls["members.declare_hours"].body["lines"]
    found = [{**lines[0], "hours": "31.07"}]
    await year.do("members.arbitrate_declaration", "accountant", reason="It was.", lines=found)
    await year.do("members.reverse_declaration", "valbrune", reason="It was for another project.")


async def deciding(year: Year) -> None:
    """What has no figures, so that every operation has something to read."""
    year.on("2025-09-15")
    walk = year.walk
    person = {"issuer": ISSUER, "subject": walk.subject("dourvel"), "name": "Camille Roy"}
    person |= {"email": "camille@example.org"}
    await walk.ask("members.register_person", "dourvel", {**person, "company": walk.companies["dourvel"]})
    walk.known["person"] = walk.person("dourvel")
    terms = charter(**TERMS, money_rate="4.00")
    await year.made("proposal", "members.propose_charter", "aubrelle", terms=terms)
    about = {"matter": "charter", "title": "Another rate", "proposal": walk.known["proposal"]}
    await year.made("decision", "members.draft_decision", "aubrelle", **about)
    await year.do("members.open_decision", interested=[])
    await year.do("members.close_decision")
    publication = await walk.ask("tenders.import_notice", "aubrelle", file("lycees"))
    walk.known["publication"] = publication["id"]


async def leaving(year: Year) -> None:
    """Lumiel becomes a former member."""
    year.on("2025-10-06")
    lumiel = year.walk.companies["lumiel"]
    year.walk.known["member"] = lumiel
    await year.do("members.give_notice", "lumiel")
    await year.walk.caught_up()
    await year.do("members.leave", "lumiel")


async def closing(year: Year) -> None:
    """The half-year of the founding, in which nobody gave or got anything: all else stays open."""
    year.on("2025-01-02")
    year.walk.known["period"] = "2024-H2"
    await year.do("ledger.close_period", period="2024-H2")
    # What is tried from now on: the half-year in which the year's figures are.
    year.walk.calls["ledger.close_period"].body["period"] = "2025-H1"
