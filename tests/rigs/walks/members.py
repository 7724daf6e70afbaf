"""The members service's part: a company comes and goes, another is suspended, the charter changes."""

from datetime import UTC, datetime, timedelta

from rigs.walk import Walk
from rigs.walks.common import walk_declarations, walk_documents, walk_events, walk_obligations
from samples.charter import charter

CARD = {
    "name": "Câblages Lumiel",
    "siren": "000002121",
    "siret": "00000212100010",
    "vat_number": "FR70000002121",
    "staff": 110,
    "activity_code": "27.32Z",
    "town": "Valmeraine",
    "offers": "Cable assembly, two test benches",
    "seeks": "A press for the afternoons",
    "goals": ["Larger series", "An apprentice to share"],
}


async def walk(walk: Walk) -> None:
    await walk_events(walk, "members")
    await _read_alliance(walk)
    await _directory(walk)
    await _charter(walk)
    await _dues(walk)
    await walk_declarations(walk, "members", "aubrelle", "life", "administration", means=None)
    await _membership(walk)


async def _read_alliance(walk: Walk) -> None:
    for name in ("list_alliances", "read_me", "read_alliance", "list_roles"):
        await walk.ask(f"members.{name}", "aubrelle")
    await walk.grant("delegate", "delegate", walk.companies["dourvel"])
    withdrawn = walk.calls["members.grant_role"].body
    await walk.ask("members.withdraw_role", "coordinator", withdrawn)


async def _directory(walk: Walk) -> None:
    role = walk.calls["members.grant_role"].body
    person = {
        "issuer": role["issuer"],
        "subject": role["subject"],
        "name": "Camille Roy",
        "email": "camille@example.org",
        "company": walk.companies["dourvel"],
    }
    await walk.ask("members.register_person", "dourvel", person)
    walk.known["person"] = walk.person("delegate")
    await walk.ask("members.list_people", "aubrelle")
    await walk.ask("members.read_person", "aubrelle")
    body = {"name": "Camille Leroy", "email": "leroy@example.org"}
    await walk.ask("members.correct_person", "dourvel", body)
    await walk.ask("members.erase_person", "dourvel")


async def _charter(walk: Walk) -> None:
    walk.known["version"] = "1"
    body = {"terms": charter(notice_days=0, money_rate="4.00"), "preamble": "Another rate."}
    await walk.ask("members.propose_charter", "aubrelle", body, save="proposal")
    await walk.ask("members.list_charter_proposals", "aubrelle")
    await walk.ask("members.read_charter_proposal", "aubrelle")
    await _decide(walk, "charter", proposal=walk.known["proposal"])
    body = {
        "proposal": walk.known["proposal"],
        "decision": walk.known["decision"],
        "from_day": "2025-07-01",
    }
    await walk.ask("members.put_charter_in_force", "coordinator", body)
    await walk.ask("members.list_charters", "aubrelle")
    await walk.ask("members.read_charter", "aubrelle")
    await walk.ask("members.read_charter_in_force", "aubrelle")


async def _dues(walk: Walk) -> None:
    await walk.ask("members.fill_in_card", "aubrelle", CARD, member=walk.companies["aubrelle"])
    for year in (2025, 2026):
        body = {"year": year, "due_on": f"{year}-12-31", "companies": [walk.companies["aubrelle"]]}
        await walk.ask("members.call_dues", "coordinator", body)
    await walk_obligations(walk, "members", "aubrelle", "accountant")


async def _decide(walk: Walk, matter: str, **about: str) -> None:
    body = {"matter": matter, "title": f"About {matter}", "discussion": "As discussed.", **about}
    await walk.ask("members.draft_decision", "aubrelle", body, save="decision")
    closes_at = datetime.now(UTC) + timedelta(days=30)
    opening = {"interested": [walk.companies["castrelle"]], "closes_at": closes_at.isoformat()}
    await walk.ask("members.open_decision", "coordinator", opening)
    electorate = (await walk.ask("members.read_decision", "aubrelle"))["electorate"]
    for name, company in walk.companies.items():
        if company in electorate:
            await walk.ask("members.cast_vote", name, {"company": company, "vote": "for"})
    await walk.ask("members.close_decision", "coordinator")
    await walk.ask("members.read_result", "aubrelle")
    await walk.ask("members.list_decisions", "aubrelle")


async def _membership(walk: Walk) -> None:
    lumiel = (await walk.ask("members.apply_for_membership", "outsider", {"name": "Câblages Lumiel"}))["id"]
    await walk.ask("members.fill_in_card", "outsider", CARD, member=lumiel)
    shown = await walk.ask("members.read_member", "outsider", member=lumiel)
    await walk.ask("members.list_members", "outsider")
    for matter, name in (
        ("reject", "reject_application"),
        ("admit_to_pilot", "admit_member"),
        ("activate", "activate_member"),
        ("expel", "expel_member"),
    ):
        await _decide(walk, matter, company=lumiel)
        body = {"decision": walk.known["decision"]}
        await walk.ask(f"members.{name}", "coordinator", body, member=lumiel)
        if matter == "reject":
            await walk.ask("members.apply_again", "outsider", member=lumiel)
        if matter == "activate":
            await walk_documents(walk, "members", "outsider", shown["card"]["goals"][0]["document"])
    castrelle = walk.companies["castrelle"]
    await walk.ask("members.suspend_member", "coordinator", {"reason": "Dues."}, member=castrelle)
    await walk.ask("members.reinstate_member", "coordinator", member=castrelle)
    await walk.ask("members.give_notice", "castrelle", member=castrelle)
    await walk.ask("members.read_leaving", "castrelle", member=castrelle)
    await walk.caught_up()
    await walk.ask("members.leave", "castrelle", member=castrelle)
