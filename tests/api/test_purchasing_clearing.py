"""A member on notice is cleared once nothing of it is open in purchasing."""

import asyncio
from uuid import UUID

from events.ids import AllianceId
from rigs.product import Founded, Product
from rigs.purchase import Purchase, collecting
from samples.charter import euros


async def cleared(product: Product, alliance: Founded) -> list[UUID]:
    service = product.services["purchasing"]
    bodies = await service.store.events(
        AllianceId(alliance.id), 0, 1000, ["alliance.purchasing.member_cleared.v1"]
    )
    heads = [service.commands.registry.read(body, service.commands.keyring) for _, body in bodies]
    return [head.event.company for head in heads]  # type: ignore[attr-defined]


async def give_notice(purchase: Purchase, name: str) -> None:
    path = purchase.alliance.path("members", f"/members/{purchase.company(name)}/notice")
    answer = await purchase.director(name).post(path, json={})
    assert answer.status_code in (200, 201), answer.text
    await purchase.product.caught_up(purchase.alliance.id)


async def test_a_member_without_anything_open_is_cleared_at_once(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 300}, "2025-03-10")
    await give_notice(purchase, "Sélunel")
    assert await cleared(product, purchase.alliance) == [UUID(purchase.company("Sélunel"))]
    refused = await purchase.post(
        purchase.director("Sélunel"), "/commitments", company=purchase.company("Sélunel"), quantity=301
    )
    assert refused.json()["code"] == "member_not_committing"


async def test_a_bound_member_is_cleared_once_its_campaign_and_its_debts_have_ended(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 1, "Gravelot": 2, "Combrelle": 3}, "2025-03-10")
    gravelot = purchase.director("Gravelot")
    await purchase.coordinate("/freeze")
    await purchase.coordinate("/order")
    await purchase.do(gravelot, "/lead", company=purchase.company("Gravelot"))
    await give_notice(purchase, "Sélunel")
    await purchase.coordinate("/receipts", quantity=6, last=True)
    await purchase.coordinate("/invoices", quantity=6, goods=euros("60.00"))
    await purchase.do(purchase.independent, "/allocations")
    await purchase.coordinate("/settlement", due_on="2199-12-31")
    # The settlement asks again whether it may be cleared: it still owes.
    async with asyncio.timeout(20):
        while await product.rows(  # noqa: ASYNC110 - what it looks at is in a database
            "purchasing", "SELECT FROM deadlines WHERE alliance_id = $1", purchase.alliance.id
        ):
            await asyncio.sleep(0.05)
    assert await cleared(product, purchase.alliance) == []
    path = purchase.alliance.path("purchasing", "/obligations")
    (owed,) = (await purchase.director("Sélunel").get(path)).json()["items"]
    assert owed["amount"] == euros("10.00")
    for client, step in ((purchase.director("Sélunel"), ""), (gravelot, "/attestations")):
        paid = await client.post(f"{path}/{owed['id']}/payments{step}", json={})
        assert paid.status_code == 200, paid.text
    async with asyncio.timeout(20):
        while await cleared(product, purchase.alliance) != [UUID(purchase.company("Sélunel"))]:  # noqa: ASYNC110 - what it looks at is in a database
            await asyncio.sleep(0.05)
