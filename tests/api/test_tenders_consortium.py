"""Consortia and bids over HTTP: who bids with whom, for what share, and in one bid a lot only."""

import asyncio
from typing import Any

from rigs.product import Product
from samples.charter import euros
from samples.tenders import SHARES, Tender, done, refused


async def tender(product: Product, companies: int = 5) -> Tender:
    return Tender(await product.found(companies))


async def test_shares_of_105_per_cent_are_refused_with_their_sum(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.formed(await t1.opportunity())
    path = t1.path(f"/consortia/{consortium}/shares")
    async with product.nothing_written():
        problem = refused(
            await t1.lead.post(path, json=t1.shares("50", "20", "20", "15")), 422, "shares_not_whole"
        )
    assert "105 %" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/shares"
    done(await t1.lead.post(path, json=t1.shares(*SHARES)))


async def test_only_a_companys_own_people_declare_and_sign_for_it(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.formed(await t1.opportunity())
    path = t1.path(f"/consortia/{consortium}")
    await t1.post(t1.lead, f"/consortia/{consortium}/shares", **t1.shares(*SHARES))
    for_other = {"company": t1.companies[1]}
    for caller in (t1.lead, t1.alliance.coordinator):
        refused(await caller.post(f"{path}/signatures", json=for_other), 403, "forbidden")
        terms = {**for_other, "margin": "6", "could_bid_alone": True}
        refused(await caller.post(f"{path}/terms", json=terms), 403, "forbidden")
    member = t1.alliance.directors[1]
    refused(await member.post(f"{path}/signatures", json=for_other), 409, "terms_missing")
    refused(await member.post(f"{path}/shares", json=t1.shares(*SHARES)), 403, "forbidden")


async def test_shares_set_anew_void_the_signatures(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.formed(await t1.opportunity())
    path = f"/consortia/{consortium}"
    await t1.post(t1.lead, f"{path}/shares", **t1.shares(*SHARES))
    await t1.post(t1.lead, f"{path}/terms", company=t1.companies[0], margin="4", could_bid_alone=False)
    await t1.post(t1.lead, f"{path}/signatures", company=t1.companies[0])
    assert (await t1.get(t1.lead, path))["signed"] == [t1.companies[0]]
    await t1.post(t1.lead, f"{path}/shares", **t1.shares("40", "30", "20", "10"))
    assert (await t1.get(t1.lead, path))["signed"] == []


async def test_a_composition_that_all_have_signed_is_frozen(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.signed(await t1.opportunity())
    assert (await t1.get(t1.lead, f"/consortia/{consortium}"))["stage"] == "frozen"
    path = t1.path(f"/consortia/{consortium}")
    refused(await t1.lead.post(f"{path}/shares", json=t1.shares(*SHARES)), 409, "composition_frozen")
    refused(await t1.lead.post(f"{path}/composition", json=t1.composition()), 409, "composition_frozen")


async def test_a_consortium_forms_for_lots_that_exist_of_an_opportunity_gone_for(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    body: dict[str, Any] = {"opportunity": opportunity, "lead": t1.companies[0], **t1.composition()}
    path = t1.path("/consortia")
    refused(await t1.lead.post(path, json={**body, "lots": [2]}), 422, "lot_unknown")
    refused(await t1.lead.post(path, json={**body, "lead": t1.companies[1]}), 403, "forbidden")
    strangers = {**body, "members": [t1.companies[0], "0198c1f0-0000-7000-8000-000000000001"]}
    refused(await t1.lead.post(path, json=strangers), 404, "company_unknown")
    twice = {**body, "members": [t1.companies[1], t1.companies[1]]}
    refused(await t1.lead.post(path, json=twice), 422, "named_twice")
    typed: dict[str, Any] = {"title": "Other", "client": "Client", "lots": [{"title": "Lot"}]}
    detected = (await t1.post(t1.lead, "/opportunities", 201, **typed))["id"]
    refused(await t1.lead.post(path, json={**body, "opportunity": detected}), 409, "opportunity_stage")


async def test_a_bid_is_submitted_when_every_member_has_agreed_to_it(product: Product) -> None:
    t1 = await tender(product)
    bid = await t1.drafted(await t1.signed(await t1.opportunity()))
    path = t1.path(f"/bids/{bid}")
    await t1.agreed(bid, 1, 2)
    refused(await t1.lead.post(f"{path}/submission", json={}), 409, "bid_not_agreed")
    await t1.agreed(bid, 3)
    await t1.post(t1.lead, f"/bids/{bid}/price", price=euros("2900000.00"))
    refused(await t1.lead.post(f"{path}/submission", json={}), 409, "bid_not_agreed")
    await t1.agreed(bid)
    refused(
        await t1.alliance.directors[1].post(f"{path}/agreements", json={"company": t1.companies[1]}),
        409,
        "bid_agreed_already",
    )
    done(await t1.lead.post(f"{path}/submission", json={}))


async def test_a_company_is_in_one_bid_a_lot_across_all_consortia(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    first = await t1.signed(opportunity)
    second = await t1.signed(opportunity)
    body: dict[str, Any] = {"lot": 1, "price": euros("1000.00")}
    bids = [{**body, "consortium": consortium} for consortium in (first, second)]
    answers = await asyncio.gather(*(t1.lead.post(t1.path("/bids"), json=bid) for bid in bids))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    refused(lost, 409, "in_another_bid")
    taken = next(answer for answer in answers if answer.status_code == 201).json()["id"]
    await t1.post(t1.lead, f"/bids/{taken}/withdrawal")
    other = bids[0] if lost is answers[0] else bids[1]
    done(await t1.lead.post(t1.path("/bids"), json=other), 201)


async def test_bids_need_a_signed_agreement_and_its_lead(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    forming = await t1.formed(opportunity)
    body: dict[str, Any] = {"consortium": forming, "lot": 1, "price": euros("1000.00")}
    path = t1.path("/bids")
    refused(await t1.lead.post(path, json=body), 409, "agreement_not_signed")
    refused(await t1.alliance.directors[1].post(path, json=body), 403, "forbidden")
    signed = {**body, "consortium": await t1.signed(opportunity)}
    refused(await t1.lead.post(path, json={**signed, "lot": 2}), 422, "lot_unknown")
    free = {**signed, "price": euros("0.00")}
    refused(await t1.lead.post(path, json=free), 422, "amount_not_positive")


async def test_a_consortium_without_anything_open_is_dissolved(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.signed(await t1.opportunity())
    bid = await t1.drafted(consortium)
    path = t1.path(f"/consortia/{consortium}/dissolution")
    refused(await t1.lead.post(path, json={}), 409, "consortium_has_open")
    await t1.post(t1.lead, f"/bids/{bid}/cancellation", reason="The buyer has given it up.")
    done(await t1.lead.post(path, json={"reason": "Nothing came of it."}))
    assert (await t1.get(t1.lead, f"/consortia/{consortium}"))["stage"] == "dissolved"


async def test_a_leaver_is_cleared_once_its_last_bid_is_over(product: Product) -> None:
    t1 = await tender(product)
    consortium = await t1.signed(await t1.opportunity())
    bid = await t1.submitted(consortium)
    for number in (1, 4):
        member = f"/members/{t1.companies[number]}/notice"
        done(await t1.alliance.directors[number].post(t1.alliance.path("members", member), json={}))
    await product.caught_up(t1.alliance.id)

    async def cleared() -> list[str]:
        return [event["data"]["company"] for event in await t1.events(t1.lead, "member_cleared")]

    assert await cleared() == [t1.companies[4]]
    another: dict[str, Any] = {"consortium": consortium, "lot": 1, "price": euros("1000.00")}
    refused(await t1.lead.post(t1.path("/bids"), json=another), 409, "member_takes_nothing_new")
    await t1.post(t1.lead, f"/bids/{bid}/withdrawal")
    async with asyncio.timeout(30):
        while len(await cleared()) < 2:  # noqa: ASYNC110 - what it looks at is in the database
            await asyncio.sleep(0.05)
    assert await cleared() == [t1.companies[4], t1.companies[1]]
