"""An event that cannot be posted: its alliance stands still there, in sight, and goes on after the fix."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import pytest

from events.freezing import resume
from events.ids import AllianceId
from ledger.posting import members as posting
from members.alliance.events import RoleGranted
from rigs.product import Founded, Product


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - what it looks at is in the database
            await asyncio.sleep(0.02)


async def test_an_event_that_cannot_be_posted_stops_its_alliance_in_sight_until_it_can(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = await product.found(companies=3), await product.found(companies=3)
    for founded in (ours, theirs):
        await product.caught_up(founded.id)

    async def read(founded: Founded, rest: str) -> Any:
        answer = await founded.coordinator.get(founded.path("ledger", rest))
        assert answer.status_code == 200, answer.text
        return answer.json()

    before = await read(ours, "/log")

    def broken(_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(cast(dict[Any, Any], posting.RULES), RoleGranted, broken)
    answer = await ours.coordinator.post(
        ours.path("members", "/roles"),
        json={"issuer": "urn:elsewhere", "subject": f"{uuid4()}", "role": "auditor", "company": None},
    )
    poison = int(answer.headers["Alliance-Position"].partition("=")[2])

    async def stands_still() -> bool:
        return not (await read(ours, "/balances"))["complete"]

    await until(stands_still)
    at = {"source": "members", "sequence": poison, "code": "cannot_post"}
    assert (await read(ours, "/log"))["frozen"] == at
    ready = (await product.anonymous.get("/ledger/readyz")).json()
    assert {"alliance": str(ours.id), **at} in ready["details"]["frozen"]
    assert ready["status"] == "ready"
    frozen = [
        line
        for line in (await product.anonymous.get("/ledger/metrics")).text.splitlines()
        if line.startswith("frozen_alliances ")
    ]
    assert float(frozen[0].split()[1]) >= 1

    # The others go on, and so does every other service with this one.
    applied = await theirs.coordinator.post(
        theirs.path("members", "/members"), json={"name": "Câblages Lumiel"}
    )
    position = applied.headers["Alliance-Position"]
    assert (await read(theirs, f"/balances?after={position}&wait=10"))["complete"]
    later = await ours.coordinator.post(ours.path("members", "/members"), json={"name": "Câblages Lumiel"})
    position = later.headers["Alliance-Position"]
    waited = await ours.coordinator.get(ours.path("ledger", f"/balances?after={position}&wait=10"))
    assert (waited.status_code, waited.json()["code"]) == (503, "alliance_frozen")
    heard = await ours.coordinator.get(ours.path("purchasing", f"/campaigns?after={position}&wait=10"))
    assert heard.status_code == 200
    assert (await read(ours, "/log"))["log_size"] == before["log_size"]

    ledger = product.services["ledger"].store
    assert await resume(ledger, AllianceId(ours.id))
    await until(stands_still)  # resumed without a fix it stops there again
    assert (await read(ours, "/log"))["frozen"] == at

    monkeypatch.undo()
    assert await resume(ledger, AllianceId(ours.id))
    assert (await read(ours, f"/balances?after={position}&wait=10"))["complete"]
    after = await read(ours, "/log")
    assert after["frozen"] is None
    assert after["log_size"] == before["log_size"] + 2
