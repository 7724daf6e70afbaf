"""Decisions over HTTP: who votes, what stays sealed, what a decision is good for."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from rigs.product import Client, Founded, Product


async def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


async def drafted(alliance: Founded, **changes: Any) -> str:
    """The path of a new decision."""
    body = {"matter": "other", "title": "Meet in June", **changes}
    answer = await alliance.coordinator.post(alliance.path("members", "/decisions"), json=body)
    return alliance.path("members", f"/decisions/{(await ok(answer, 201))['id']}")


async def opened(alliance: Founded, interested: list[str] | None = None, **changes: Any) -> str:
    decision = await drafted(alliance, **changes)
    body = {"interested": interested or []}
    await ok(await alliance.coordinator.post(f"{decision}/opening", json=body))
    return decision


async def vote(alliance: Founded, decision: str, number: int, how: str) -> httpx.Response:
    body = {"company": str(alliance.companies[number]), "vote": how}
    return await alliance.directors[number].post(f"{decision}/votes", json=body)


async def closed(alliance: Founded, decision: str) -> dict[str, Any]:
    await ok(await alliance.coordinator.post(f"{decision}/closing", json={}))
    return await ok(await alliance.coordinator.get(f"{decision}/result"))


async def test_a_vote_is_counted_when_it_is_closed(product: Product) -> None:
    alliance = await product.found(4)
    decision = await opened(alliance)
    for number, how in enumerate(["against", "for", "abstain"]):
        await ok(await vote(alliance, decision, number, how))
    await ok(await vote(alliance, decision, 0, "for"))  # the latest counts
    result = await closed(alliance, decision)
    ballots = {ballot["company"]: ballot["vote"] for ballot in result.pop("ballots")}
    assert result == {
        "outcome": "passed",
        "electorate": 4,
        "votes_for": 2,
        "votes_against": 0,
        "abstentions": 1,
    }
    assert ballots == {
        str(company): how for company, how in zip(alliance.companies, ["for", "for", "abstain"], strict=False)
    }
    refused(await vote(alliance, decision, 3, "for"), 409, "vote_over")


async def test_nobody_sees_a_result_before_the_closing(product: Product) -> None:
    alliance = await product.found(3)
    decision = await opened(alliance)
    await ok(await vote(alliance, decision, 0, "against"))
    await product.grant(alliance, f"auditor-{alliance.id}", "auditor")
    await product.grant(alliance, f"independent-{alliance.id}", "independent_person")
    callers: list[Client] = [
        alliance.coordinator,
        *alliance.directors,
        product.as_(f"auditor-{alliance.id}"),
        product.as_(f"independent-{alliance.id}"),
    ]
    for caller in callers:
        refused(await caller.get(f"{decision}/result"), 409, "result_sealed")
        seen = (await caller.get(decision)).text + (
            await caller.get(alliance.path("members", "/events?limit=200"))
        ).text
        assert "against" not in seen
    refused(
        await alliance.coordinator.post(f"{decision}/closing?dry_run=true", json={}), 409, "result_sealed"
    )
    assert (
        "against"
        not in (
            await alliance.directors[0].post(
                f"{decision}/votes?dry_run=true",
                json={"company": str(alliance.companies[0]), "vote": "against"},
            )
        ).text
    )
    assert not await product.rows("members", "SELECT FROM ballots WHERE alliance_id = $1", alliance.id)
    await closed(alliance, decision)
    feed = (await alliance.directors[1].get(alliance.path("members", "/events?limit=200"))).text
    assert "against" in feed


async def test_who_has_an_interest_or_no_active_membership_has_no_vote(product: Product) -> None:
    alliance = await product.found(4)
    decision = await opened(alliance, interested=[str(alliance.companies[1])])
    view = await ok(await alliance.directors[0].get(decision))
    assert str(alliance.companies[1]) in view["interested"]
    assert len(view["electorate"]) == 3
    async with product.nothing_written():
        refused(await vote(alliance, decision, 1, "for"), 409, "not_in_electorate")
        refused(
            await alliance.directors[0].post(
                f"{decision}/votes", json={"company": str(alliance.companies[2]), "vote": "for"}
            ),
            403,
            "forbidden",
        )
    about = await opened(alliance, matter="expel", company=str(alliance.companies[2]), title="Expel")
    refused(await vote(alliance, about, 2, "against"), 409, "not_in_electorate")


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ([], "inquorate"),
        (["for"], "inquorate"),
        (["for", "against"], "failed"),
        (["for", "abstain"], "passed"),
    ],
)
async def test_the_quorum_is_on_the_electorate_and_the_majority_on_the_votes_cast(
    product: Product, votes: list[str], outcome: str
) -> None:
    alliance = await product.found(4)
    decision = await opened(alliance)
    for number, how in enumerate(votes):
        await ok(await vote(alliance, decision, number, how))
    assert (await closed(alliance, decision))["outcome"] == outcome


async def test_a_vote_with_a_closing_date_closes_by_itself(product: Product) -> None:
    alliance = await product.found(3)
    decision = await drafted(alliance)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await ok(await alliance.coordinator.post(f"{decision}/opening", json={"closes_at": soon.isoformat()}))
    async with asyncio.timeout(20):
        while (await alliance.coordinator.get(f"{decision}/result")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await ok(await alliance.coordinator.get(decision)))["status"] == "inquorate"
    assert not await product.rows("members", "SELECT FROM deadlines WHERE alliance_id = $1", alliance.id)


async def test_a_decision_says_what_it_is_about(product: Product) -> None:
    alliance = await product.found(2)
    path = alliance.path("members", "/decisions")
    for body, code in [
        ({"matter": "expel", "title": "x"}, "decision_company_mismatch"),
        (
            {"matter": "other", "title": "x", "company": str(alliance.companies[0])},
            "decision_company_mismatch",
        ),
        ({"matter": "expel", "title": "x", "company": str(uuid4())}, "company_unknown"),
        ({"matter": "charter", "title": "x"}, "decision_proposal_mismatch"),
        ({"matter": "charter", "title": "x", "proposal": str(uuid4())}, "charter_proposal_unknown"),
    ]:
        refused(await alliance.coordinator.post(path, json=body), 422, code)
    decision = await drafted(alliance, discussion="Why June?")
    view = await ok(await alliance.directors[0].get(decision))
    assert (view["title"], view["discussion"], view["status"]) == ("Meet in June", "Why June?", "draft")
    events = await alliance.coordinator.get(alliance.path("members", "/events?limit=200&raw=true"))
    assert "June" not in json.dumps(events.json())
    refused(await alliance.coordinator.post(f"{decision}/closing", json={}), 409, "vote_not_open")
    refused(
        await alliance.coordinator.post(f"{decision}/opening", json={"closes_at": "2020-01-01T00:00:00Z"}),
        422,
        "closes_at_past",
    )
    listed = await ok(await alliance.directors[0].get(path))
    assert [item["title"] for item in listed["items"]] == ["Meet in June"]
