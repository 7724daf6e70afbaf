"""Charters over HTTP: read, proposed, put in force by a decision that passed about that very proposal."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from rigs.product import Founded, Product
from samples.charter import charter, euros

FROM_DAY = "2025-09-01"
WITNESS = "witness.example/w1+0ad7d35e+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
SAME_KEY = "witness.example/w4+4816a64b+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
OF_A_LOG = "witness.example/w3+69d01755+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR"
FRANCS = {"amount": "5.00", "currency": "CHF"}


def tier(from_staff: int) -> dict[str, Any]:
    return {"from_staff": from_staff, "amount": euros("3.00")}


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json()


async def proposed(alliance: Founded, **terms: Any) -> str:
    path = alliance.path("members", "/charter-proposals")
    body = {"terms": charter(**terms), "preamble": "We met before we had a purpose."}
    return str(ok(await alliance.directors[0].post(path, json=body), 201)["id"])


async def decided(alliance: Founded, proposal: str, how: str = "for") -> str:
    on = {"effective_on": "2025-07-17"}
    path = alliance.path("members", "/decisions")
    draft = {"matter": "charter", "proposal": proposal, "title": "Charter 2", **on}
    decision = ok(await alliance.coordinator.post(path, json=draft), 201)["id"]
    ok(await alliance.coordinator.post(f"{path}/{decision}/opening", json=on))
    for director, company in zip(alliance.directors, alliance.companies, strict=True):
        ok(await director.post(f"{path}/{decision}/votes", json={"company": str(company), "vote": how, **on}))
    ok(await alliance.coordinator.post(f"{path}/{decision}/closing", json=on))
    return str(decision)


def in_force(proposal: str, decision: str, **changes: str) -> dict[str, str]:
    return {
        "proposal": proposal,
        "decision": decision,
        "from_day": FROM_DAY,
        "effective_on": "2025-07-17",
        **changes,
    }


async def test_a_charter_is_amended_by_a_decision_and_holds_from_its_day(product: Product) -> None:
    alliance = await product.found(3)
    path = alliance.path("members", "/charters")
    rates = charter()["hourly_rates"] | {"coordination": euros("50.00")}
    proposal = await proposed(alliance, hourly_rates=rates)
    decision = await decided(alliance, proposal)
    answer = await alliance.coordinator.post(path, json=in_force(proposal, decision))
    ok(answer, 201)
    assert answer.headers["Location"].endswith("/charters/2")
    listed = ok(await alliance.directors[1].get(path))["items"]
    assert [(item["version"], item["in_force"]) for item in listed] == [(1, False), (2, True)]
    for day, amount in (("2025-08-31", "45.00"), (FROM_DAY, "50.00")):
        found = ok(await alliance.directors[1].get(f"{path}/in-force?on={day}"))
        assert found["terms"]["hourly_rates"]["coordination"] == euros(amount)
    view = ok(await alliance.directors[1].get(answer.headers["Location"]))
    assert view["decision"] == decision
    preamble = await alliance.directors[1].get(alliance.path("members", f"/documents/{view['preamble']}"))
    assert preamble.text == "We met before we had a purpose."
    view = ok(await alliance.coordinator.get(alliance.path("members", f"/charter-proposals/{proposal}")))
    assert view["charter"] == 2
    refused(
        await alliance.coordinator.post(path, json=in_force(proposal, decision)),
        409,
        "charter_in_force_already",
    )
    refused(await alliance.coordinator.get(f"{path}/3"), 404, "charter_unknown")


async def test_only_what_was_decided_on_is_put_in_force_and_never_back(product: Product) -> None:
    alliance = await product.found(2)
    path = alliance.path("members", "/charters")
    proposal, other = await proposed(alliance), await proposed(alliance, notice_days=30)
    decision = await decided(alliance, proposal)
    turned_down = await decided(alliance, other, "against")
    async with product.nothing_written():
        for body, status, code in [
            (in_force(other, decision), 422, "decision_of_other_matter"),
            (in_force(other, turned_down), 409, "decision_not_passed"),
            (in_force(other, str(uuid4())), 422, "decision_unknown"),
            (in_force(str(uuid4()), decision), 404, "charter_proposal_unknown"),
            (in_force(proposal, decision, from_day="2025-07-16"), 422, "charter_retroactive"),
            (in_force(proposal, decision, effective_on="2025-07-16"), 422, "before_decision"),
        ]:
            refused(await alliance.coordinator.post(path, json=body), status, code)
        refused(await alliance.directors[0].post(path, json=in_force(proposal, decision)), 403, "forbidden")
    ok(await alliance.coordinator.post(path, json=in_force(proposal, decision)), 201)
    later = await decided(alliance, other)
    refused(await alliance.coordinator.post(path, json=in_force(other, later)), 422, "charter_before_latest")
    day = (date.fromisoformat(FROM_DAY) + timedelta(days=1)).isoformat()
    ok(await alliance.coordinator.post(path, json=in_force(other, later, from_day=day)), 201)


@pytest.mark.parametrize(
    ("terms", "code", "pointer"),
    [
        ({"tariffs": {"reference": FRANCS}}, "wrong_currency", "/tariffs/reference"),
        ({"declaration_limit": euros("-1.00")}, "amount_negative", "/declaration_limit"),
        ({"dues": [tier(1)]}, "dues_from_zero_missing", "/dues/0/from_staff"),
        ({"dues": [tier(0), tier(0)]}, "dues_tiers_unordered", "/dues/1/from_staff"),
        ({"hour_limits": {"lowest": "1", "highest": "60"}}, "hour_limits_without_zero", "/hour_limits"),
        ({"witnesses": [WITNESS.replace("BIqI", "BIqJ")]}, "witness_key_malformed", "/witnesses/0"),
        ({"witnesses": [OF_A_LOG]}, "witness_key_of_a_log", "/witnesses/0"),
        ({"witnesses": [WITNESS, WITNESS]}, "witness_twice", "/witnesses/1"),
        ({"witnesses": [WITNESS, SAME_KEY]}, "witness_twice", "/witnesses/1"),
        ({"witnesses": [WITNESS], "witness_quorum": 2}, "witness_quorum_unreachable", "/witness_quorum"),
    ],
)
async def test_terms_that_do_not_fit_one_another_are_refused(
    product: Product, terms: dict[str, Any], code: str, pointer: str
) -> None:
    alliance = await product.found(2)
    async with product.nothing_written():
        founding = {"name": "Another", "companies": ["A", "B"], "charter": charter(**terms)}
        answer = await alliance.coordinator.post("/members/v1/alliances", json=founding)
        assert refused(answer, 422, code)["errors"][0]["pointer"] == f"/charter{pointer}"
        answer = await alliance.coordinator.post(
            alliance.path("members", "/charter-proposals"), json={"terms": charter(**terms)}
        )
        assert refused(answer, 422, code)["errors"][0]["pointer"] == f"/terms{pointer}"


async def test_an_alliance_keeps_the_currency_that_it_reckons_in(product: Product) -> None:
    alliance = await product.found(2)
    terms = json.loads(json.dumps(charter()).replace("EUR", "CHF"))
    answer = await alliance.coordinator.post(
        alliance.path("members", "/charter-proposals"), json={"terms": terms}
    )
    refused(answer, 422, "currency_fixed")


async def test_a_charter_names_witnesses_and_every_service_knows_them(product: Product) -> None:
    terms = {"witnesses": [WITNESS], "witness_quorum": 1}
    alliance = await product.found(2, terms=terms)
    shown = ok(await alliance.coordinator.get(alliance.path("members", "/charters/1")))["terms"]
    assert {name: shown[name] for name in terms} == terms
    for service in product.services.values():
        given = await service.given(product.person(alliance.coordinator.name), alliance.id)
        assert (given.charter.witnesses, given.charter.witness_quorum) == ((WITNESS,), 1)
