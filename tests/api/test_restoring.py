"""What callers and operators see of a service that is being restored, and what it must not bring back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from events.envelope import Event, Recorded
from events.execute import Commands
from events.ids import AllianceId
from rigs.product import Founded, Product

PERSON = {"name": "Léonie Marchenoir", "email": "leonie@example.com"}


@pytest.fixture
async def founded(product: Product) -> Founded:
    return await product.found()


@asynccontextmanager
async def being_restored(product: Product) -> AsyncIterator[None]:
    """Of the members service: the table that the restoration looks into first is kept from it."""
    gate = product.services["members"].store.gate
    assert gate is not None
    async with product.database("members") as connection, connection.transaction():
        await connection.execute("LOCK TABLE mark IN ACCESS EXCLUSIVE MODE")
        gate.checked = None
        yield
    async with asyncio.timeout(20):
        while gate.checked is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_commands_are_refused_for_a_moment_reading_goes_on_and_readiness_says_why(
    product: Product, founded: Founded
) -> None:
    path, card = founded.path("members", "/roles"), founded.path("members", "/members")
    role = {"issuer": "urn:x", "subject": "s", "role": "auditor", "company": None}
    async with being_restored(product):
        answer = await founded.coordinator.post(path, json=role, headers={"Idempotency-Key": "restoring"})
        assert (answer.status_code, answer.json()["code"]) == (503, "restoring")
        assert answer.headers["Retry-After"] == "1"
        assert (await founded.coordinator.get(card)).status_code == 200
        ready = await product.anonymous.get("/members/readyz")
        assert ready.status_code == 200
        assert ready.json()["details"]["restoration"] == {"done": False, "not_restored": {}}
        metrics = await product.anonymous.get("/members/metrics")
        assert "\nrestoring 1.0\n" in metrics.text
    answer = await founded.coordinator.post(path, json=role, headers={"Idempotency-Key": "restoring"})
    assert answer.status_code == 201
    assert (await product.anonymous.get("/members/readyz")).json()["details"]["restoration"]["done"] is True
    assert "\nrestoring 0.0\n" in (await product.anonymous.get("/members/metrics")).text


async def test_a_person_erased_since_the_copy_is_erased_again_by_the_event(
    product: Product, founded: Founded
) -> None:
    people, person = founded.path("members", "/people"), product.person("leonie")
    body = {**PERSON, "issuer": "urn:alliance:embedded", "subject": "leonie", "company": None}
    assert (await founded.coordinator.post(people, json=body)).status_code == 201
    kept = await product.rows("members", "SELECT * FROM people WHERE alliance_id = $1", founded.id)
    assert [row["person"] for row in kept] == [person]
    entry = await founded.coordinator.get(f"{people}/{person}")
    gone = await founded.coordinator.delete(f"{people}/{person}", headers={"If-Match": entry.headers["ETag"]})
    assert gone.status_code == 200, gone.text

    members = product.services["members"]
    bodies = [body for _, body in await members.store.events(AllianceId(founded.id), 0, 1000)]
    erased: Recorded[Event] = members.commands.registry.read(bodies[-1], members.commands.keyring)
    assert erased.event.type == "alliance.members.person_erased.v1"
    async with product.database("members") as connection:  # as in the copy
        await connection.execute("INSERT INTO people VALUES ($1, $2, $3, $4, $5, $6, $7)", *kept[0].values())
        await connection.execute("DELETE FROM erasures WHERE subject = $1", str(kept[0]["entry"]))
    async with members.store.transaction() as transaction:
        commands: Commands = members.commands
        await commands._project(transaction, AllianceId(founded.id), [erased], [])
    assert await product.rows("members", "SELECT FROM people WHERE alliance_id = $1", founded.id) == []
    assert (
        len(await product.rows("members", "SELECT FROM erasures WHERE subject = $1", str(kept[0]["entry"])))
        == 1
    )
