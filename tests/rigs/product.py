"""The whole product in the test's own process: every service over real PostgreSQL, and clients of it."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import FastAPI
from starlette.routing import Mount

from embedded import app as embedded_app
from embedded import databases
from embedded.folder import held
from embedded.postgres import Server, running
from embedded.secrets import load_or_make
from embedded.tokens import ISSUER, issuer_of
from events.ids import AllianceId, PersonId
from events.log import topic_of
from rigs.guard import Guard
from rigs.servers import connected
from samples.charter import charter
from service.auth import Verifier
from service.issuer import Issuer
from service.runtime import Service

COMPANIES = ("Fonderie Aubrelle", "Mécanique Dourvel", "Tôlerie Valbrune", "Électricité Castrelle")

Digests = Mapping[str, str]
"""`database.table` → a digest of all its rows."""


class Client(httpx.AsyncClient):
    """A caller. Every POST gets an Idempotency-Key of its own unless the test gives one."""

    def __init__(self, transport: httpx.AsyncBaseTransport, name: str, token: str) -> None:
        super().__init__(
            transport=transport,
            base_url="http://product",
            headers={"Authorization": f"Bearer {token}"},
            event_hooks={"request": [_give_key]},
            timeout=30,
        )
        self.name = name


async def _give_key(request: httpx.Request) -> None:
    if request.method == "POST":
        request.headers.setdefault("Idempotency-Key", uuid4().hex)


@dataclass(frozen=True)
class Founded:
    """An alliance of the test's own; `directors[n]` acts for `companies[n]`."""

    id: UUID
    coordinator: Client
    companies: Sequence[UUID]
    directors: Sequence[Client]

    def path(self, service: str, rest: str = "") -> str:
        return f"/{service}/v1/alliances/{self.id}{rest}"


class Product:
    """The product as `alliance run` puts it together; `anonymous` is a client without a token."""

    def __init__(self, app: FastAPI, server: Server, issuer: Issuer) -> None:
        self.app = app
        mounted = {mount.path.strip("/"): cast(FastAPI, mount.app) for mount in _mounts(app)}
        self.services: dict[str, Service] = {name: one.state.service for name, one in mounted.items()}
        self._verifier: Verifier = mounted["members"].state.verifier
        self._server = server
        self._issuer = issuer
        # What a route raises becomes a 500 as in the running product, instead of reaching the test.
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._clients: dict[str, Client] = {}
        self.anonymous = httpx.AsyncClient(transport=self._transport, base_url="http://product")

    def token(self, name: str, lifetime: int = 3600) -> str:
        return self._issuer.token(name, lifetime)

    @property
    def jwks(self) -> Path:
        """The issuer's public keys; its signing key lies beside them."""
        return self._issuer.jwks_path

    def as_(self, name: str) -> Client:
        if name not in self._clients:
            self._clients[name] = Client(self._transport, name, self.token(name))
        return self._clients[name]

    def person(self, name: str) -> PersonId:
        """The id under which events know the bearer of `token(name)`."""
        return self._verifier.person(ISSUER, name)

    async def found(
        self, companies: int = 3, *, effective_on: str = "2025-01-02", terms: Mapping[str, Any] | None = None
    ) -> Founded:
        """Founds an alliance of `companies`, each with a director, and waits until every service knows it.

        `terms` replace those of the sample's charter.
        """
        unique = uuid4().hex[:8]
        coordinator = self.as_(f"coordinator-{unique}")
        names = [f"{COMPANIES[number % len(COMPANIES)]} {number + 1}" for number in range(companies)]
        body = {
            "name": f"Alliance {unique}",
            "charter": charter(**(terms or {})),
            "companies": names,
            "effective_on": effective_on,
        }
        answer = await coordinator.post("/members/v1/alliances", json=body)
        assert answer.status_code == 201, answer.text
        alliance = UUID(answer.json()["id"])
        members = self.services["members"]
        standing = (await members.given(self.person(coordinator.name), alliance)).standing
        ids = [
            member.company for name in names for member in standing.members.values() if member.name == name
        ]
        founded = Founded(
            alliance, coordinator, ids, [self.as_(f"director-{unique}-{n}") for n in range(companies)]
        )
        for director, company in zip(founded.directors, ids, strict=True):
            await self.grant(founded, director.name, "director", company)
        await self.caught_up(alliance)
        return founded

    async def grant(self, alliance: Founded, name: str, role: str, company: UUID | None = None) -> Client:
        """Grants a role to the bearer of `token(name)`; other services hear of it by `caught_up`."""
        body = {"issuer": ISSUER, "subject": name, "role": role, "company": str(company) if company else None}
        answer = await alliance.coordinator.post(alliance.path("members", "/roles"), json=body)
        assert answer.status_code == 201, answer.text
        return self.as_(name)

    async def caught_up(self, alliance: UUID) -> None:
        """Until every service has applied all that the others recorded of the alliance, reactions
        included.
        """
        before = None
        while (now := await self._positions(AllianceId(alliance))) != before:
            before = now
            for service in self.services.values():
                for source in service.follower.sources if service.follower else ():
                    if source in now:
                        await service.wait(source, AllianceId(alliance), now[source], 30)

    async def _positions(self, alliance: AllianceId) -> dict[str, int]:
        return {name: await service.store.last_sequence(alliance) for name, service in self.services.items()}

    @asynccontextmanager
    async def database(
        self, database: str, role: str = databases.SUPERUSER
    ) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the test's own; `role` may be a service, `<service>_owner` or the superuser."""
        async with connected(self._server, database, role) as connection:
            yield connection

    async def rows(self, database: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.database(database) as connection:
            return await connection.fetch(query, *arguments)

    async def digests(self) -> Digests:
        """A digest of every table of every database: receipts, read models, documents and positions too.

        Left out is how far a service has read its own topic, which it does from time to time unasked.
        """
        found = {}
        for database in databases.DATABASES:
            async with self.database(database) as connection:
                tables = await connection.fetch(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
                )
                for (table,) in tables:
                    others = f" WHERE topic <> '{topic_of(database)}'" if table == "positions" else ""
                    rows = await connection.fetch(
                        "SELECT sha256(convert_to(line::text, 'UTF8')) AS digest"
                        f' FROM "{table}" AS line{others} ORDER BY 1'
                    )
                    digest = hashlib.sha256(b"".join(row["digest"] for row in rows))
                    found[f"{database}.{table}"] = digest.hexdigest()
        return found

    async def quiet(self) -> None:
        """Until everything recorded is relayed, everything relayed is followed, and every log is signed."""
        async with asyncio.timeout(30):
            while not await self._is_quiet():  # noqa: ASYNC110 - what it looks at is in databases
                await asyncio.sleep(0.02)

    async def _is_quiet(self) -> bool:
        ends = {}
        for name in self.services:
            if await self.rows(name, "SELECT FROM heads WHERE relayed_sequence < last_sequence"):
                return False
            topic = f"alliance.{name}"
            ((ends[topic],),) = await self.rows(
                "log", f'SELECT coalesce(max("offset") + 1, 0) FROM "{topic}"'
            )
        if await self.rows(
            "ledger",
            "SELECT FROM heads h LEFT JOIN logs l USING (alliance_id)"
            " WHERE h.last_sequence > coalesce(l.size, 0)",
        ):
            return False
        for name, service in self.services.items():
            for topic in service.follower.topics if service.follower else ():
                at = await self.rows(name, "SELECT next_offset FROM positions WHERE topic = $1", topic)
                if topic in ends and (at[0]["next_offset"] if at else 0) < ends[topic]:
                    return False
        return True

    @asynccontextmanager
    async def nothing_written(self) -> AsyncIterator[None]:
        """Asserts that no row of any table of any database differs after the block."""
        await self.quiet()
        before = await self.digests()
        yield
        await self.quiet()
        after = await self.digests()
        changed = sorted(
            table for table in before.keys() | after.keys() if before.get(table) != after.get(table)
        )
        if changed:
            raise AssertionError(f"rows were written in {', '.join(changed)}")

    async def close(self) -> None:
        for client in (self.anonymous, *self._clients.values()):
            await client.aclose()


def _mounts(app: FastAPI) -> list[Mount]:
    return [route for route in app.routes if isinstance(route, Mount)]


@asynccontextmanager
async def started() -> AsyncIterator[Product]:
    """A product on an empty folder of its own; entered and left by one task."""
    with guarded_folder() as (path, guard):
        async with started_on(path, guard) as product:
            yield product


@contextmanager
def guarded_folder() -> Iterator[tuple[Path, Guard]]:
    """An empty one, and who deletes it at the end."""
    # Short and directly under /tmp, for the path of PostgreSQL's socket.
    path = Path(tempfile.mkdtemp(prefix="alliance-product-", dir="/tmp"))
    guard = Guard(path)
    try:
        yield path, guard
    finally:
        shutil.rmtree(path, ignore_errors=True)
        guard.close()


@asynccontextmanager
async def started_on(path: Path, guard: Guard) -> AsyncIterator[Product]:
    """A product on the folder `data` in a guarded one, for the first time or again."""
    with held(path / "data") as folder:
        secrets = load_or_make(folder)
        async with running(folder, secrets.passwords) as server:
            postgres = int((folder.postgres / "postmaster.pid").read_text().split()[0])
            guard.watch(postgres)
            await embedded_app.prepare(server)
            app = embedded_app.create(folder, secrets, server, asyncio.Event())
            async with app.router.lifespan_context(app):
                product = Product(app, server, issuer_of(folder))
                try:
                    yield product
                finally:
                    await product.close()
    guard.forget(postgres)


async def kept_running() -> AsyncIterator[Product]:
    """For a fixture: its two halves run in different tasks, and a task group must be left where it was
    entered.
    """
    stop, ready = asyncio.Event(), asyncio.Event()
    products: list[Product] = []

    async def live() -> None:
        try:
            async with started() as product:
                products.append(product)
                ready.set()
                await stop.wait()
        finally:
            ready.set()

    living = asyncio.create_task(live())
    await ready.wait()
    if not products:
        await living  # raises why it did not start
    try:
        yield products[0]
    finally:
        stop.set()
        await living
