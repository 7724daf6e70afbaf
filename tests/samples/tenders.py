"""T1 of the story, as far as a test wants it: from the notice to the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from rigs.product import Client, Founded
from samples.charter import euros
from samples.notices import file

SHARES = ("50", "20", "20", "10")
MARGINS = ("4", "6", "5", "7")
BID_HOURS = (120, 40, 30, 20)


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found.get("code")) == (status, code), answer.text
    return found


@dataclass(frozen=True)
class Tender:
    """An alliance at work in the tenders service; the first companies are the members of the consortium."""

    alliance: Founded
    members: int = 4

    def path(self, rest: str) -> str:
        return self.alliance.path("tenders", rest)

    @property
    def lead(self) -> Client:
        return self.alliance.directors[0]

    @property
    def companies(self) -> Sequence[str]:
        return [str(company) for company in self.alliance.companies]

    async def post(self, who: Client, rest: str, status: int = 200, **body: Any) -> dict[str, Any]:
        return done(await who.post(self.path(rest), json=body), status)

    async def get(self, who: Client, rest: str) -> dict[str, Any]:
        return done(await who.get(self.path(rest)))

    async def send(self, who: Client, raw: bytes, **query: str) -> httpx.Response:
        return await who.post(
            self.path("/notices/imports"),
            content=raw,
            params=query,
            headers={"Content-Type": "application/json"},
        )

    async def imported(self, raw: bytes, **query: str) -> list[dict[str, Any]]:
        """The processes of an import that goes in."""
        receipt = done(await self.send(self.lead, raw, **query), 201)
        processes: list[dict[str, Any]] = (await self.get(self.lead, f"/notices/imports/{receipt['id']}"))[
            "processes"
        ]
        return processes

    async def opportunity(self) -> str:
        """T1 of the story, imported; the alliance goes for it."""
        (process,) = await self.imported(file("lycees"), effective_on="2025-01-13")
        opportunity: str = process["opportunity"]
        coordinator = self.alliance.coordinator
        await self.post(coordinator, f"/opportunities/{opportunity}/go", effective_on="2025-01-20")
        return opportunity

    def composition(self, **other: Any) -> Mapping[str, Any]:
        return {
            "form": "several_with_liable_lead",
            "members": self.companies[: self.members],
            "lots": [1],
            "effective_on": "2025-01-27",
            **other,
        }

    async def formed(self, opportunity: str, **other: Any) -> str:
        body = {"opportunity": opportunity, "lead": self.companies[0], **self.composition(**other)}
        consortium: str = (await self.post(self.lead, "/consortia", 201, **body))["id"]
        return consortium

    def shares(self, *shares: str, lot: int = 1) -> dict[str, Any]:
        rows = [
            {"company": company, "share": share}
            for company, share in zip(self.companies, shares, strict=False)
        ]
        return {"lot": lot, "shares": rows, "effective_on": "2025-01-27"}

    async def signed(self, opportunity: str, shares: Sequence[str] = SHARES, **other: Any) -> str:
        consortium = await self.formed(opportunity, **other)
        path = f"/consortia/{consortium}"
        await self.post(self.lead, f"{path}/shares", **self.shares(*shares))
        for company, director, margin in zip(
            self.companies[: self.members], self.alliance.directors, MARGINS, strict=False
        ):
            terms: dict[str, Any] = {"margin": margin, "could_bid_alone": False, "effective_on": "2025-01-27"}
            await self.post(director, f"{path}/terms", company=company, **terms)
            await self.post(director, f"{path}/signatures", company=company, effective_on="2025-01-27")
        return consortium

    async def drafted(self, consortium: str, price: str = "3000000.00") -> str:
        body: dict[str, Any] = {
            "consortium": consortium,
            "lot": 1,
            "price": euros(price),
            "effective_on": "2025-02-10",
        }
        bid: str = (await self.post(self.lead, "/bids", 201, **body))["id"]
        return bid

    async def agreed(self, bid: str, *members: int) -> None:
        for member in members or range(1, self.members):
            body: dict[str, Any] = {"company": self.companies[member], "effective_on": "2025-02-20"}
            await self.post(self.alliance.directors[member], f"/bids/{bid}/agreements", **body)

    async def submitted(self, consortium: str, price: str = "3000000.00") -> str:
        bid = await self.drafted(consortium, price)
        await self.agreed(bid)
        await self.post(self.lead, f"/bids/{bid}/submission", effective_on="2025-02-24")
        return bid

    async def hours(self, member: int, hours: int, project: str, person: str, **other: Any) -> str:
        """Declared by a member for itself, and attested by the coordinator."""
        line = {
            "person": person,
            "first_day": "2025-01-28",
            "last_day": "2025-02-21",
            "hours": str(hours),
            **other.pop("line", {}),
        }
        body = {
            "company": self.companies[member],
            "project": project,
            "kind": "bid_preparation",
            "lines": [line],
            "effective_on": "2025-02-24",
            **other,
        }
        director = self.alliance.directors[member]
        declaration: str = (await self.post(director, "/declarations/hours", 201, **body))["id"]
        path = f"/declarations/{declaration}/attestations"
        await self.post(self.alliance.coordinator, path, effective_on=body["effective_on"])
        return declaration

    async def won(self, bid: str, **other: Any) -> str:
        """An active contract."""
        await self.post(self.lead, f"/bids/{bid}/win", effective_on="2025-04-07", **other)
        contract: str = (await self.get(self.lead, f"/bids/{bid}"))["contract"]
        await self.post(self.lead, f"/contracts/{contract}/activation", effective_on="2025-05-05")
        return contract

    async def paid(self, contract: str, total: str, on: str, **other: Any) -> str:
        """Recorded by the lead; returns the payment's id."""
        body = {"company": self.companies[0], "total": euros(total), "effective_on": on, **other}
        answer = await self.lead.post(self.path(f"/contracts/{contract}/payments"), json=body)
        done(answer, 201)
        return str(answer.headers["Location"]).rpartition("/")[2]

    async def attested(self, contract: str, payment: str, on: str) -> None:
        path = f"/contracts/{contract}/payments/{payment}/attestation"
        await self.post(self.alliance.coordinator, path, effective_on=on)

    async def events(self, who: Client, *types: str) -> list[dict[str, Any]]:
        """Of the service's feed, as `who` sees it, in order; the first two hundred."""
        page = done(await who.get(self.path("/events"), params={"limit": 200}))
        found = [item["event"] for item in page["items"]]
        return [event for event in found if event["type"].split(".")[2] in types or not types]
