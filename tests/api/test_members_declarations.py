"""Hours of the common life over HTTP: declared, attested, contested, arbitrated, reversed, replaced."""

from typing import Any
from uuid import uuid4

import httpx

from rigs.product import Client, Founded, Product

WORKER = "5d41402abc4b2a76b9719d911017c592"


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json()


def line(
    hours: str, first_day: str = "2025-01-02", last_day: str = "2025-06-30", person: str = WORKER
) -> Any:
    return {"person": person, "first_day": first_day, "last_day": last_day, "hours": hours}


def hours(alliance: Founded, number: int, *lines: Any, **body: Any) -> dict[str, Any]:
    return {
        "company": str(alliance.companies[number]),
        "kind": "coordination",
        "lines": list(lines),
        "effective_on": "2025-06-30",
        **body,
    }


class Common:
    """An alliance, its independent person, and the coordinator as a delegate of the first company."""

    def __init__(self, alliance: Founded, independent: Client) -> None:
        self.alliance = alliance
        self.independent = independent
        self.coordinator = alliance.coordinator
        self.path = alliance.path("members", "/declarations")

    async def declare(self, number: int, *lines: Any, **body: Any) -> str:
        director = self.alliance.directors[number]
        answer = await director.post(f"{self.path}/hours", json=hours(self.alliance, number, *lines, **body))
        return f"{self.path}/{ok(answer, 201)['id']}"


async def common(product: Product, **terms: Any) -> Common:
    alliance = await product.found(3, terms=terms)
    independent = await product.grant(alliance, f"independent-{uuid4()}", "independent_person")
    await product.grant(alliance, alliance.coordinator.name, "delegate", alliance.companies[0])
    return Common(alliance, independent)


async def recorded(product: Product, alliance: Founded, kind: str) -> list[dict[str, Any]]:
    answer = await alliance.directors[0].get(alliance.path("members", "/events"), params={"types": kind})
    return [item["event"] for item in ok(answer)["items"]]


async def test_the_coordinators_own_hours_are_attested_by_the_independent_person_alone(
    product: Product,
) -> None:
    life = await common(product)
    own = await life.declare(0, line("60"))
    assert ok(await life.independent.get(own))["independent_only"] is True
    for other in (life.coordinator, *life.alliance.directors):
        refused(await other.post(f"{own}/attestations", json={}), 403, "forbidden")
    ok(await life.independent.post(f"{own}/attestations", json={}))
    seen = ok(await life.alliance.directors[0].get(own))
    assert (seen["state"], seen["value"]["amount"], seen["hours"]) == ("attested", "2700.00", "60")
    refused(await life.independent.post(f"{own}/attestations", json={}), 409, "declaration_not_awaiting")


async def test_others_hours_are_attested_by_the_coordinator_and_count_on_their_posting_date(
    product: Product,
) -> None:
    life = await common(product)
    theirs = await life.declare(1, line("20"), kind="meeting")
    refused(await life.alliance.directors[1].post(f"{theirs}/attestations", json={}), 403, "forbidden")
    early = {"effective_on": "2025-06-29"}
    refused(await life.coordinator.post(f"{theirs}/attestations", json=early), 422, "before_declaration")
    ok(await life.coordinator.post(f"{theirs}/attestations", json={"effective_on": "2025-07-04"}))
    (event,) = await recorded(product, life.alliance, "alliance.members.contribution_attested.v1")
    assert (event["effectiveon"], event["project"], event["charterversion"]) == ("2025-06-30", "life", 1)
    assert (event["data"]["attested_on"], event["data"]["form"]) == ("2025-07-04", "officers")
    assert "open" not in event["data"]["value"]


async def test_up_to_the_charters_limit_a_declaration_is_enough_but_for_the_coordinators_own(
    product: Product,
) -> None:
    life = await common(product)
    states = {}
    for number, given in ((1, "5"), (1, "5.01"), (0, "1")):
        one = await life.declare(number, line(given), kind="meeting")
        states[number, given] = ok(await life.independent.get(one))["state"]
    assert states == {(1, "5"): "counted", (1, "5.01"): "declared", (0, "1"): "declared"}


async def test_what_is_contested_is_arbitrated_and_only_what_is_found_right_counts(product: Product) -> None:
    life = await common(product)
    one = await life.declare(1, line("20"))
    why = {"reason": "The meeting of May was cancelled."}
    refused(await life.independent.post(f"{one}/arbitrations", json=why), 409, "declaration_not_contested")
    ok(await life.coordinator.post(f"{one}/contests", json=why))
    refused(await life.coordinator.post(f"{one}/attestations", json={}), 409, "declaration_not_awaiting")
    refused(await life.coordinator.post(f"{one}/arbitrations", json=why), 403, "forbidden")
    more = {**why, "lines": [line("21")]}
    refused(await life.independent.post(f"{one}/arbitrations", json=more), 422, "more_than_declared")
    ok(await life.independent.post(f"{one}/arbitrations", json={**why, "lines": [line("16")]}))
    seen = ok(await life.alliance.directors[1].get(one))
    assert (seen["state"], seen["hours"], seen["value"]["amount"]) == ("arbitrated", "16", "720.00")
    assert seen["why"] == why["reason"]


async def test_a_typing_error_is_reversed_and_replaced_with_reason_and_actor(product: Product) -> None:
    life = await common(product)
    wrong = await life.declare(1, line("28"))
    number = wrong.rsplit("/", maxsplit=1)[-1]
    ok(await life.coordinator.post(f"{wrong}/attestations", json={}))
    again = hours(life.alliance, 1, line("18"), replaces=number)
    director = life.alliance.directors[1]
    refused(await director.post(f"{life.path}/hours", json=again), 409, "replaced_stands")
    refused(
        await life.alliance.directors[2].post(f"{wrong}/reversals", json={"reason": "x"}), 403, "forbidden"
    )
    ok(await director.post(f"{wrong}/reversals", json={"reason": "28 typed for 18."}))
    right = ok(await director.post(f"{life.path}/hours", json=again), 201)["id"]
    refused(await director.post(f"{life.path}/hours", json=again), 409, "replaced_already")
    (attested,) = await recorded(product, life.alliance, "alliance.members.contribution_attested.v1")
    (reversed_,) = await recorded(product, life.alliance, "alliance.members.declaration_reversed.v1")
    assert reversed_["data"]["event"] == attested["id"]
    assert reversed_["actor"] == product.person(director.name)
    assert reversed_["effectiveon"] == "2025-06-30"
    assert ok(await director.get(wrong))["why"] == "28 typed for 18."
    assert ok(await director.get(f"{life.path}/{right}"))["replaces"] == number


async def test_nobody_works_more_than_twelve_hours_a_day_in_all_of_a_companys_declarations(
    product: Product,
) -> None:
    life = await common(product)
    day = {"first_day": "2025-03-03", "last_day": "2025-03-03"}
    first = await life.declare(1, line("7", **day), line("12", "2025-03-03", "2025-03-04"))
    path, own = f"{life.path}/hours", life.alliance.directors[1]
    problem = refused(
        await own.post(path, json=hours(life.alliance, 1, line("5.01", **day))),
        409,
        "more_than_twelve_hours_a_day",
    )
    assert problem["errors"][0]["pointer"] == "/lines/0"
    ok(await own.post(path, json=hours(life.alliance, 1, line("5", **day))), 201)
    refused(
        await own.post(path, json=hours(life.alliance, 1, line("0.01", **day))),
        409,
        "more_than_twelve_hours_a_day",
    )
    ok(await own.post(path, json=hours(life.alliance, 1, line("12", **day, person="0" * 32))), 201)
    ok(await own.post(f"{first}/reversals", json={"reason": "Another day."}))
    ok(await own.post(path, json=hours(life.alliance, 1, line("7", **day))), 201)


async def test_hours_of_a_person_at_another_company_are_told_to_nobody_and_limit_what_is_attested(
    product: Product,
) -> None:
    life = await common(product)
    day = {"first_day": "2025-03-03", "last_day": "2025-03-03"}
    first = await life.declare(1, line("7", **day))
    path, other = f"{life.path}/hours", life.alliance.directors[2]
    for many in ("4.99", "5", "5.01", "12"):
        answer = await other.post(f"{path}?dry_run=true", json=hours(life.alliance, 2, line(many, **day)))
        assert ok(answer)["would"][0]["data"]["counts"] is False
    second = await life.declare(2, line("5.01", **day))
    third = await life.declare(2, line("5", **day))
    ok(await life.alliance.coordinator.post(f"{first}/attestations", json={}))
    refused(
        await life.alliance.coordinator.post(f"{second}/attestations", json={}),
        409,
        "more_than_twelve_hours_a_day",
    )
    ok(await other.post(f"{second}/reversals", json={"reason": "Too much."}))
    ok(await life.alliance.coordinator.post(f"{third}/attestations", json={}))


async def test_who_is_not_concerned_gets_the_declaration_with_its_figures_sealed(product: Product) -> None:
    life = await common(product)
    theirs = await life.declare(1, line("20"), evidence="Minutes of the meetings")
    owner = str(life.alliance.companies[1])
    seen = ok(await life.alliance.directors[2].get(theirs))
    sealed = {"sealed": True, "owner": owner}
    assert all(seen[name] == sealed for name in ("hours", "value", "lines", "rate", "evidence"))
    assert seen["actions"] == []
    (item,) = ok(await life.alliance.directors[2].get(life.path, params={"company": owner}))["items"]
    assert (item["hours"], item["value"]) == (sealed, sealed)
    attester = ok(await life.coordinator.get(theirs))
    assert (attester["hours"], attester["evidence"]) == ("20", "Minutes of the meetings")
    assert attester["actions"] == ["attest_declaration", "contest_declaration"]
    own = ok(await life.alliance.directors[1].get(theirs))
    assert own["actions"] == ["reverse_declaration"]


async def test_what_cannot_be_is_refused_and_leaves_nothing(product: Product) -> None:
    life = await common(product)
    director, path = life.alliance.directors[1], f"{life.path}/hours"

    def body(*lines: Any, **other: Any) -> dict[str, Any]:
        return hours(life.alliance, 1, *lines, **other)

    async with product.nothing_written():
        for wrong, status, code in (
            (body(line("1"), kind="juggling"), 422, "kind_of_work_unknown"),
            (body(line("1"), kind="engineer"), 422, "kind_of_work_unknown"),
            (body(line("1", last_day="2025-07-01")), 422, "line_after_posting_date"),
            (body(line("1", "2025-06-30", "2025-06-01")), 422, "line_days_wrong"),
            (body(line("1"), project="campaign/1"), 404, "project_unknown"),
            (body(line("1"), replaces=str(uuid4())), 422, "replaced_unknown"),
            (body(line("1"), company=str(life.alliance.companies[2])), 403, "forbidden"),
            (body(line("1"), effective_on="2999-01-01"), 422, "effective_on_in_future"),
            (body(), 422, "invalid_request"),
            (body(line("-1")), 422, "invalid_request"),
        ):
            refused(await director.post(path, json=wrong), status, code)
        unknown = f"{life.path}/{uuid4()}/attestations"
        refused(await life.coordinator.post(unknown, json={}), 404, "declaration_unknown")


async def test_lists_go_by_company_project_and_state_in_pages(product: Product) -> None:
    life = await common(product)
    made = [await life.declare(number, line("10", person=f"{number:032x}")) for number in (0, 1, 1, 2)]
    ids = [one.rsplit("/", maxsplit=1)[-1] for one in made]
    ok(await life.coordinator.post(f"{made[1]}/attestations", json={}))
    first = ok(await life.independent.get(life.path, params={"limit": 3}))
    rest = ok(await life.independent.get(life.path, params={"limit": 3, "cursor": first["next"]}))
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ids
    company = str(life.alliance.companies[1])
    one = ok(await life.independent.get(life.path, params={"company": company, "state": "attested"}))
    assert [item["id"] for item in one["items"]] == [ids[1]]
    assert ok(await life.independent.get(life.path, params={"project": "campaign/1"}))["items"] == []
