"""Purchasing's part: a campaign from draft to settled, and one that misses its minimum and is given up."""

from typing import Any

from rigs.walk import Walk
from rigs.walks.common import walk_declarations, walk_documents, walk_events, walk_obligations
from samples.charter import euros

QUOTE: dict[str, Any] = {
    "supplier": "Sauve & Fils",
    "kind": "all_units",
    "tiers": [
        {"from_quantity": 1, "price": euros("240.00")},
        {"from_quantity": 50, "price": euros("210.00")},
    ],
    "pack_size": 10,
    "minimum_order": 10,
    "delivery": euros("30.00"),
    "valid_until": "2026-01-31",
}
PLACES = {"aubrelle": 30, "dourvel": 20, "valbrune": 15}


async def walk(walk: Walk) -> None:
    await walk_events(walk, "purchasing")
    await _given_up(walk)
    for _ in range(2):
        await _collecting(walk)
        await _frozen(walk)
        await _carried_out(walk)
    await walk_obligations(walk, "purchasing", "aubrelle", "valbrune")
    project = f"campaign/{walk.known['campaign']}"
    await walk_declarations(walk, "purchasing", "aubrelle", project, "coordination", means="storage")
    shown = await walk.ask("purchasing.read_campaign", "aubrelle")
    await walk_documents(walk, "purchasing", "coordinator", shown["specification"])


async def _ask(walk: Walk, name: str, by: str = "coordinator", **body: Any) -> Any:
    return await walk.ask(f"purchasing.{name}", by, body)


async def _collecting(walk: Walk, minimum: int = 40) -> None:
    body = {
        "title": "First-aid training",
        "specification": "One day on site, certificate included.",
        "unit": "place",
        "minimum_quantity": minimum,
        "sharing_method": "volume",
    }
    await walk.ask("purchasing.draft_campaign", "coordinator", body, save="campaign")
    await _ask(walk, "invite_needs")
    for name, places in PLACES.items():
        await _ask(
            walk,
            "record_need",
            name,
            company=walk.companies[name],
            expected_quantity=places,
            former_price={"price": euros("250.00"), "invoiced_on": "2024-11-04"},
            site="Workshop 2",
            evidence="Facture 2024-117",
        )
        company = walk.companies[name]
        await _ask(walk, "attest_former_price", "accountant", company=company, price=euros("245.00"))
    await _ask(walk, "invite_quotes")
    await _ask(walk, "record_quote", **QUOTE)
    shown = await walk.ask("purchasing.read_campaign", "aubrelle")
    walk.known["quote"] = shown["quotes"][0]["id"]
    await walk.ask("purchasing.read_quote", "aubrelle")
    await _ask(walk, "choose_quote")
    await _ask(walk, "invite_commitments")


async def _commit(walk: Walk) -> None:
    for name, places in PLACES.items():
        body: dict[str, Any] = {"quantity": places, "tolerance": 2, "maximum_price": euros("260.00")}
        await _ask(walk, "commit_quantity", name, company=walk.companies[name], **body)


async def _given_up(walk: Walk) -> None:
    await _collecting(walk, minimum=10_000)
    await _commit(walk)
    await _ask(walk, "withdraw_commitment", "valbrune", company=walk.companies["valbrune"])
    await _ask(walk, "freeze_campaign")
    await _ask(walk, "extend_campaign", until="2025-06-30")
    await _ask(walk, "cancel_campaign", reason="Too few took part.")


async def _frozen(walk: Walk) -> None:
    await _commit(walk)
    await _ask(walk, "compare_methods")
    await walk.ask("purchasing.read_methods", "aubrelle")
    await _ask(walk, "choose_method", sharing_method="equal_price")
    aubrelle = walk.companies["aubrelle"]
    await _ask(walk, "accept_round_up", "aubrelle", company=aubrelle, at_most=15)
    await _ask(walk, "freeze_campaign")
    await walk.ask("purchasing.list_campaigns", "aubrelle")
    await walk.ask("purchasing.list_participants", "aubrelle")
    await walk.ask("purchasing.read_participant", "aubrelle", company=aubrelle)


async def _carried_out(walk: Walk) -> None:
    valbrune = walk.companies["valbrune"]
    await _ask(walk, "take_lead", "valbrune", company=valbrune)
    await _ask(walk, "place_order")
    ordered = (await walk.ask("purchasing.read_campaign", "aubrelle"))["ordered"]["quantity"]
    goods = euros("13650.00")
    await _ask(walk, "prefinance_purchase", "valbrune", company=valbrune, amount=goods)
    await _ask(walk, "attest_prefinancing", "accountant")
    await _ask(walk, "receive_goods", quantity=ordered, last=True)
    await _ask(walk, "record_invoice", quantity=ordered, goods=goods, delivery=euros("30.00"))
    await _ask(walk, "allocate_costs", "accountant")
    await _ask(walk, "settle_campaign", due_on="2025-06-30")
