"""Memberships over HTTP: from applying to leaving, and back."""

from typing import Any
from uuid import uuid4

import httpx

from rigs.product import Client, Founded, Product

LUMIEL = {
    "name": "Câblages Lumiel",
    "siren": "000 002 121",
    "siret": "00000212100010",
    "vat_number": "FR70000002121",
    "staff": 110,
    "activity_code": "27.32Z",
    "town": "Besançon",
    "offers": "Cable assembly, two test benches",
    "goals": ["Larger series", "An apprentice to share"],
}


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json()


async def applied(product: Product, alliance: Founded, **body: Any) -> tuple[Client, str]:
    """Somebody from outside, and the path of the company that it applies for."""
    outsider = product.as_(f"outsider-{uuid4()}")
    body = {"name": "Câblages Lumiel", **body}
    receipt = ok(await outsider.post(alliance.path("members", "/members"), json=body), 201)
    return outsider, alliance.path("members", f"/members/{receipt['id']}")


async def decided(alliance: Founded, matter: str, company: str, **dates: str) -> str:
    """A decision that passed with every vote."""
    body = {"matter": matter, "company": company.rsplit("/", maxsplit=1)[-1], "title": matter, **dates}
    path = alliance.path("members", "/decisions")
    decision = ok(await alliance.coordinator.post(path, json=body), 201)["id"]
    ok(await alliance.coordinator.post(f"{path}/{decision}/opening", json=dates))
    electorate = ok(await alliance.coordinator.get(f"{path}/{decision}"))["electorate"]
    for director, voter in zip(alliance.directors, alliance.companies, strict=True):
        if str(voter) in electorate:
            vote = {"company": str(voter), "vote": "for", **dates}
            ok(await director.post(f"{path}/{decision}/votes", json=vote))
    ok(await alliance.coordinator.post(f"{path}/{decision}/closing", json=dates))
    return decision


async def step(alliance: Founded, company: str, name: str, matter: str) -> None:
    decision = await decided(alliance, matter, company)
    ok(await alliance.coordinator.post(f"{company}/{name}", json={"decision": decision}))


async def put_card(client: Client, company: str, **changes: Any) -> httpx.Response:
    version = (await client.get(company)).headers["ETag"]
    return await client.put(f"{company}/card", json=LUMIEL | changes, headers={"If-Match": version})


async def test_a_company_from_outside_is_admitted_and_becomes_active(product: Product) -> None:
    alliance = await product.found(3)
    director, company = await applied(product, alliance)
    ok(await put_card(director, company))
    assert ok(await director.get(company))["status"] == "applied"
    await step(alliance, company, "admission", "admit_to_pilot")
    view = ok(await director.get(company))
    assert view["status"] == "pilot"
    assert view["pilot_until"] is not None
    assert len(ok(await director.get(alliance.path("members", "/members")))["items"]) == 4
    await step(alliance, company, "activation", "activate")
    assert ok(await director.get(company))["status"] == "active"
    await product.caught_up(alliance.id)
    assert (await director.get(alliance.path("purchasing", "/events"))).status_code == 200


async def test_who_applies_sees_its_own_company_and_the_name_of_the_alliance(product: Product) -> None:
    alliance = await product.found(3)
    director, company = await applied(product, alliance)
    members = ok(await director.get(alliance.path("members", "/members")))["items"]
    assert [item["name"] for item in members] == ["Câblages Lumiel"]
    assert ok(await director.get(alliance.path("members")))["name"].startswith("Alliance ")
    me = ok(await director.get("/members/v1/me"))["alliances"]
    assert [(one["roles"], one["applying"]) for one in me] == [([], [company.split("/")[-1]])]
    await product.caught_up(alliance.id)
    other = alliance.path("members", f"/members/{alliance.companies[0]}")
    for hidden in (
        other,
        *(alliance.path("members", rest) for rest in ("/roles", "/events", "/decisions", "/people")),
        *(alliance.path("members", rest) for rest in ("/charters", "/charters/1", f"/documents/{uuid4()}")),
        alliance.path("purchasing", "/events"),
    ):
        assert (await director.get(hidden)).status_code == 404, hidden
    async with product.nothing_written():
        refused(
            await director.post(alliance.path("members", "/members"), json={"name": "Another"}),
            409,
            "application_pending",
        )
        draft = {"matter": "other", "title": "Let us in"}
        refused(
            await director.post(alliance.path("members", "/decisions"), json=draft), 404, "alliance_unknown"
        )
    stranger = product.as_("stranger")
    assert (await stranger.get(alliance.path("members", "/members"))).status_code == 404
    assert (await stranger.get(company)).status_code == 404


async def test_a_card_is_checked_number_by_number_and_keeps_its_texts_erasable(product: Product) -> None:
    alliance = await product.found(3)
    company = alliance.path("members", f"/members/{alliance.companies[0]}")
    director = alliance.directors[0]
    async with product.nothing_written():
        for changes, code, pointer in [
            ({"siren": "000002122"}, "siren_wrong", "/siren"),
            ({"siret": "00000212100018"}, "siret_wrong", "/siret"),
            ({"siret": "00000100800010"}, "siret_of_other_siren", "/siret"),
            ({"vat_number": "FR71000002121"}, "vat_number_wrong", "/vat_number"),
            ({"vat_number": "FR29000001008"}, "vat_number_of_other_siren", "/vat_number"),
            ({"activity_code": "27.3Z"}, "activity_code_wrong", "/activity_code"),
        ]:
            found = refused(await put_card(director, company, **changes), 422, code)
            assert found["errors"][0]["pointer"] == pointer
        refused(await put_card(alliance.directors[1], company), 403, "forbidden")
        stale = await director.put(f"{company}/card", json=LUMIEL, headers={"If-Match": '"7"'})
        refused(stale, 412, "stale_version")
    ok(await put_card(director, company))
    view = ok(await alliance.directors[1].get(company))
    assert view["name"] == "Câblages Lumiel"
    assert view["card"]["siren"] == "000002121"
    assert [goal["text"] for goal in view["card"]["goals"]] == LUMIEL["goals"]
    events = (await director.get(alliance.path("members", "/events?limit=200"))).text
    assert "test benches" not in events
    document = alliance.path("members", f"/documents/{view['card']['offers']['document']}")
    assert (await alliance.directors[2].get(document)).text == LUMIEL["offers"]
    refused(await alliance.directors[2].delete(document), 403, "forbidden")
    assert (await director.delete(document)).status_code == 204
    refused(await director.get(document), 404, "not_found")
    assert ok(await director.get(company))["card"]["offers"]["text"] is None


async def test_a_decision_carries_only_what_it_decided_and_once(product: Product) -> None:
    alliance = await product.found(3)
    _, company = await applied(product, alliance)
    other = await decided(alliance, "reject", company)
    refused(
        await alliance.coordinator.post(f"{company}/admission", json={"decision": other}),
        422,
        "decision_of_other_matter",
    )
    refused(
        await alliance.coordinator.post(f"{company}/admission", json={"decision": str(uuid4())}),
        422,
        "decision_unknown",
    )
    admission = await decided(alliance, "admit_to_pilot", company)
    refused(
        await alliance.directors[0].post(f"{company}/admission", json={"decision": admission}),
        403,
        "forbidden",
    )
    ok(await alliance.coordinator.post(f"{company}/admission", json={"decision": admission}))
    await step(alliance, company, "expulsion", "expel")
    ok(await alliance.coordinator.post(f"{company}/applications", json={}))
    refused(
        await alliance.coordinator.post(f"{company}/admission", json={"decision": admission}),
        409,
        "decision_carried_out_already",
    )
    draft = {"matter": "admit_to_pilot", "company": company.split("/")[-1], "title": "Again"}
    path = alliance.path("members", "/decisions")
    unopened = ok(await alliance.coordinator.post(path, json=draft), 201)["id"]
    refused(
        await alliance.coordinator.post(f"{company}/admission", json={"decision": unopened}),
        409,
        "decision_not_passed",
    )


async def test_a_member_leaves_once_notice_is_over_and_every_service_has_cleared_it(product: Product) -> None:
    alliance = await product.found(3)
    company = alliance.path("members", f"/members/{alliance.companies[0]}")
    director = alliance.directors[0]
    refused(await alliance.directors[1].post(f"{company}/notice", json={}), 403, "forbidden")
    ok(await director.post(f"{company}/notice", json={"effective_on": "2025-09-30"}))
    assert ok(await director.get(company))["notice_ends_on"] == "2025-12-29"
    early = {"effective_on": "2025-10-09"}
    async with product.nothing_written():
        found = refused(await director.post(f"{company}/departure", json=early), 409, "leaving_refused")
    assert "notice_running" in found["detail"]
    refused(await alliance.directors[1].get(f"{company}/leaving"), 403, "forbidden")
    await product.caught_up(alliance.id)  # nothing is open there: purchasing and tenders say so
    leaving = ok(await director.get(f"{company}/leaving"))
    assert leaving == {
        "notice_ends_on": "2025-12-29",
        "cleared": ["purchasing", "tenders"],
        "waiting_for": [],
    }
    found = refused(await director.post(f"{company}/departure", json=early), 409, "leaving_refused")
    assert "open_in" not in found["detail"]
    ok(await director.post(f"{company}/departure", json={"effective_on": "2025-12-31"}))
    assert ok(await alliance.coordinator.get(company))["status"] == "left"
    assert (await director.get(company)).status_code == 404
    assert ok(await director.get("/members/v1/me"))["alliances"] == []
    assert ok(await director.get("/members/v1/alliances"))["items"] == []


async def test_who_comes_back_finds_its_identity(product: Product) -> None:
    alliance = await product.found(3, terms={"notice_days": 0})
    company = alliance.path("members", f"/members/{alliance.companies[0]}")
    director = alliance.directors[0]
    ok(await put_card(director, company))
    ok(await director.post(f"{company}/notice", json={}))
    await product.caught_up(alliance.id)  # nothing is open there: purchasing and tenders say so
    ok(await director.post(f"{company}/departure", json={}))
    refused(await alliance.directors[1].post(f"{company}/applications", json={}), 403, "forbidden")
    ok(await director.post(f"{company}/applications", json={}))
    view = ok(await director.get(company))
    assert (view["status"], view["card"]["siren"]) == ("applied", "000002121")


async def test_a_suspended_member_commits_to_nothing_and_is_reinstated(product: Product) -> None:
    alliance = await product.found(3)
    company = alliance.path("members", f"/members/{alliance.companies[0]}")
    body = {"reason": "No answer since March"}
    ok(await alliance.coordinator.post(f"{company}/suspension", json=body))
    assert ok(await alliance.directors[0].get(company))["status"] == "suspended"
    assert "March" not in (await alliance.coordinator.get(alliance.path("members", "/events"))).text
    refused(await alliance.coordinator.post(f"{company}/suspension", json=body), 409, "status_forbids")
    ok(await alliance.coordinator.post(f"{company}/reinstatement", json={}))
    assert ok(await alliance.directors[0].get(company))["status"] == "active"


async def test_actions_are_the_commands_that_the_caller_may_give_now(product: Product) -> None:
    alliance = await product.found(3)
    company = alliance.path("members", f"/members/{alliance.companies[0]}")
    mine = ok(await alliance.directors[0].get(company))["actions"]
    assert mine == ["fill_in_card", "give_notice"]
    assert ok(await alliance.directors[1].get(company))["actions"] == []
    assert ok(await alliance.coordinator.get(company))["actions"] == ["suspend_member", "expel_member"]
