"""The product in the test's process: what its tests rely on."""

from uuid import uuid4

import pytest

from rigs.product import Product


async def test_a_founded_alliance_is_known_to_every_service(product: Product) -> None:
    alliance = await product.found(companies=3)
    for service in product.services:
        answer = await alliance.directors[0].get(alliance.path(service, "/events"))
        assert answer.status_code == 200, answer.text
        stranger = await product.as_("stranger").get(alliance.path(service, "/events"))
        assert stranger.status_code == 404
    assert len(set(alliance.companies)) == 3
    me = (await alliance.directors[2].get("/members/v1/me")).json()
    assert me["alliances"][0]["roles"][0]["company"] == str(alliance.companies[2])


async def test_a_refused_command_writes_nothing_anywhere(product: Product) -> None:
    alliance = await product.found()
    body = {"issuer": "x", "subject": "y", "role": "auditor", "company": None}
    async with product.nothing_written():
        refused = await alliance.directors[0].post(alliance.path("members", "/roles"), json=body)
        assert refused.status_code == 403
        unknown = await alliance.directors[0].post(f"/members/v1/alliances/{uuid4()}/roles", json=body)
        assert unknown.status_code == 404
        dry = await alliance.coordinator.post(
            alliance.path("members", "/roles"), json=body, params={"dry_run": "true"}
        )
        assert dry.json()["dry_run"] is True


async def test_one_row_more_is_seen(product: Product) -> None:
    alliance = await product.found()
    with pytest.raises(AssertionError, match=r"members\.receipts"):
        async with product.nothing_written():
            await product.grant(alliance, f"auditor-{uuid4()}", "auditor")
