"""What several services have alike: their events, hours and means declared, and who owes whom."""

from typing import Any

from rigs.walk import Walk
from samples.charter import euros

TARIFF = "reference"
"""The one kind of means that the sample's charter has a tariff for: it takes no amount."""


async def walk_events(walk: Walk, service: str) -> None:
    await walk.ask(f"{service}.read_events", "aubrelle", query={"limit": "5"})
    await walk.ask(f"{service}.issue_stream_ticket", "aubrelle")


async def walk_documents(walk: Walk, service: str, by: str, document: str) -> None:
    await walk.ask(f"{service}.read_document", by, document=document)
    await walk.ask(f"{service}.erase_document", by, document=document)
    walk.known["document"] = document


async def walk_declarations(
    walk: Walk, service: str, by: str, project: str, kind: str, means: str | None
) -> None:
    """One attested, one contested, arbitrated and reversed; means where the service has any."""

    def hours(day: str) -> dict[str, Any]:
        line = {"person": walk.person(by), "first_day": day, "last_day": day, "hours": "8"}
        return {
            "company": walk.companies[by],
            "project": project,
            "kind": kind,
            "lines": [line],
            "evidence": "Minutes of the day.",
        }

    ask, service = walk.ask, f"{service}."
    await ask(f"{service}declare_hours", by, hours(walk.free_day()), save="declaration")
    await ask(f"{service}attest_declaration", "coordinator")
    await ask(f"{service}declare_hours", by, hours(walk.free_day()), save="declaration")
    await ask(f"{service}contest_declaration", "coordinator", {"reason": "The meeting was shorter."})
    lines = [{**walk.calls[f"{service}declare_hours"].body["lines"][0], "hours": "6.5"}]
    body = {"reason": "Six and a half are shown.", "lines": lines}
    await ask(f"{service}arbitrate_declaration", "accountant", body)
    await ask(f"{service}read_declaration", by)
    await ask(f"{service}list_declarations", by)
    await ask(f"{service}reverse_declaration", by, {"reason": "It was for another project."})
    if means is not None:
        company = walk.companies[by]
        body = {"company": company, "project": project, "kind": means, "evidence": "Photographs."}
        priced = {} if means == TARIFF else {"amount": euros("350.00")}
        await ask(f"{service}declare_means", by, body | priced)


async def walk_obligations(walk: Walk, service: str, debtor: str, attester: str) -> None:
    """What the debtor owes is paid, said not to be, paid again; what it owes besides is let off."""
    ask, service = walk.ask, f"{service}."
    owed = await ask(f"{service}list_obligations", debtor, query={"party": walk.companies[debtor]})
    paid, let_off = (item["id"] for item in owed["items"] if item["debtor"] == walk.companies[debtor])
    walk.known["obligation"] = paid
    await ask(f"{service}declare_payment", debtor)
    await ask(f"{service}withdraw_payment", debtor, {"reason": "The bank sent it back."})
    await ask(f"{service}declare_payment", debtor)
    await ask(f"{service}attest_payment", attester)
    await ask(f"{service}read_obligation", debtor)
    await ask(f"{service}cancel_obligation", attester, {"reason": "Asked for twice."}, obligation=let_off)
