"""The tenders' part: a notice is won by a consortium and paid for; other calls end otherwise."""

from typing import Any

from rigs.walk import Walk
from rigs.walks.common import walk_declarations, walk_documents, walk_events, walk_obligations
from samples.charter import euros
from samples.notices import file

LEAD, PARTNER = "aubrelle", "dourvel"
LOTS: dict[str, Any] = {
    "title": "Upkeep of 40 offices",
    "client": "Groupe Hautlieu",
    "description": "Four lots.",
    "lots": [{"title": f"Lot {number}", "value": euros("40000.00")} for number in range(1, 6)],
    "value": euros("200000.00"),
    "cpv": ["90919200"],
    "nuts": ["FRK26"],
    "deadline": "2025-09-26T12:00:00+02:00",
}


async def walk(walk: Walk) -> None:
    await walk_events(walk, "tenders")
    await _ask(walk, "type_in_opportunity", "aubrelle", save="opportunity", **LOTS)
    await _ask(walk, "no_go", reason="Too far away.")
    await _other_ends(walk)
    await _won(walk)
    await _paid(walk)


async def _ask(walk: Walk, name: str, by: str = "coordinator", save: str | None = None, **body: Any) -> Any:
    return await walk.ask(f"tenders.{name}", by, body, save=save)


async def _agreed(walk: Walk, lots: list[int]) -> None:
    """A consortium for the lots, signed by both."""
    both = [walk.companies[LEAD], walk.companies[PARTNER]]
    composition: dict[str, Any] = {
        "form": "solidary",
        "members": both,
        "lots": lots,
        "subcontractors": ["Nettoyage Brice"],
        "lost_costs": "work_share",
    }
    opportunity = walk.known["opportunity"]
    body = {**composition, "opportunity": opportunity, "lead": both[0]}
    await _ask(walk, "form_consortium", LEAD, save="consortium", **body)
    await _ask(walk, "recompose_consortium", LEAD, **composition)
    for lot in lots:
        shares = [{"company": both[0], "share": "60"}, {"company": both[1], "share": "40"}]
        await _ask(walk, "set_shares", LEAD, lot=lot, shares=shares)
    for by in (LEAD, PARTNER):
        company = walk.companies[by]
        await _ask(walk, "declare_terms", by, company=company, margin="4.5", could_bid_alone=False)
        await _ask(walk, "sign_agreement", by, company=company)
    await walk.ask("tenders.list_consortia", LEAD)
    await walk.ask("tenders.read_consortium", LEAD)


async def _submitted(walk: Walk, lot: int) -> None:
    body = {"consortium": walk.known["consortium"], "lot": lot, "price": euros("38000.00")}
    await _ask(walk, "draft_bid", LEAD, save="bid", **body)
    await _ask(walk, "reprice_bid", LEAD, price=euros("37500.00"))
    await _ask(walk, "agree_to_bid", PARTNER, company=walk.companies[PARTNER])
    await _ask(walk, "submit_bid", LEAD)
    await walk.ask("tenders.list_bids", LEAD)
    await walk.ask("tenders.read_bid", LEAD)


async def _worked(walk: Walk, lot: int) -> None:
    """Attested hours for the bid: what they cost is shared if the lot is lost."""
    day = walk.free_day()
    line = {"person": walk.person(LEAD), "first_day": day, "last_day": day, "hours": "8"}
    body = {"company": walk.companies[LEAD], "kind": "bid_preparation", "lines": [line]}
    body["project"] = f"opportunity/{walk.known['opportunity']}/lot/{lot}"
    await walk.ask("tenders.declare_hours", LEAD, body, save="declaration")
    await walk.ask("tenders.attest_declaration", "coordinator")


async def _win(walk: Walk) -> None:
    await _ask(walk, "win_bid", LEAD, amount=euros("37000.00"), basis="year")
    walk.known["contract"] = (await walk.ask("tenders.read_bid", LEAD))["contract"]
    await _ask(walk, "activate_contract", LEAD)


async def _other_ends(walk: Walk) -> None:
    await _ask(walk, "type_in_opportunity", "aubrelle", save="opportunity", **LOTS)
    await _ask(walk, "go")
    await _agreed(walk, [1, 2, 3, 4])
    await _submitted(walk, 1)
    await _worked(walk, 1)
    await _ask(walk, "lose_bid", LEAD, due_on="2025-07-31")
    await _submitted(walk, 2)
    await _ask(walk, "withdraw_bid", LEAD, reason="The price of steel.")
    await _submitted(walk, 3)
    await _ask(walk, "cancel_bid", LEAD, reason="The buyer gives it up.")
    await _submitted(walk, 4)
    await _win(walk)
    await _ask(walk, "terminate_contract", LEAD, reason="The buyer has moved.")
    await _agreed(walk, [5])
    await _ask(walk, "dissolve_consortium", LEAD, reason="No time.")
    await _ask(walk, "close_opportunity")


async def _won(walk: Walk) -> None:
    notice = file("lycees")
    await walk.ask("tenders.import_notice", "aubrelle", notice, save="publication")
    shown = await walk.ask("tenders.read_import", "aubrelle")
    walk.known["opportunity"] = shown["processes"][0]["opportunity"]
    await walk.ask("tenders.list_opportunities", "aubrelle")
    await walk.ask("tenders.read_opportunity", "aubrelle")
    await _ask(walk, "go")
    await _agreed(walk, [1])
    await _submitted(walk, 1)
    project = f"opportunity/{walk.known['opportunity']}/lot/1"
    await walk_declarations(walk, "tenders", LEAD, project, "bid_preparation", means="reference")
    await _win(walk)


async def _paid(walk: Walk) -> None:
    lead, partner = walk.companies[LEAD], walk.companies[PARTNER]
    body = {
        "company": lead,
        "total": euros("9000.00"),
        "received": [
            {"company": lead, "amount": euros("5400.00")},
            {"company": partner, "amount": euros("3600.00")},
        ],
        "milestone": 1,
        "invoice_number": "F-2025-017",
        "pass_on_by": "2025-07-31",
    }
    for end in ("withdraw", "attest", "attest"):
        walk.known["payment"] = await _recorded(walk, body)
        if end == "withdraw":
            await _ask(walk, "withdraw_contract_payment", LEAD, reason="It was for another contract.")
        else:
            await _ask(walk, "attest_contract_payment", "accountant")
    await walk.ask("tenders.read_contract_payment", LEAD)
    await walk_obligations(walk, "tenders", LEAD, PARTNER)
    walk.known["payment"] = await _recorded(walk, body)
    await _ask(walk, "attest_contract_payment", "accountant")
    await _ask(walk, "reverse_contract_payment", "accountant", reason="The bank took it back.")
    await walk.ask("tenders.list_contracts", LEAD)
    shown = await walk.ask("tenders.read_opportunity", LEAD)
    await walk_documents(walk, "tenders", "coordinator", shown["notice"]["original"])
    await _ask(walk, "complete_contract", LEAD)


async def _recorded(walk: Walk, body: dict[str, Any]) -> str:
    await _ask(walk, "record_payment", LEAD, **body)
    shown = await walk.ask("tenders.read_contract", LEAD)
    (new,) = (payment["id"] for payment in shown["payments"] if payment["stage"] == "recorded")
    return str(new)
