"""A tiny service on everything that `service` offers: what a guarantee of the foundation is tried on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from events.errors import (
    AllianceError,
    Forbidden,
    Frozen,
    InFlight,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
    Stale,
    Unavailable,
    UnknownSource,
)
from service.application import application
from service.auth import Authenticated, Keys, Verifier
from service.commands import router_of
from service.feed import FEED_RESPONSES, FeedItem, WantedFeed, answer_feed
from service.issuer import Issuer
from service.limits import Limits
from service.paging import Cursor, CursorText, Page, PageLimit
from service.problems import Message
from service.serve import listen, server_of
from service.tickets import StreamAuthenticated, Tickets

ISSUER, AUDIENCE = "https://issuer.example", "alliance"
SECRET = b"a secret of the deployment, 32 bytes and more"

MESSAGES = {
    "campaign_frozen": Message("The campaign is frozen since {day}.", "La campagne est gelée depuis {day}.")
}

RAISED: dict[str, AllianceError] = {
    "refused": Refused("campaign_frozen", day="Monday"),
    "invalid": Invalid("too_long", pointer="/name", max_length=3),
    "not_found": NotFound(),
    "forbidden": Forbidden(),
    "stale": Stale(7),
    "key_reused": KeyReused(),
    "in_flight": InFlight(),
    "unknown_source": UnknownSource("weather"),
    "frozen": Frozen("/members"),
    "unavailable": Unavailable(retry_after=3),
}


class Terms(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: Annotated[str, Field(max_length=10)]
    kind: Literal["fixed", "tiered"] = "fixed"


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=20)]
    terms: list[Terms] = []
    quantity: int = Field(1, ge=1)
    any: Any = None


class Feed:
    """A feed in memory, with a wake and a right that can be withdrawn."""

    def __init__(self) -> None:
        self.items: list[FeedItem] = []
        self.allowed = True
        self._changed = asyncio.Condition()

    async def add(self, type: str, body: bytes) -> None:
        async with self._changed:
            self.items.append(FeedItem(len(self.items) + 1, type, body))
            self._changed.notify_all()

    async def withdraw(self) -> None:
        async with self._changed:
            self.allowed = False
            self._changed.notify_all()

    async def fetch(self, after: int, limit: int, types: Sequence[str]) -> list[FeedItem]:
        wanted = [item for item in self.items[after:] if not types or item.type in types]
        return wanted[:limit]

    async def check(self) -> None:
        if not self.allowed:
            raise Forbidden

    async def changed(self) -> None:
        async with self._changed:
            await self._changed.wait()


OFFERS = Cursor("offers", int, UUID)


def build_router(feed: Feed) -> APIRouter:
    router = router_of("/v1/alliances/{alliance}", "offers")

    @router.get("/raise/{kind}")
    async def raise_error(alliance: UUID, kind: str) -> dict[str, str]:
        raise RAISED.get(kind) or RuntimeError("Dupont owes 4711 euros")

    @router.post("/offers", status_code=201)
    async def make_offer(alliance: UUID, offer: Offer, caller: Authenticated) -> dict[str, str]:
        return {"name": offer.name}

    @router.post("/imports")
    async def import_offers(alliance: UUID, content: dict[str, Any]) -> dict[str, int]:
        return {"fields": len(content)}

    @router.get("/offers")
    async def list_offers(alliance: UUID, limit: PageLimit, cursor: CursorText = None) -> Page[int]:
        after = OFFERS.decode(cursor)[0] if cursor else 0
        rows = [number for number in range(1, 8) if number > after][: limit + 1]
        items, following = OFFERS.cut(rows, limit, lambda number: (number, alliance))
        return Page(items=items, next=following)

    @router.get("/whoami")
    async def read_caller(alliance: UUID, caller: Authenticated) -> dict[str, str]:
        return {"person": caller.person}

    @router.get("/events", responses=FEED_RESPONSES)
    async def read_events(
        request: Request, alliance: UUID, wanted: WantedFeed, caller: StreamAuthenticated
    ) -> Response:
        return await answer_feed(
            request,
            wanted,
            caller,
            fetch=feed.fetch,
            check=feed.check,
            changed=feed.changed,
            heartbeat=0.05,
            poll=0.02,
        )

    return router


class Rig:
    """An application with its issuer, clock and feed."""

    def __init__(self, folder: Path, *, limits: Limits | None = None, **options: Any) -> None:
        self.now = 1_800_000_000.0
        self.issuer = Issuer(folder, issuer=ISSUER, audience=AUDIENCE, clock=self.clock)
        self.keys = Keys.at(str(self.issuer.jwks_path))
        self.verifier = Verifier(self.keys, issuer=ISSUER, audience=AUDIENCE, secret=SECRET, clock=self.clock)
        self.tickets = Tickets(SECRET, clock=self.clock)
        self.feed = Feed()
        self.app: FastAPI = application(
            "Tiny",
            version="1.0.0",
            routers=[build_router(self.feed)],
            messages=[MESSAGES],
            verifier=self.verifier,
            tickets=self.tickets,
            limits=limits or Limits(body=64 * 1024, bodies={"/imports": 256 * 1024}, rate=0),
            **options,
        )

    def clock(self) -> float:
        return self.now

    def bearer(self, subject: str = "anna") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(subject)}"}


@asynccontextmanager
async def client_of(app: Any, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client within the application's lifespan, which ASGITransport does not run by itself."""
    transport = httpx.ASGITransport(app, **options)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://tiny") as client,
    ):
        yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[tuple[httpx.AsyncClient, uvicorn.Server]]:
    """A client of a real server on a free loopback port: ASGITransport would hold streams back."""
    listener = listen("127.0.0.1", 0)
    server = server_of(app)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # No TaskGroup: a failed assertion would cancel the server in place of stopping it.
    serving = asyncio.create_task(server.serve([listener]))
    try:
        async with httpx.AsyncClient(base_url=address, timeout=10) as client:
            yield client, server
    finally:
        server.should_exit = True
        await serving
