"""T1 of the story over HTTP: bid hours, the win, payments; what each may see; the lot that is lost."""

from typing import Any
from uuid import uuid4

from rigs.product import Client, Product
from samples.charter import euros
from samples.tenders import BID_HOURS, MARGINS, Tender, done, refused

NOBODY = "0" * 32


async def tender(product: Product, companies: int = 5) -> Tender:
    return Tender(await product.found(companies))


async def contract(product: Product, **other: Any) -> tuple[Tender, str]:
    t1 = await tender(product)
    bid = await t1.submitted(await t1.signed(await t1.opportunity(), **other))
    return t1, await t1.won(bid)


async def played(product: Product) -> tuple[Tender, str, Client]:
    """T1 of the story to its second milestone: the contract, and the independent person."""
    t1 = await tender(product)
    bid = await t1.submitted(await t1.signed(await t1.opportunity()))
    project = (await t1.get(t1.lead, f"/bids/{bid}"))["project"]
    for member, hours in enumerate(BID_HOURS):
        await t1.hours(member, hours, project, f"{member + 1:032x}")
    means = {"company": t1.companies[4], "project": project, "kind": "reference"}
    lent = done(await t1.alliance.directors[4].post(t1.path("/declarations/means"), json=means), 201)
    await t1.post(t1.alliance.coordinator, f"/declarations/{lent['id']}/attestations")
    work = await t1.won(bid)
    first = await t1.paid(work, "300000.00", "2025-06-20", milestone=1)
    await t1.attested(work, first, "2025-06-25")
    await t1.attested(work, await t1.paid(work, "750000.00", "2025-10-15", milestone=2), "2025-10-15")
    line = {"first_day": "2025-10-01", "last_day": "2025-10-15"}
    await t1.hours(0, 10, project, f"{9:032x}", kind="coordination", line=line, effective_on="2025-10-15")
    independent = await product.grant(t1.alliance, f"independent-{uuid4()}", "independent_person")
    await product.caught_up(t1.alliance.id)
    return t1, work, independent


async def test_a_tender_from_the_notice_to_its_second_milestone_recognises_what_the_story_says(
    product: Product,
) -> None:
    t1, work, independent = await played(product)
    view = await t1.get(independent, f"/contracts/{work}")
    assert [row["expected_benefit"]["amount"] for row in view["members"]] == [
        "60000.00",
        "36000.00",
        "30000.00",
        "21000.00",
    ]
    assert [row["pending_benefit"]["amount"] for row in view["members"]] == [
        "39000.00",
        "23400.00",
        "19500.00",
        "13650.00",
    ]
    benefits = [[part["benefit"]["amount"] for part in payment["parts"]] for payment in view["payments"]]
    assert benefits == [
        ["6000.00", "3600.00", "3000.00", "2100.00"],
        ["15000.00", "9000.00", "7500.00", "5250.00"],
    ]
    declared = await t1.events(independent, "contribution_attested")
    assert [event["data"]["value"]["open"]["amount"] for event in declared] == [
        "7200.00",
        "2400.00",
        "1800.00",
        "1200.00",
        "500.00",
        "450.00",
    ]
    assert {event["project"] for event in declared} == {view["project"]}
    # Attested on the 25th, the benefit counts from the day on which the buyer paid.
    recognised = await t1.events(independent, "contract_payment_recognised")
    assert [event["effectiveon"] for event in recognised] == ["2025-06-20", "2025-10-15"]


async def test_the_ledger_has_of_t1_what_the_story_says(product: Product) -> None:
    """Table "What each chapter adds", chapter 3, and "Pending", T1 on 31 December."""
    t1, _, independent = await played(product)
    balances = done(await independent.get(t1.alliance.path("ledger", "/balances")))
    shown = {row["member"]: row["figures"] for row in balances["members"]}
    figures = [
        tuple(shown[company][side]["amount"] for side in ("contributed", "received", "pending"))
        for company in t1.companies
    ]
    assert figures == [
        ("7650.00", "21000.00", "39000.00"),
        ("2400.00", "12600.00", "23400.00"),
        ("1800.00", "10500.00", "19500.00"),
        ("1200.00", "7350.00", "13650.00"),
        ("500.00", "0.00", "0.00"),
    ]
    assert balances["totals"]["pending"]["amount"] == "95550.00"


async def test_each_reads_its_own_part_and_who_is_not_in_it_reads_nothing(product: Product) -> None:
    t1 = await tender(product)
    bid = await t1.submitted(await t1.signed(await t1.opportunity()), "2876500.00")
    work = await t1.won(bid)
    await t1.attested(work, await t1.paid(work, "287650.00", "2025-06-20"), "2025-06-20")
    member, outsider = t1.alliance.directors[1], t1.alliance.directors[4]
    seen = await t1.get(member, f"/contracts/{work}")
    assert seen["amount"] == euros("2876500.00")
    assert [row["share"] for row in seen["members"]] == ["50", "20", "20", "10"]
    sealed = {"sealed": True, "owner": t1.companies[0]}
    assert [row["margin"] for row in seen["members"]][:2] == [sealed, MARGINS[1]]
    parts = seen["payments"][0]["parts"]
    assert (parts[0]["received"], parts[0]["benefit"]) == (sealed, sealed)
    assert (parts[1]["received"], parts[1]["benefit"]) == (euros("57530.00"), euros("3451.80"))
    figures = ("2876500", "287650", "143825", "57530", "28765", "5753.00", "3451.80")
    own = str(await t1.events(member))
    assert all(figure in own for figure in ("2876500", "287650", "3451.80"))
    for caller in (outsider, t1.alliance.coordinator):
        consortium = await t1.get(caller, f"/consortia/{seen['consortium']}")
        work_view = await t1.get(caller, f"/contracts/{work}")
        assert all(row["share"]["sealed"] for row in work_view["members"])
        assert all(row["share"]["sealed"] for row in consortium["shares"][0]["shares"])
        assert all(row["margin"]["sealed"] for row in consortium["terms"])
        answers = [work_view, consortium, await t1.get(caller, f"/bids/{bid}"), await t1.events(caller)]
        answers += [await t1.get(caller, path) for path in ("/contracts", "/bids", "/consortia")]
        assert not [figure for figure in figures if figure in str(answers)]
    shown = await t1.events(member, "terms_declared")
    assert ["open" in event["data"]["terms"] for event in shown] == [False, True, False, False]


async def test_who_acts_for_a_member_does_not_attest_its_payment(product: Product) -> None:
    t1, work = await contract(product)
    payment = await t1.paid(work, "300000.00", "2025-06-20")
    path = t1.path(f"/contracts/{work}/payments/{payment}/attestation")
    refused(await t1.lead.post(path, json={}), 403, "forbidden")
    await product.grant(t1.alliance, t1.lead.name, "coordinator")
    await product.caught_up(t1.alliance.id)
    refused(await t1.lead.post(path, json={}), 403, "forbidden")
    done(await t1.alliance.coordinator.post(path, json={}))
    refused(await t1.alliance.coordinator.post(path, json={}), 409, "payment_stage")


async def test_a_small_payment_needs_no_attestation(product: Product) -> None:
    t1, work = await contract(product)
    payment = await t1.paid(work, "200.00", "2025-06-20")
    assert (await t1.get(t1.lead, f"/contracts/{work}/payments/{payment}"))["stage"] == "recognised"


async def test_parts_of_a_payment_add_up_to_it(product: Product) -> None:
    t1, work = await contract(product)
    path = t1.path(f"/contracts/{work}/payments")
    parts = [
        {"company": company, "amount": euros(amount)}
        for company, amount in zip(t1.companies, ("600.00", "399.99"), strict=False)
    ]
    body = {"company": t1.companies[0], "total": euros("1000.00"), "received": parts}
    refused(await t1.lead.post(path, json=body), 422, "parts_differ_from_total")
    parts[1]["amount"] = euros("400.00")
    done(await t1.lead.post(path, json=body), 201)
    parts[1]["company"] = t1.companies[4]
    refused(await t1.lead.post(path, json=body), 422, "not_in_contract")


async def test_a_repeated_request_names_the_same_payment(product: Product) -> None:
    t1, work = await contract(product)
    body = {"company": t1.companies[0], "total": euros("1000.00")}
    headers = {"Idempotency-Key": "payment-1"}
    path = t1.path(f"/contracts/{work}/payments")
    answers = [await t1.lead.post(path, json=body, headers=headers) for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len((await t1.get(t1.lead, f"/contracts/{work}"))["payments"]) == 1


async def test_what_a_solidary_consortium_is_paid_the_lead_owes_to_the_others(product: Product) -> None:
    t1, work = await contract(product, form="solidary")
    payment = await t1.paid(work, "300000.00", "2025-06-20", pass_on_by="2025-07-05")
    await t1.attested(work, payment, "2025-06-20")
    owed = (await t1.get(t1.lead, "/obligations"))["items"]
    assert sorted((one["creditor"], one["amount"]["amount"], one["due_on"]) for one in owed) == sorted(
        (company, amount, "2025-07-05")
        for company, amount in zip(t1.companies[1:], ("60000.00", "60000.00", "30000.00"), strict=False)
    )
    assert {(one["debtor"], one["reason"]) for one in owed} == {(t1.companies[0], "passed_on")}
    path = f"/contracts/{work}/payments/{payment}/reversal"
    await t1.post(t1.alliance.coordinator, path, reason="Paid twice by mistake.")
    assert {one["state"] for one in (await t1.get(t1.lead, "/obligations"))["items"]} == {"cancelled"}


async def test_what_was_reversed_is_expected_again(product: Product) -> None:
    t1, work = await contract(product)
    payment = await t1.paid(work, "300000.00", "2025-06-20")
    await t1.attested(work, payment, "2025-06-20")
    path = f"/contracts/{work}/payments/{payment}/reversal"
    await t1.post(t1.alliance.coordinator, path, reason="Of another contract.")
    own = (await t1.get(t1.lead, f"/contracts/{work}"))["members"][0]
    assert own["pending_benefit"] == euros("60000.00")


async def test_a_contract_ends_with_nothing_expected_and_its_consortium_discharged(product: Product) -> None:
    t1, work = await contract(product)
    await t1.paid(work, "300000.00", "2025-06-20")
    path = t1.path(f"/contracts/{work}/completion")
    refused(await t1.lead.post(path, json={}), 409, "payments_wait")
    payment = (await t1.get(t1.lead, f"/contracts/{work}"))["payments"][0]["id"]
    await t1.attested(work, payment, "2025-06-20")
    done(await t1.lead.post(path, json={}))
    view = await t1.get(t1.lead, f"/contracts/{work}")
    assert (view["stage"], view["members"][0]["pending_benefit"]) == ("completed", euros("0.00"))
    assert (await t1.get(t1.lead, f"/consortia/{view['consortium']}"))["stage"] == "discharged"
    hours = {
        "company": t1.companies[0],
        "project": view["project"],
        "kind": "coordination",
        "lines": [{"person": NOBODY, "first_day": "2025-06-02", "last_day": "2025-06-20", "hours": "1"}],
    }
    refused(await t1.lead.post(t1.path("/declarations/hours"), json=hours), 409, "lot_over")


async def test_coordination_on_a_contract_goes_by_the_charter_of_the_day_it_was_made(
    product: Product,
) -> None:
    t1, work = await contract(product)
    view = await t1.get(t1.lead, f"/contracts/{work}")
    line = {"first_day": "2025-09-01", "last_day": "2025-10-15"}
    other = {"kind": "coordination", "line": line, "effective_on": "2025-10-15"}
    declaration = await t1.hours(0, 10, view["project"], f"{9:032x}", **other)
    shown = await t1.get(t1.lead, f"/declarations/{declaration}")
    assert (shown["value"], shown["charter_version"]) == (euros("450.00"), view["charter_version"])


async def test_who_bore_less_of_a_lost_lot_pays_who_bore_more(product: Product) -> None:
    """T2 lot 1 of the story: 20 and 12 hours by 60/40."""
    t2 = Tender(await product.found(3), members=2)
    consortium = await t2.signed(await t2.opportunity(), ("60", "40"), lost_costs="work_share")
    bid = await t2.submitted(consortium)
    project = (await t2.get(t2.lead, f"/bids/{bid}"))["project"]
    await t2.hours(0, 20, project, f"{1:032x}")
    await t2.hours(1, 12, project, f"{2:032x}")
    await t2.post(t2.lead, f"/bids/{bid}/loss", effective_on="2025-06-12", due_on="2025-07-12")
    (owed,) = (await t2.get(t2.lead, "/obligations"))["items"]
    assert (owed["debtor"], owed["creditor"]) == (t2.companies[1], t2.companies[0])
    assert (owed["amount"], owed["due_on"], owed["project"]) == (euros("48.00"), "2025-07-12", project)
    (lost,) = await t2.events(t2.lead, "bid_lost")
    own, other = lost["data"]["costs"]
    assert own["open"] == {"borne": euros("1200.00"), "share": euros("1152.00")}
    assert "open" not in other


async def test_a_dry_run_of_a_loss_does_not_tell_the_lead_what_the_others_bore(product: Product) -> None:
    """Its own share of the whole, before and after another's hours, would."""
    t2 = Tender(await product.found(3), 3)
    shares, key = ("50", "30", "20"), "work_share"
    bid = await t2.submitted(await t2.signed(await t2.opportunity(), shares, lost_costs=key))
    project = (await t2.get(t2.lead, f"/bids/{bid}"))["project"]
    for member, hours in enumerate((31, 17, 23)):
        await t2.hours(member, hours, project, f"{member + 1:032x}")
        path, dry = t2.path(f"/bids/{bid}/loss"), {"dry_run": "true"}
        would = done(await t2.lead.post(path, json={}, params=dry))["would"]
        assert [event.keys() for event in would] == [{"type"}] * len(would)
        assert would[0]["type"] == "alliance.tenders.bid_lost.v1"


async def test_a_lot_is_not_lost_while_hours_for_it_wait(product: Product) -> None:
    t1 = await tender(product)
    bid = await t1.submitted(await t1.signed(await t1.opportunity(), lost_costs="work_share"))
    project = (await t1.get(t1.lead, f"/bids/{bid}"))["project"]
    line = {"person": NOBODY, "first_day": "2025-02-03", "last_day": "2025-02-07", "hours": "40"}
    body = {"company": t1.companies[0], "project": project, "kind": "bid_preparation", "lines": [line]}
    await t1.post(t1.lead, "/declarations/hours", 201, **body)
    refused(await t1.lead.post(t1.path(f"/bids/{bid}/loss"), json={}), 409, "declarations_wait")


async def test_only_a_member_of_the_consortium_declares_hours_for_its_lot(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    await t1.signed(opportunity)
    line = {"person": NOBODY, "first_day": "2025-02-03", "last_day": "2025-02-07", "hours": "4"}
    body = {"kind": "bid_preparation", "lines": [line], "project": f"opportunity/{opportunity}/lot/1"}
    outsider, path = t1.alliance.directors[4], t1.path("/declarations/hours")
    refused(await outsider.post(path, json={**body, "company": t1.companies[4]}), 422, "kind_of_work_unknown")
    done(await t1.lead.post(path, json={**body, "company": t1.companies[0]}), 201)
    elsewhere = {**body, "company": t1.companies[0], "project": f"opportunity/{opportunity}/lot/2"}
    refused(await t1.lead.post(path, json=elsewhere), 404, "project_unknown")


async def test_why_hours_were_taken_back_is_read_and_erased_by_their_company_alone(product: Product) -> None:
    t1 = await tender(product)
    bid = await t1.submitted(await t1.signed(await t1.opportunity()))
    project = (await t1.get(t1.lead, f"/bids/{bid}"))["project"]
    declaration, own = await t1.hours(1, 8, project, f"{1:032x}"), t1.alliance.directors[1]
    await t1.post(own, f"/declarations/{declaration}/reversals", reason="Her leave, not the bid.")
    (reversed_,) = await t1.events(own, "declaration_reversed")
    text = t1.path(f"/documents/{reversed_['data']['why']['document']}")
    for other in (t1.lead, t1.alliance.directors[4], t1.alliance.coordinator):
        refused(await other.get(text), 404, "not_found")
        refused(await other.delete(text), 404, "not_found")
    assert (await own.get(text)).text == "Her leave, not the bid."
    assert (await own.delete(text)).status_code == 204
    assert (await t1.get(own, f"/declarations/{declaration}"))["why"] is None
