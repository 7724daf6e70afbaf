"""Dues over HTTP: called by the charter's tiers, declared paid by the debtor, attested for the purse."""

from typing import Any
from uuid import uuid4

import httpx

from rigs.product import Client, Founded, Product

SIRENS = ("000001008", "000001073", "000001636")
STAFF = (550, 240, 60)
CALL = {"year": 2025, "due_on": "2025-01-31", "effective_on": "2025-01-10"}


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


async def fill_in(alliance: Founded, *numbers: int) -> None:
    for number in numbers:
        path = alliance.path("members", f"/members/{alliance.companies[number]}/card")
        card = {
            "name": f"Company {number}",
            "siren": SIRENS[number],
            "staff": STAFF[number],
            "activity_code": "24.51Z",
            "town": "Besançon",
        }
        ok(await alliance.directors[number].put(path, json=card, headers={"If-Match": "*"}))


async def called(product: Product) -> tuple[Founded, Client, list[dict[str, Any]]]:
    """An alliance whose three members have been called, its independent person, and what they owe."""
    alliance = await product.found(3)
    await fill_in(alliance, 0, 1, 2)
    independent = await product.grant(alliance, f"independent-{uuid4()}", "independent_person")
    ok(await alliance.coordinator.post(alliance.path("members", "/dues/calls"), json=CALL), 201)
    owed = ok(await independent.get(alliance.path("members", "/obligations")))["items"]
    companies = [str(company) for company in alliance.companies]
    return alliance, independent, sorted(owed, key=lambda item: companies.index(item["debtor"]))


async def test_each_company_owes_the_tier_of_its_staff_to_the_purse(product: Product) -> None:
    alliance, _, owed = await called(product)
    assert [item["debtor"] for item in owed] == [str(company) for company in alliance.companies]
    assert [item["amount"]["amount"] for item in owed] == ["800.00", "500.00", "300.00"]
    assert all((item["creditor"], item["reason"], item["project"]) == (None, "dues", "life") for item in owed)
    assert all((item["state"], item["due_on"]) == ("incurred", "2025-01-31") for item in owed)


async def test_a_company_is_called_once_a_year_and_a_later_one_later(product: Product) -> None:
    alliance = await product.found(3)
    await fill_in(alliance, 0, 1)
    path = alliance.path("members", "/dues/calls")
    refused(await alliance.coordinator.post(path, json=CALL), 409, "card_not_filled_in")
    early = {**CALL, "companies": [str(company) for company in alliance.companies[:2]]}
    ok(await alliance.coordinator.post(path, json=early), 201)
    refused(await alliance.coordinator.post(path, json=early), 409, "dues_called_already")
    await fill_in(alliance, 2)
    ok(await alliance.coordinator.post(path, json=CALL), 201)
    refused(await alliance.coordinator.post(path, json=CALL), 409, "dues_nobody_to_call")
    ok(await alliance.coordinator.post(path, json={**CALL, "year": 2026}), 201)
    owed = ok(await alliance.coordinator.get(alliance.path("members", "/obligations")))["items"]
    assert len(owed) == 6


async def test_dues_post_nothing_until_their_payment_is_attested_by_the_independent_person(
    product: Product,
) -> None:
    alliance, independent, owed = await called(product)
    debtor = alliance.directors[0]
    path = alliance.path("members", f"/obligations/{owed[0]['id']}")
    paid, attested = f"{path}/payments", f"{path}/payments/attestations"
    day = {"effective_on": "2025-01-10"}
    refused(await independent.post(attested, json=day), 409, "payment_not_declared")
    for other in (alliance.directors[1], alliance.coordinator, independent):
        refused(await other.post(paid, json=day), 403, "forbidden")
    ok(await debtor.post(paid, json=day))
    refused(await debtor.post(paid, json=day), 409, "obligation_not_incurred")
    for other in (debtor, alliance.coordinator):
        refused(await other.post(attested, json=day), 403, "forbidden")
    early = {"effective_on": "2025-01-09"}
    refused(await independent.post(attested, json=early), 422, "attestation_before_payment")
    ok(await independent.post(attested, json=day))
    seen = ok(await debtor.get(path))
    assert (seen["state"], seen["paid_on"], seen["attested_on"]) == ("attested", "2025-01-10", "2025-01-10")
    refused(await independent.post(f"{path}/cancellations", json={"reason": "x"}), 409, "obligation_not_open")


async def test_a_payment_that_did_not_happen_is_withdrawn_and_owed_as_before(product: Product) -> None:
    alliance, independent, owed = await called(product)
    path = alliance.path("members", f"/obligations/{owed[1]['id']}")
    ok(await alliance.directors[1].post(f"{path}/payments", json={"effective_on": "2025-01-12"}))
    withdrawal = {"reason": "Nothing has arrived."}
    refused(
        await alliance.directors[0].post(f"{path}/payments/withdrawals", json=withdrawal), 403, "forbidden"
    )
    ok(await independent.post(f"{path}/payments/withdrawals", json=withdrawal))
    seen = ok(await alliance.directors[1].get(path))
    assert (seen["state"], seen["paid_on"], seen["why"]) == ("incurred", None, "Nothing has arrived.")
    assert (seen["overdue"], seen["actions"]) == (True, ["declare_payment"])


async def test_who_is_no_party_sees_neither_the_obligation_in_lists_nor_its_amount(product: Product) -> None:
    alliance, _, owed = await called(product)
    mine = ok(await alliance.directors[1].get(alliance.path("members", "/obligations")))["items"]
    assert [item["id"] for item in mine] == [owed[1]["id"]]
    seen = ok(await alliance.directors[1].get(alliance.path("members", f"/obligations/{owed[0]['id']}")))
    assert seen["amount"] == {"sealed": True, "owner": owed[0]["debtor"]}
    assert seen["actions"] == []


async def test_only_the_coordinator_calls_dues_and_with_sense(product: Product) -> None:
    alliance = await product.found(2)
    await fill_in(alliance, 0, 1)
    path = alliance.path("members", "/dues/calls")
    refused(await alliance.directors[0].post(path, json=CALL), 403, "forbidden")
    coordinator = alliance.coordinator
    refused(await coordinator.post(path, json={**CALL, "due_on": "2025-01-09"}), 422, "due_before_call")
    refused(await coordinator.post(path, json={**CALL, "year": 2024}), 422, "dues_year_wrong")
    twice = [str(alliance.companies[0])] * 2
    refused(await coordinator.post(path, json={**CALL, "companies": twice}), 422, "company_twice")
    unknown = [str(uuid4())]
    refused(await coordinator.post(path, json={**CALL, "companies": unknown}), 404, "company_unknown")


async def test_lists_are_cut_into_pages_and_filtered(product: Product) -> None:
    alliance, independent, owed = await called(product)
    path = alliance.path("members", "/obligations")
    ok(await alliance.directors[2].post(f"{path}/{owed[2]['id']}/payments", json={}))
    first = ok(await independent.get(path, params={"limit": 2}))
    rest = ok(await independent.get(path, params={"limit": 2, "cursor": first["next"]}))
    assert sorted(item["id"] for item in [*first["items"], *rest["items"]]) == sorted(
        item["id"] for item in owed
    )
    assert rest["next"] is None
    declared = ok(await independent.get(path, params={"state": "declared"}))["items"]
    assert [item["id"] for item in declared] == [owed[2]["id"]]
    of_one = ok(await independent.get(path, params={"party": owed[0]["debtor"]}))["items"]
    assert [item["id"] for item in of_one] == [owed[0]["id"]]
    assert ok(await independent.get(path, params={"project": "campaign/1"}))["items"] == []
