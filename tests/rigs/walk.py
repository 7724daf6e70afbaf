"""A walk through the product: one alliance in which every operation is given once, in a state that allows it.

Each service's part stands in `rigs.walks`. What was called is kept, so that a test may call it again,
changed; who looks on (`Onlooker`) sees each call just before it is made, and its answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson

from embedded.tokens import ISSUER
from rigs.operations import Json, Operation, operations_of
from rigs.product import Product
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
    headers: dict[str, str] = field(default_factory=dict)

    def changed(self, **changes: Any) -> "Call":
        """The same call with a key of its own, and with these changes."""
        headers = dict(self.headers)
        if self.operation.needs_key:
            headers["Idempotency-Key"] = uuid4().hex
        return replace(self, **{"headers": headers, **changes})

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

    def __init__(self, product: Product, onlooker: Onlooker | None = None, unique: str | None = None) -> None:
        self.product = product
        self.operations = operations_of(product)
        self.onlooker = onlooker or Onlooker()
        self.unique = unique or uuid4().hex[:8]
        """Stands in the names of the walk's people: another walk with the same is gone by the same people."""
        self.members: Sequence[str] = MEMBERS
        self.terms: Mapping[str, Any] = {}
        """Of the first charter, in place of the sample's."""
        self.founded_on = "2025-01-02"
        self.known: dict[str, str] = {}
        self.companies: dict[str, str] = {}
        self.founded = False
        """Whether all its people have their roles by now, in every service."""
        self._days = 0
        self._tokens: dict[str, str] = {}
        self.calls: dict[str, Call] = {}
        """The last call of each operation, by its name."""
        self.answers: dict[str, httpx.Response] = {}

    def subject(self, by: str) -> str:
        """Coordinator, auditor, accountant, outsider, stranger, or the name of the member it directs."""
        return f"{by}-{self.unique}"

    def token(self, by: str) -> str:
        if by not in self._tokens:
            self._tokens[by] = self.product.token(self.subject(by))
        return self._tokens[by]

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
        if operation.needs_version:
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
        self.calls[name], self.answers[name] = call, answer
        await self.onlooker.after(self, call, answer)
        shown: Any = answer.json() if "json" in answer.headers.get("content-type", "") else None
        if save is not None:
            self.known[save] = shown["id"]
        return shown

    async def send(self, call: Call, *, authorization: str | None = None) -> httpx.Response:
        """As it is: nothing is added but the token, unless an `authorization` (or an empty one) is given."""
        if authorization is None:
            authorization = f"Bearer {self.token(call.by)}"
        while True:
            answer = await self.product.anonymous.request(
                call.operation.method,
                call.address,
                params=call.query or None,
                content=call.content,
                headers=call.headers | ({"Authorization": authorization} if authorization else {}),
            )
            if answer.status_code != 429:
                return answer
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    def free_day(self) -> str:
        """Another one each time, before the walk's business date: a day has twelve hours of one person."""
        self._days += 1
        return (date.fromisoformat(DAY) - timedelta(days=self._days)).isoformat()

    async def caught_up(self) -> None:
        await self.product.caught_up(UUID(self.known["alliance"]))

    async def found(self) -> None:
        """The members, each with a director; a coordinator, an auditor and an accountant beside them."""
        body = {
            "name": f"Alliance {self.unique}",
            "charter": charter(notice_days=0, **self.terms),
            "preamble": "Together, and openly.",
            "companies": [name.capitalize() for name in self.members],
            "effective_on": self.founded_on,
        }
        await self.ask("members.found_alliance", "coordinator", body, save="alliance")
        shown = await self.ask("members.list_members", "coordinator")
        self.companies = {item["name"].lower(): item["id"] for item in shown["items"]}
        for name, company in self.companies.items():
            await self.grant(name, "director", company)
        await self.grant("auditor", "auditor")
        await self.grant("accountant", "independent_person")
        await self.grant("assistant", "delegate", self.companies["castrelle"])
        self.known["company"] = self.known["member"] = self.companies["aubrelle"]
        await self.caught_up()
        self.founded = True

    async def grant(self, by: str, role: str, company: str | None = None) -> None:
        body = {
            "issuer": ISSUER,
            "subject": self.subject(by),
            "role": role,
            "company": company,
            "effective_on": self.founded_on,
        }
        await self.ask("members.grant_role", "coordinator", body)


Part = Callable[[Walk], Awaitable[None]]
"""One service's part of the walk, after the founding."""


async def walked(
    product: Product, parts: Sequence[Part], onlooker: Onlooker | None = None, unique: str | None = None
) -> Walk:
    walk = Walk(product, onlooker, unique)
    await walk.found()
    for part in parts:
        await part(walk)
        await walk.caught_up()
    return walk
