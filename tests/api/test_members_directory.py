"""The directory of people over HTTP: names stand there alone, and can be forgotten."""

from typing import Any
from uuid import uuid4

import httpx

from embedded.tokens import ISSUER
from members.directory.views import replay
from rigs.product import Founded, Product

NAME, EMAIL = "Wilhelmine Quastenflosser", "wq@foundry.example"


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def body(product: Product, subject: str, **changes: Any) -> dict[str, Any]:
    return {"issuer": ISSUER, "subject": subject, "name": NAME, "email": EMAIL, **changes}


async def registered(product: Product, alliance: Founded) -> tuple[str, str]:
    """(the name in its tokens, the path of its entry) of a person of the first company."""
    subject = f"person-{uuid4()}"
    answer = await alliance.directors[0].post(
        alliance.path("members", "/people"),
        json=body(product, subject, company=str(alliance.companies[0])),
    )
    ok(answer, 201)
    return subject, answer.headers["Location"]


async def test_a_person_is_known_by_name_to_the_alliance_alone(product: Product) -> None:
    alliance = await product.found(3)
    subject, entry = await registered(product, alliance)
    view = ok(await alliance.directors[2].get(entry))
    assert (view["person"], view["name"], view["email"]) == (product.person(subject), NAME, EMAIL)
    assert view["actions"] == []
    listed = ok(
        await alliance.directors[2].get(alliance.path("members", f"/people?company={alliance.companies[0]}"))
    )
    assert [item["name"] for item in listed["items"]] == [NAME]
    assert (await product.as_("stranger").get(entry)).status_code == 404
    assert (await product.as_(subject).get(entry)).status_code == 404  # an entry is no role


async def test_no_event_holds_a_name_or_an_address(product: Product) -> None:
    alliance = await product.found(3)
    subject, _ = await registered(product, alliance)
    await product.caught_up(alliance.id)
    rows = await product.rows("members", "SELECT body FROM events WHERE alliance_id = $1", alliance.id)
    rows += await product.rows("log", 'SELECT value AS body FROM "alliance.members"')
    assert any(product.person(subject).encode() in row["body"] for row in rows)
    for row in rows:
        assert b"Quastenflosser" not in row["body"]
        assert EMAIL.encode() not in row["body"]
        assert subject.encode() not in row["body"]


async def test_a_retry_registers_once_and_a_second_registration_is_refused(product: Product) -> None:
    alliance = await product.found(3)
    path, person = alliance.path("members", "/people"), body(product, f"person-{uuid4()}")
    key = {"Idempotency-Key": uuid4().hex}
    first = ok(await alliance.coordinator.post(path, json=person, headers=key), 201)
    again = await alliance.coordinator.post(path, json=person, headers=key)
    assert ok(again, 201) == first
    assert again.headers["Idempotent-Replayed"] == "true"
    async with product.nothing_written():
        other = await alliance.coordinator.post(path, json=person | {"name": "Somebody Else"})
        assert (other.status_code, other.json()["code"]) == (409, "person_registered_already")
        dry = await alliance.coordinator.post(f"{path}?dry_run=true", json=body(product, f"person-{uuid4()}"))
        assert ok(dry)["dry_run"] is True


async def test_who_may_register_and_correct(product: Product) -> None:
    alliance = await product.found(3)
    path = alliance.path("members", "/people")
    mine, other = str(alliance.companies[0]), str(alliance.companies[1])
    subject, entry = await registered(product, alliance)
    async with product.nothing_written():
        for company in (other, None):
            answer = await alliance.directors[0].post(
                path, json=body(product, f"person-{uuid4()}", company=company)
            )
            assert answer.status_code == 403, answer.text
        new = {"name": "Another Name", "email": EMAIL}
        late = await alliance.directors[0].put(entry, json=new, headers={"If-Match": '"9"'})
        assert late.status_code == 412
        foreign = await alliance.directors[1].put(entry, json=new, headers={"If-Match": '"1"'})
        assert foreign.status_code == 403
    ok(await alliance.directors[0].put(entry, json=new, headers={"If-Match": '"1"'}))
    view = ok(await alliance.directors[1].get(entry))
    assert (view["name"], view["version"], view["company"]) == ("Another Name", 2, mine)
    await product.grant(alliance, subject, "delegate", alliance.companies[0])
    assert ok(await product.as_(subject).get(entry))["actions"] == ["correct_person", "erase_person"]


async def test_who_is_erased_is_gone_and_stays_gone_after_a_restore(product: Product) -> None:
    alliance = await product.found(3)
    _, entry = await registered(product, alliance)
    backup = await product.rows("members", "SELECT * FROM people WHERE alliance_id = $1", alliance.id)
    assert (await alliance.directors[1].delete(entry)).status_code == 403
    ok(await alliance.directors[0].delete(entry))
    assert (await alliance.directors[0].get(entry)).status_code == 404
    assert (await alliance.directors[0].delete(entry)).status_code == 404
    async with product.database("members") as connection:
        await connection.execute("INSERT INTO people SELECT ($1::people).*", tuple(backup[0]))
    async with product.services["members"].store.transaction() as transaction:
        await transaction.execute(replay())
    assert not await product.rows("members", "SELECT FROM people WHERE alliance_id = $1", alliance.id)


async def test_who_was_erased_may_be_registered_again(product: Product) -> None:
    alliance = await product.found(3)
    subject, entry = await registered(product, alliance)
    ok(await alliance.directors[0].delete(entry))
    ok(
        await alliance.coordinator.post(alliance.path("members", "/people"), json=body(product, subject)),
        201,
    )
    assert ok(await alliance.coordinator.get(entry))["name"] == NAME
