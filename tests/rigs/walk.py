"""A walk through the product: one alliance in which every operation is given once, in a state that allows it.

Each service's part stands in `rigs.walks`. What was called is kept, so that a test may call it again,
changed; who looks on (`Onlooker`) sees each call just before it is made, and its answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson

from embedded.tokens import ISSUER
from rigs.operations import Json, Operation, operations_of
from rigs.product import Client, Product
from samples.charter import charter

DAY = "2025-06-02"
"""The business date of what is done unless the walk says otherwise."""

MEMBERS = ("aubrelle", "dourvel", "valbrune", "castrelle")


@dataclass(frozen=True)
class Call:
    """A request for an operation: everything that is needed to make it, or another like it."""

    operation: Operation
    by: str
    """Whose token."""
    ids: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.operation.address(self.ids)

    @property
    def content(self) -> bytes | None:
        if self.operation.body is None:
            return None
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class Onlooker:
    """Sees a walk from beside; does nothing unless told to."""

    async def before(self, walk: "Walk", call: Call) -> None:
        """The call is about to be made, and will be answered with 2xx."""

    async def after(self, walk: "Walk", call: Call, answer: httpx.Response) -> None:
        """The call has been answered with 2xx."""


class Walk:
    """`known` are the alliance's ids by the names of the path parameters that they go into."""

    def __init__(self, product: Product, onlooker: Onlooker | None = None) -> None:
        self.product = product
        self.operations = operations_of(product)
        self.onlooker = onlooker or Onlooker()
        self.unique = uuid4().hex[:8]
        self.known: dict[str, str] = {}
        self.companies: dict[str, str] = {}
        self._days = 0
        self.calls: dict[str, Call] = {}
        """The last call of each operation, by its name."""

    def client(self, by: str) -> Client:
        """Coordinator, auditor, accountant, outsider, or whose name in lower case is a member's."""
        return self.product.as_(self.subject(by))

    def subject(self, by: str) -> str:
        return f"{by}-{self.unique}"

    def person(self, by: str) -> str:
        return self.product.person(self.subject(by))

    async def ask(
        self,
        name: str,
        by: str,
        body: Json = None,
        *,
        save: str | None = None,
        query: Mapping[str, str] | None = None,
        **ids: str,
    ) -> Any:
        """Gives one operation, which must succeed; `save` names the id of its receipt from then on.

        `body` gets the walk's business date. A PUT is given on the version that is there.
        """
        operation = self.operations[name]
        headers = {"Content-Type": "application/json"} if operation.body is not None else {}
        if operation.needs_key:
            headers["Idempotency-Key"] = uuid4().hex
        ids = {**self.known, **ids}
        if operation.method in {"PUT", "PATCH"}:
            headers["If-Match"] = "*"
        if operation.body is not None and not isinstance(body, bytes):
            body = body or {}
            if "effective_on" in operation.resolved(operation.body).get("properties", {}):
                body = {"effective_on": DAY, **body}
        call = Call(
            operation,
            by,
            {one: ids[one] for one in operation.parameters("path")},
            query or {},
            body,
            headers,
        )
        await self.onlooker.before(self, call)
        answer = await self.send(call)
        assert answer.is_success, f"{name} by {by}: {answer.status_code} {answer.text}"
        self.calls[name] = call
        await self.onlooker.after(self, call, answer)
        shown: Any = answer.json() if "json" in answer.headers.get("content-type", "") else None
        if save is not None:
            self.known[save] = shown["id"]
        return shown

    async def send(self, call: Call, by: str | None = None) -> httpx.Response:
        return await self.client(by or call.by).request(
            call.operation.method,
            call.address,
            params=call.query or None,
            content=call.content,
            headers=call.headers,
        )

    def free_day(self) -> str:
        """Another one each time, before the walk's business date: a day has twelve hours of one person."""
        self._days += 1
        return (date.fromisoformat(DAY) - timedelta(days=self._days)).isoformat()

    async def caught_up(self) -> None:
        await self.product.caught_up(UUID(self.known["alliance"]))

    async def found(self) -> None:
        """Four members, each with a director; a coordinator, an auditor and an accountant beside them."""
        body = {
            "name": f"Alliance {self.unique}",
            "charter": charter(notice_days=0),
            "preamble": "Together, and openly.",
            "companies": [name.capitalize() for name in MEMBERS],
            "effective_on": "2025-01-02",
        }
        await self.ask("members.found_alliance", "coordinator", body, save="alliance")
        shown = await self.ask("members.list_members", "coordinator")
        self.companies = {item["name"].lower(): item["id"] for item in shown["items"]}
        for name, company in self.companies.items():
            await self.grant(name, "director", company)
        await self.grant("auditor", "auditor")
        await self.grant("accountant", "independent_person")
        self.known["company"] = self.known["member"] = self.companies["aubrelle"]
        await self.caught_up()

    async def grant(self, by: str, role: str, company: str | None = None) -> None:
        body = {
            "issuer": ISSUER,
            "subject": self.subject(by),
            "role": role,
            "company": company,
            "effective_on": "2025-01-02",
        }
        await self.ask("members.grant_role", "coordinator", body)


Part = Callable[[Walk], Awaitable[None]]
"""One service's part of the walk, after the founding."""


async def walked(product: Product, *parts: Part, onlooker: Onlooker | None = None) -> Walk:
    walk = Walk(product, onlooker)
    await walk.found()
    for part in parts:
        await part(walk)
        await walk.caught_up()
    return walk
