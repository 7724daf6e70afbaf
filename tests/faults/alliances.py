"""Alliances made ready, undisturbed, for all that is then commanded: companies, people, a campaign, a lot."""

from typing import Any
from uuid import uuid4

import httpx

from embedded.tokens import ISSUER
from faults.orders import Alliance
from rigs.pieces import Pieces
from samples.charter import charter, euros

_COMPANIES = ("Fonderie Aubrelle", "Mécanique Dourvel", "Tôlerie Valbrune")


class Preparing:
    """One alliance on its way: each request waits until its service has seen what was answered so far."""

    def __init__(self, pieces: Pieces, client: httpx.AsyncClient) -> None:
        self._pieces = pieces
        self._client = client
        self._seen: dict[str, str] = {}
        self._unique = uuid4().hex[:8]
        self._coordinator = f"coordinator-{self._unique}"

    async def prepare(self) -> Alliance:
        founding = {
            "name": f"Alliance {self._unique}",
            "charter": charter(declaration_limit=euros("200.00")),
            "companies": list(_COMPANIES),
            "effective_on": "2025-01-02",
        }
        alliance = await self._post("members", "alliances", founding, self._coordinator)
        members = await self._ask("GET", "members", f"alliances/{alliance}/members", self._coordinator)
        named = {member["name"]: member["id"] for member in members["items"]}
        companies = tuple(named[name] for name in _COMPANIES)
        directors = tuple(f"director-{self._unique}-{number}" for number in range(3))
        reader = f"reader-{self._unique}"
        for director, company in zip(directors, companies, strict=True):
            await self._grant(alliance, director, role="director", company=company)
        await self._grant(alliance, reader, role="independent_person")
        campaign = await self._campaign(f"alliances/{alliance}")
        lot = await self._lot(f"alliances/{alliance}", companies, directors)
        await self._ask("GET", "ledger", f"alliances/{alliance}/balances", reader)
        return Alliance(alliance, self._coordinator, reader, companies, directors, campaign, lot)

    async def _grant(self, alliance: str, subject: str, **role: str) -> None:
        body = {"issuer": ISSUER, "subject": subject, **role}
        await self._post("members", f"alliances/{alliance}/roles", body, self._coordinator)

    async def _campaign(self, path: str) -> str:
        body = {"title": "Training", "unit": "place", "specification": "One day.", "minimum_quantity": 20}
        campaign = await self._post("purchasing", f"{path}/campaigns", body, self._coordinator)
        await self._post(
            "purchasing", f"{path}/campaigns/{campaign}/invitations/needs", {}, self._coordinator
        )
        return campaign

    async def _lot(self, path: str, companies: tuple[str, ...], directors: tuple[str, ...]) -> str:
        body: dict[str, Any] = {"title": "Upkeep", "client": "A client", "lots": [{"title": "All"}]}
        opportunity = await self._post("tenders", f"{path}/opportunities", body, self._coordinator)
        await self._post("tenders", f"{path}/opportunities/{opportunity}/go", {}, self._coordinator)
        body = {
            "opportunity": opportunity,
            "lead": companies[0],
            "members": companies[:2],
            "lots": [1],
            "form": "several_with_liable_lead",
        }
        consortium = await self._post("tenders", f"{path}/consortia", body, directors[0])
        of = f"{path}/consortia/{consortium}"
        shares = [{"company": company, "share": "50"} for company in companies[:2]]
        await self._post("tenders", f"{of}/shares", {"lot": 1, "shares": shares}, directors[0])
        for company, director in zip(companies[:2], directors[:2], strict=True):
            body = {"company": company, "margin": "5", "could_bid_alone": False}
            await self._post("tenders", f"{of}/terms", body, director)
            await self._post("tenders", f"{of}/signatures", {"company": company}, director)
        return f"opportunity/{opportunity}/lot/1"

    async def _post(self, service: str, path: str, body: Any, caller: str) -> str:
        return (await self._ask("POST", service, path, caller, body))["id"]

    async def _ask(self, method: str, service: str, path: str, caller: str, body: Any = None) -> Any:
        follows = {"ledger": ("members", "purchasing", "tenders"), "members": ()}.get(service, ("members",))
        after = [self._seen[source] for source in follows if source in self._seen]
        answer = await self._client.request(
            method,
            f"{self._pieces.base(service)}/v1/{path}",
            params={"after": after, "wait": 30} if after else None,
            headers={
                "Authorization": f"Bearer {self._pieces.token(caller)}",
                "Idempotency-Key": uuid4().hex,
            },
            json=body,
            timeout=60,
        )
        assert answer.is_success, f"{method} {path}: {answer.text}"
        if position := answer.headers.get("alliance-position"):
            self._seen[service] = position
        return answer.json()
