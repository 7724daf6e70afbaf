"""A campaign over HTTP: the story's first purchase, what each caller may read of it, and what is refused."""

from typing import Any
from uuid import UUID, uuid4

from rigs.product import Client, Product
from rigs.purchase import Purchase, collecting, drafted
from samples.campaigns import NAMES, P1_FORMER_PRICES, P1_PLACES, P1_SHAPLEY, P1_TIERS
from samples.charter import euros


async def frozen_first_purchase(product: Product) -> Purchase:
    purchase = await drafted(product, NAMES, "2025-01-17", minimum=100)
    await purchase.coordinate("/invitations/needs", "2025-01-17")
    for name, places in P1_PLACES.items():
        body: dict[str, Any] = {"company": purchase.company(name), "expected_quantity": places}
        if price := P1_FORMER_PRICES.get(name):
            body["former_price"] = {"price": euros(price), "invoiced_on": "2024-06-03"}
            body["evidence"] = "Facture 2024-117"
        await purchase.do(purchase.director(name), "/needs", "2025-01-22", **body)
    for name, price in P1_FORMER_PRICES.items():
        await purchase.do(
            purchase.independent,
            "/needs/attestations",
            "2025-01-22",
            company=purchase.company(name),
            price=euros(price),
        )
    await purchase.coordinate("/invitations/quotes", "2025-01-22")
    await purchase.quote(P1_TIERS, "2025-01-22", pack_size=10)
    await purchase.coordinate("/invitations/commitments", "2025-01-22")
    await purchase.commit({**P1_PLACES, "Morvaine": 12}, "2025-01-24")
    await purchase.commit({"Morvaine": 16}, "2025-01-29")
    await purchase.do(
        purchase.director("Morvaine"),
        "/round-ups",
        "2025-01-29",
        company=purchase.company("Morvaine"),
        at_most=15,
    )
    await purchase.coordinate("/comparisons", "2025-01-29")
    await purchase.coordinate("/method", "2025-01-29", sharing_method="equal_price")
    await purchase.coordinate("/freeze", "2025-01-31")
    return purchase


async def carried_out(purchase: Purchase) -> None:
    """P1 from its freezing to its settlement."""
    clairvigne = purchase.director("Clairvigne")
    await purchase.coordinate("/order", "2025-02-03")
    await purchase.do(
        clairvigne,
        "/prefinancing",
        "2025-02-03",
        company=purchase.company("Clairvigne"),
        amount=euros("42000.00"),
    )
    await purchase.do(purchase.independent, "/prefinancing/attestations", "2025-02-03")
    await purchase.coordinate("/receipts", "2025-03-15", quantity=300, last=True)
    await purchase.coordinate("/invoices", "2025-03-15", quantity=300, goods=euros("42000.00"))
    await purchase.do(purchase.independent, "/allocations", "2025-03-15")
    await purchase.coordinate("/settlement", "2025-03-15", due_on="2025-03-31")


async def test_the_first_purchase_of_the_story_comes_out_to_the_cent(product: Product) -> None:
    purchase = await frozen_first_purchase(product)
    methods = await purchase.get(purchase.independent, "/methods")
    shapley = {row["company"]: row["columns"]["costs"]["shapley"]["amount"] for row in methods["rows"]}
    assert methods["round_up_to"] == 300
    assert shapley == {purchase.company(name): cost for name, cost in P1_SHAPLEY.items()}
    await carried_out(purchase)

    costs, gains = {}, {}
    for name in NAMES:
        row = (await purchase.get(purchase.director(name), f"/participants/{purchase.company(name)}"))[
            "allocation"
        ]
        costs[name], gains[name] = row["cost"]["amount"], row["benefit"]["amount"]
    assert (costs["Aubrelle"], gains["Aubrelle"]) == ("7000.00", "3500.00")
    assert (costs["Morvaine"], gains["Morvaine"]) == ("4340.00", "3100.00")
    assert gains["Castrelle"] == "960.00"
    assert gains["Tarvieux"] == "3200.00"

    shown = await purchase.get(purchase.director("Castrelle"))
    assert shown["state"] == "settled"
    assert shown["title"] == "First-aid training"
    assert shown["ordered"]["quantity"] == 300
    assert shown["invoiced"]["goods"] == euros("42000.00")

    owed = await purchase.director("Clairvigne").get(purchase.alliance.path("purchasing", "/obligations"))
    amounts = [item["amount"]["amount"] for item in owed.json()["items"]]
    assert len(amounts) == 16
    assert "7000.00" in amounts


async def test_a_change_after_freezing_is_refused_and_changes_nothing(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 300, "Gravelot": 1200, "Combrelle": 1800}, "2025-03-10")
    await purchase.coordinate("/freeze", "2025-03-24")
    async with product.nothing_written():
        refused = await purchase.post(
            purchase.director("Sélunel"), "/commitments", company=purchase.company("Sélunel"), quantity=301
        )
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign_frozen")


async def test_anothers_figures_come_sealed_to_members_and_to_the_coordinator(product: Product) -> None:
    purchase = await frozen_first_purchase(product)
    tarvieux = purchase.company("Tarvieux")
    sealed = {"sealed": True, "owner": tarvieux}
    for curious in (purchase.director("Castrelle"), purchase.alliance.coordinator):
        part = await purchase.get(curious, f"/participants/{tarvieux}")
        assert part["need"]["need"] == sealed
        assert part["need"]["attested_price"] == sealed
        assert part["commitment"] == sealed
        assert part["terms"] == sealed
        listed = (await purchase.get(curious, "/participants"))["items"]
        assert next(item for item in listed if item["company"] == tarvieux)["terms"] == sealed
        rows = (await purchase.get(curious, "/methods"))["rows"]
        assert next(row for row in rows if row["company"] == tarvieux)["columns"] == sealed
        evidence = part["need"]["evidence"]
        document = await curious.get(purchase.alliance.path("purchasing", f"/documents/{evidence}"))
        assert document.status_code == 404
    for reader in (purchase.director("Tarvieux"), purchase.independent):
        part = await purchase.get(reader, f"/participants/{tarvieux}")
        assert part["need"]["need"]["former_price"]["price"] == euros("250.00")
        assert part["terms"]["baseline"] == euros("240.00")


async def test_what_the_feed_holds_opens_to_its_owner_alone(product: Product) -> None:
    purchase = await frozen_first_purchase(product)
    await carried_out(purchase)

    async def feed(client: Client) -> str:
        after, text = 0, ""
        while True:
            answer = await client.get(
                purchase.alliance.path("purchasing", "/events"), params={"after": after, "limit": 100}
            )
            assert answer.status_code == 200, answer.text
            if not answer.json()["items"]:
                return text
            text += answer.text
            after = answer.json()["after"]

    mine, others = await feed(purchase.director("Tarvieux")), await feed(purchase.director("Bocagel"))
    assert '"250.00"' in mine
    for figure in ('"250.00"', '"4480.00"', '"7680.00"', '"42000.00"', "Sauve"):
        assert figure not in others
    assert '"42000.00"' not in mine


async def test_totals_of_two_are_sealed_and_the_independent_person_handles_them(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 300, "Gravelot": 1200}, "2025-03-10")
    refused = await purchase.post(purchase.alliance.coordinator, "/comparisons")
    assert refused.json()["code"] == "too_few_commitments"
    await purchase.coordinate("/freeze", "2025-03-24")
    await purchase.coordinate("/order", "2025-03-24")
    for curious in (purchase.director("Sélunel"), purchase.alliance.coordinator):
        assert (await purchase.get(curious))["ordered"] == {"sealed": True, "owner": str(purchase.id)}
    refused = await purchase.post(purchase.alliance.coordinator, "/receipts", quantity=1)
    assert refused.status_code == 403
    await purchase.do(purchase.independent, "/receipts", quantity=1500)
    shown = await purchase.get(purchase.independent)
    assert (shown["state"], shown["received"]) == ("received", 1500)


async def test_a_dry_run_tells_nothing_of_live_commitments(product: Product) -> None:
    """The coordinator may act for a member: its own column, asked after each command, would tell the rest."""
    purchase = await collecting(
        product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),), delivery=euros("500.00")
    )
    await product.grant(
        purchase.alliance, purchase.alliance.coordinator.name, "delegate", UUID(purchase.company("Sélunel"))
    )
    await product.caught_up(purchase.alliance.id)
    await purchase.commit({"Sélunel": 300, "Gravelot": 1200, "Combrelle": 1800}, "2025-03-10")
    for route, kind in (("/comparisons", "methods_compared"), ("/freeze", "campaign_frozen")):
        dry = await purchase.post(purchase.alliance.coordinator, route, dry_run=True)
        assert dry.json() == {"dry_run": True, "would": [{"type": f"alliance.purchasing.{kind}.v1"}]}
    assert (await purchase.get(purchase.alliance.coordinator))["state"] == "collecting_commitments"


async def test_quotes_are_shown_to_those_who_take_part(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 300}, "2025-03-10")
    shown = (await purchase.get(purchase.director("Sélunel")))["quotes"]
    assert (shown[0]["supplier"], shown[0]["chosen"]) == ("Sauve & Fils", True)
    assert (await purchase.get(purchase.director("Gravelot")))["quotes"] is None
    path = purchase.path(f"/quotes/{shown[0]['id']}")
    assert (await purchase.director("Sélunel").get(path)).status_code == 200
    assert (await purchase.director("Gravelot").get(path)).status_code == 404


async def test_only_a_members_own_people_commit_it(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    async with product.nothing_written():
        for meddler in (purchase.alliance.coordinator, purchase.director("Gravelot"), purchase.independent):
            refused = await purchase.post(
                meddler, "/commitments", company=purchase.company("Sélunel"), quantity=1
            )
            assert refused.status_code == 403


async def test_a_repeated_quote_names_the_same_quote_and_records_it_once(product: Product) -> None:
    purchase = await drafted(product, ("Sélunel", "Gravelot"), "2025-03-10")
    await purchase.coordinate("/invitations/needs")
    await purchase.coordinate("/invitations/quotes")
    body = {"supplier": "Sauve", "tiers": [{"from_quantity": 1, "price": euros("10.00")}]}
    headers = {"Idempotency-Key": uuid4().hex}
    first, again = [
        await purchase.alliance.coordinator.post(purchase.path("/quotes"), json=body, headers=headers)
        for _ in range(2)
    ]
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len((await purchase.get(purchase.alliance.coordinator))["quotes"]) == 1


async def test_lists_cursors_and_etags(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    await purchase.commit({"Sélunel": 300, "Gravelot": 1200, "Combrelle": 1800}, "2025-03-10")
    client = purchase.alliance.coordinator
    campaigns = (await client.get(purchase.alliance.path("purchasing", "/campaigns"))).json()["items"]
    shown = await purchase.get(client)
    assert [(item["id"], item["version"]) for item in campaigns] == [(str(purchase.id), shown["version"])]
    none = await client.get(
        purchase.alliance.path("purchasing", "/campaigns"), params={"state": ["settled", "cancelled"]}
    )
    assert none.json()["items"] == []
    first = (await client.get(purchase.path("/participants"), params={"limit": 2})).json()
    rest = (
        await client.get(purchase.path("/participants"), params={"limit": 2, "cursor": first["next"]})
    ).json()
    found = [item["company"] for item in (*first["items"], *rest["items"])]
    assert found == sorted(str(company) for company in purchase.alliance.companies)
    unchanged = await client.get(purchase.path(), headers={"If-None-Match": f'"{shown["version"]}"'})
    assert unchanged.status_code == 304


async def test_actions_are_what_the_caller_may_do_now(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    assert "freeze_campaign" in (await purchase.get(purchase.alliance.coordinator))["actions"]
    assert "freeze_campaign" not in (await purchase.get(purchase.director("Sélunel")))["actions"]
    assert "commit_quantity" in (await purchase.get(purchase.director("Sélunel")))["actions"]
    assert "commit_quantity" not in (await purchase.get(purchase.independent))["actions"]
    await purchase.coordinate("/cancellation", reason="Nobody wants it.")
    assert (await purchase.get(purchase.director("Sélunel")))["actions"] == []


async def test_hours_go_by_the_charter_of_the_campaigns_making(product: Product) -> None:
    purchase = await collecting(product, ("Sélunel", "Gravelot", "Combrelle"), ((1, "10.00"),))
    director = purchase.director("Combrelle")
    person = product.person(director.name)
    lines = [{"person": person, "first_day": "2025-03-10", "last_day": "2025-03-11", "hours": "6"}]
    body = {
        "company": purchase.company("Combrelle"),
        "project": f"campaign/{purchase.id}",
        "kind": "coordination",
        "lines": lines,
        "effective_on": "2025-03-24",
    }
    path = purchase.alliance.path("purchasing", "/declarations/hours")
    answer = await director.post(path, json=body)
    assert answer.status_code == 201, answer.text
    unknown = await director.post(path, json={**body, "project": f"campaign/{uuid4()}"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "project_unknown")
