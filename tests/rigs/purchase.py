"""A campaign in an alliance of its own, asked over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from rigs.product import Client, Founded, Product
from samples.charter import euros


@dataclass(frozen=True)
class Purchase:
    """A campaign in an alliance of its own; directors by the story's names."""

    product: Product
    alliance: Founded
    independent: Client
    names: tuple[str, ...]
    id: UUID

    def company(self, name: str) -> str:
        return str(self.alliance.companies[self.names.index(name)])

    def director(self, name: str) -> Client:
        return self.alliance.directors[self.names.index(name)]

    def path(self, rest: str = "") -> str:
        return self.alliance.path("purchasing", f"/campaigns/{self.id}{rest}")

    async def post(
        self, client: Client, rest: str, on: str | None = None, dry_run: bool = False, **body: Any
    ) -> httpx.Response:
        params = {"dry_run": "true"} if dry_run else {}
        return await client.post(self.path(rest), json={"effective_on": on, **body}, params=params)

    async def do(self, client: Client, rest: str, on: str | None = None, **body: Any) -> dict[str, Any]:
        answer = await self.post(client, rest, on, **body)
        assert answer.status_code in (200, 201), answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def coordinate(self, rest: str, on: str | None = None, **body: Any) -> dict[str, Any]:
        return await self.do(self.alliance.coordinator, rest, on, **body)

    async def get(self, client: Client, rest: str = "") -> dict[str, Any]:
        answer = await client.get(self.path(rest))
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def quote(self, tiers: Any, on: str, **other: Any) -> None:
        """Records a quote and chooses it."""
        shown = [{"from_quantity": start, "price": euros(price)} for start, price in tiers]
        await self.coordinate("/quotes", on, supplier="Sauve & Fils", tiers=shown, **other)
        quote = (await self.get(self.alliance.coordinator))["quotes"][0]["id"]
        await self.coordinate(f"/quotes/{quote}/choice", on)

    async def commit(self, quantities: Mapping[str, int], on: str) -> None:
        for name, quantity in quantities.items():
            await self.do(
                self.director(name), "/commitments", on, company=self.company(name), quantity=quantity
            )


async def drafted(product: Product, names: tuple[str, ...], on: str, minimum: int = 1) -> Purchase:
    alliance = await product.found(len(names))
    independent = await product.grant(alliance, f"accountant-{uuid4().hex[:8]}", "independent_person")
    await product.caught_up(alliance.id)
    body = {
        "title": "First-aid training",
        "specification": "One day on site.",
        "unit": "place",
        "minimum_quantity": minimum,
        "effective_on": on,
    }
    answer = await alliance.coordinator.post(alliance.path("purchasing", "/campaigns"), json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(answer.json()["id"])
    return Purchase(product, alliance, independent, names, UUID(answer.json()["id"]))


async def collecting(product: Product, names: tuple[str, ...], tiers: Any, **other: Any) -> Purchase:
    """A small one, at one quote."""
    purchase = await drafted(product, names, "2025-03-10")
    await purchase.coordinate("/invitations/needs", "2025-03-10")
    await purchase.coordinate("/invitations/quotes", "2025-03-10")
    await purchase.quote(tiers, "2025-03-10", **other)
    await purchase.coordinate("/invitations/commitments", "2025-03-10")
    return purchase
