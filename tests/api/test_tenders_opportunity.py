"""Notices over HTTP: what goes in, what is refused and why, what comes again; calls typed in."""

import json
from typing import Any

import pytest

from rigs.product import Product
from samples.charter import euros
from samples.notices import file, lycees, tender_of
from samples.tenders import Tender, done, refused


async def tender(product: Product) -> Tender:
    return Tender(await product.found(5))


def amended(release: str, date: str, **changes: Any) -> bytes:
    """The story's notice, published anew."""
    package = lycees()
    package["releases"][0].update(id=release, date=date)
    tender_of(package).update(changes)
    return json.dumps(package).encode()


LATER = ("lycees-02", "2025-02-10T09:00:00+01:00")


@pytest.mark.parametrize(
    "name",
    [
        "real-release-package_encoding-utf-8",
        "real-record-package-1",
        "real-compiled-release-2",
        "real-record-package_linked-releases",
        "real-release-package_record-package",
    ],
)
async def test_real_notices_go_in_and_their_faults_are_kept(product: Product, name: str) -> None:
    t1 = await tender(product)
    processes = await t1.imported(file(name))
    assert processes
    for process in processes:
        assert (process["outcome"], bool(process["warnings"])) == ("detected", True)
        seen = await t1.get(t1.alliance.directors[3], f"/opportunities/{process['opportunity']}")
        assert (seen["stage"], seen["notice"]["ocid"]) == ("detected", process["ocid"])
        assert seen["notice"]["warnings"] == len(process["warnings"])
        original = await t1.lead.get(t1.path(f"/documents/{seen['notice']['original']}"))
        assert original.content == file(name)
        reading = done(await t1.lead.get(t1.path(f"/documents/{seen['notice']['reading']}")))
        assert reading["title"] == seen["title"]


@pytest.mark.parametrize(
    ("name", "pointer", "code"),
    [
        ("lifecycle-05-contract", "/releases/0/tender", "tender_missing"),
        ("real-versioned-release-2", "/buyer", "buyer_missing"),
    ],
)
async def test_a_notice_without_a_tender_is_refused_with_all_that_is_wrong_in_it(
    product: Product, name: str, pointer: str, code: str
) -> None:
    t1 = await tender(product)
    async with product.nothing_written():
        problem = refused(await t1.send(t1.lead, file(name)), 422, "notice_refused")
    found = [(fault["pointer"], fault["code"]) for fault in problem["errors"]]
    assert (pointer, code) in found


async def test_what_a_notice_says_of_people_is_in_no_event(product: Product) -> None:
    t1 = await tender(product)
    await t1.opportunity()
    events = json.dumps(await t1.events(t1.lead), ensure_ascii=False)
    assert "Rénovation des lycées" in events
    for text in ("Aubépin", "camille", "+33", "Confluences", "Visite des deux sites"):
        assert text not in events


async def test_the_same_notice_again_makes_no_second_opportunity(product: Product) -> None:
    t1 = await tender(product)
    await t1.opportunity()
    refused(await t1.send(t1.lead, file("lycees")), 409, "notice_known")
    assert len((await t1.get(t1.lead, "/opportunities"))["items"]) == 1


async def test_a_repeated_import_gives_the_same_answer(product: Product) -> None:
    t1 = await tender(product)
    headers = {"Idempotency-Key": "import-1", "Content-Type": "application/json"}
    path = t1.path("/notices/imports")
    answers = [await t1.lead.post(path, content=file("lycees"), headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert answers[1].headers["Idempotent-Replayed"] == "true"


async def test_a_newer_release_that_asks_for_the_same_is_no_new_edition(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    (process,) = await t1.imported(amended(*LATER))
    assert (process["outcome"], process["opportunity"]) == ("amended", opportunity)
    seen = await t1.get(t1.lead, f"/opportunities/{opportunity}")
    assert (seen["edition"], seen["notice"]["release_ids"]) == (1, ["lycees-02"])


async def test_an_older_release_changes_nothing(product: Product) -> None:
    t1 = await tender(product)
    await t1.opportunity()
    older = amended("lycees-00", "2025-01-02T09:00:00+01:00", title="Autre chose")
    refused(await t1.send(t1.lead, older), 409, "notice_known")


async def test_when_the_buyer_asks_for_something_else_every_member_agrees_anew(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    bid = await t1.submitted(await t1.signed(opportunity))
    await t1.imported(amended(*LATER, title="Rénovation de trois lycées"), effective_on="2025-02-10")
    seen = await t1.get(t1.lead, f"/bids/{bid}")
    assert (seen["stage"], seen["edition"], seen["agreed"]) == ("draft", 2, [])
    submission = t1.path(f"/bids/{bid}/submission")
    await t1.agreed(bid)
    problem = refused(await t1.lead.post(submission, json={}), 409, "bid_not_agreed")
    assert problem["detail"].startswith("1 ")
    await t1.agreed(bid, 0)
    done(await t1.lead.post(submission, json={}))


async def test_a_lot_keeps_its_number_when_the_buyer_moves_it(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    lots = [{"id": "new", "title": "Courants faibles"}, tender_of(lycees())["lots"][0]]
    await t1.imported(amended(*LATER, lots=lots))
    seen = await t1.get(t1.lead, f"/opportunities/{opportunity}")
    assert [(lot["number"], lot["reference"]) for lot in seen["lots"]] == [(2, "new"), (1, "1")]


async def test_one_publication_makes_an_opportunity_for_each_process_and_twenty_at_most(
    product: Product,
) -> None:
    t1 = await tender(product)

    def several(count: int) -> bytes:
        package = lycees()
        package["releases"] = [
            {**package["releases"][0], "ocid": f"ocds-trf001-several-{number}", "id": f"r-{number}"}
            for number in range(count)
        ]
        return json.dumps(package).encode()

    refused(await t1.send(t1.lead, several(21)), 422, "too_many_processes")
    processes = await t1.imported(several(20))
    assert len({process["opportunity"] for process in processes}) == 20
    page = await t1.get(t1.lead, "/opportunities?limit=15")
    rest = await t1.get(t1.lead, f"/opportunities?limit=15&cursor={page['next']}")
    assert [len(page["items"]), len(rest["items"]), rest["next"]] == [15, 5, None]


async def test_a_notice_with_more_lots_than_one_event_holds_keeps_them_all(product: Product) -> None:
    t1 = await tender(product)
    lots = [{"id": f"lot-{number}", "title": "é" * 400} for number in range(300)]
    (process,) = await t1.imported(amended(*LATER, lots=lots))
    seen = await t1.get(t1.lead, f"/opportunities/{process['opportunity']}")
    assert [lot["reference"] for lot in seen["lots"]] == [lot["id"] for lot in lots]
    assert len(await t1.events(t1.lead, "lots_added")) > 1


async def test_a_private_call_is_typed_in_and_passed_over(product: Product) -> None:
    t1 = await tender(product)
    body: dict[str, Any] = {
        "title": "Upkeep of 40 offices",
        "client": "Grand Compte SA",
        "description": "Green spaces, cleaning and ventilation.",
        "lots": [{"title": "Green spaces"}, {"title": "Cleaning", "value": euros("1200000.00")}],
        "cpv": ["90910000"],
        "deadline": "2025-05-26T12:00:00+02:00",
    }
    opportunity = (await t1.post(t1.lead, "/opportunities", 201, **body))["id"]
    seen = await t1.get(t1.alliance.directors[4], f"/opportunities/{opportunity}")
    assert [lot["title"] for lot in seen["lots"]] == ["Green spaces", "Cleaning"]
    assert (seen["notice"], seen["buyer"], seen["actions"]) == (None, "Grand Compte SA", [])
    text = await t1.lead.get(t1.path(f"/documents/{seen['description']}"))
    assert text.text == body["description"]
    path = t1.path(f"/opportunities/{opportunity}")
    refused(await t1.lead.post(f"{path}/go", json={}), 403, "forbidden")
    done(await t1.alliance.coordinator.post(f"{path}/no-go", json={"reason": "Too far."}))
    refused(await t1.alliance.coordinator.post(f"{path}/go", json={}), 409, "opportunity_stage")
    wrong = {**body, "value": {"amount": "1.00", "currency": "USD"}}
    refused(await t1.lead.post(t1.path("/opportunities"), json=wrong), 422, "wrong_currency")


async def test_an_opportunity_is_closed_when_no_bid_is_open(product: Product) -> None:
    t1 = await tender(product)
    opportunity = await t1.opportunity()
    bid = await t1.submitted(await t1.signed(opportunity))
    path = t1.path(f"/opportunities/{opportunity}/close")
    assert (await t1.get(t1.lead, f"/opportunities/{opportunity}"))["stage"] == "bidding"
    refused(await t1.alliance.coordinator.post(path, json={}), 409, "bids_open")
    await t1.post(t1.lead, f"/bids/{bid}/withdrawal")
    done(await t1.alliance.coordinator.post(path, json={}))
    closed = await t1.get(t1.lead, "/opportunities?stage=closed")
    assert [item["id"] for item in closed["items"]] == [opportunity]
