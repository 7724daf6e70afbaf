"""Somebody who reads all it may, again after each command, and tries every command that it may give, dry."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final
from uuid import uuid4

from rigs.differences.attacker import Change, Step
from rigs.differences.figures import Figure, Kind, Path, figures
from rigs.differences.ids import Ids, lists_of, name_of
from rigs.operations import Json, Operation
from rigs.walk import Call, Walk

FEED: Final = "read_events"
NEVER_CHANGES: Final = frozenset({"index", "document"})
WIDEST: Final = "200"
_NO_FILTERS: Final = frozenset(
    {"as_of", "at_size", "after", "wait", "cursor", "limit", "ticket", "raw", "types", "on", "period"}
)
_SAME: Final = {"party": "company"}
"""Parameters of queries that go by other names in paths."""
_REFUSED_TO_WHO_ASKS: Final = frozenset({403, 404})
_REFUSED_FOR_ITS_BODY: Final = 422
_REFUSED_NOW: Final = 409
_STATE: Final = re.compile("_(state|stage|frozen|settled|cancelled)$")
"""Codes that say that a thing is too far, or not far enough."""

Key = tuple[str, ...]


def _neutral(body: Json) -> Json:
    """The body with the same figure for each."""
    if isinstance(body, Mapping):
        return {name: _neutral(inner) for name, inner in body.items()}
    if isinstance(body, list):
        return [_neutral(inner) for inner in body]
    if next(figures(body), None) is None:
        return body
    return 91_009 if isinstance(body, int) else "7.25"


def _listed(operation: Operation, schema: Mapping[str, Json]) -> Iterator[str]:
    schema = operation.resolved(schema)
    yield from map(str, schema.get("enum", ()))
    if schema.get("type") == "boolean":
        yield "true"
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _listed(operation, inner)


class Reader:
    """`by` is somebody of the walk, `company` the one it acts for, if any. `bodies`: what it tries commands
    with that have not been given yet, and as "" what it says where anything else is required.
    """

    def __init__(self, walk: Walk, by: str, ids: Ids, bodies: Mapping[str, Json]) -> None:
        self.walk, self.by, self.ids, self.bodies = walk, by, ids, bodies
        self.company = walk.companies.get(by)
        self.steps: list[Step] = []
        self.seen: dict[tuple[str, Kind, int], frozenset[str]] = {}
        """The parties with whom a figure stood in an answer of an operation."""
        self.answered: set[str] = set()
        """Operations that it has had an answer to."""
        self.tried: set[str] = set()
        """Operations that it has tried dry, whatever the answer."""
        self.filtered: set[str] = set()
        """Parameters that it has gone through the values of."""
        self._lists = lists_of(walk.operations)
        self._last: dict[Path, int] = {}
        self._items: dict[Key, Json] = {}
        self._read_at: dict[Key, Json] = {}
        self._listed_whole: set[Key] = set()
        """What a list shows as it is shown by itself."""
        self._fed: dict[str, int] = {}
        self._forbidden: set[Key] = set()
        self._until: dict[Key, Json] = {}
        """Until when a command is not tried again: None for ever, its day, or how its thing was listed."""
        self._changes: list[Change] = []

    async def read(self, command: str, services: Iterable[str], day: str, *, everything: bool) -> None:
        """One step: all of the services' operations. Not `everything`: not again what a list says is as
        before, nor what it was refused, nor others' accounts.
        """
        for operation in self._in(services, "GET"):
            if operation.id == FEED:
                await self._feed(operation)
            else:
                await self._get(operation, everything)
        for operation in self._in(services, "POST", "PUT", "PATCH", "DELETE"):
            if "dry_run" in operation.parameters("query"):
                await self._try(operation, day, everything)
        self._end(command)

    async def slide(self, parameter: str, values: Iterable[str]) -> None:
        """Reads all that takes the parameter, and is not another company's, with one value after another,
        each compared to the one before.
        """
        taking = [
            one for one in self._in(self.walk.product.services, "GET") if parameter in one.parameters("query")
        ]
        for value in values:
            for operation in taking:
                required = [name for name in operation.required if name != parameter]
                for ids in self.ids.ways(operation):
                    if self._anothers(ids):
                        continue
                    for others in product(*map(self.choices, required)):
                        query = dict(zip(required, others, strict=True))
                        answer = await self._ask(operation, ids, {**query, parameter: value})
                        self._keep((operation.name, *ids.values(), parameter, *others), operation, answer)
            self._end(f"{parameter} {value}")
            self.filtered.add(parameter)

    async def all_of(self, operation: Operation) -> list[Json]:
        """Its answers for all ids, and of a feed all pages."""
        if operation.id != FEED:
            return [await self._ask(operation, ids, {}) for ids in self.ids.ways(operation)]
        pages = [await self._ask(operation, {}, {"limit": WIDEST})]
        while pages[-1]["next"] is not None:
            pages.append(await self._ask(operation, {}, {"limit": WIDEST, "after": str(pages[-1]["next"])}))
        return pages

    def _in(self, services: Iterable[str], *methods: str) -> list[Operation]:
        return [
            one for one in self.walk.operations.values() if one.service in services and one.method in methods
        ]

    async def _get(self, operation: Operation, everything: bool) -> None:
        for ids in self.ids.ways(operation):
            key = (operation.name, *ids.values())
            if self._as_before(operation, ids, key, everything):
                continue
            answer = await self._ask(operation, ids, {})
            self._keep(key, operation, answer)
            if answer is not None and answer == self._item(operation, ids):
                self._listed_whole.add(key)
            if answer is not None and operation.path in self._lists:
                for item in answer["items"]:
                    named = name_of(item, self._lists[operation.path])
                    self._items[(operation.path, *ids.values(), named)] = item

    def _as_before(self, operation: Operation, ids: Mapping[str, str], key: Key, everything: bool) -> bool:
        item = self._item(operation, ids)
        if key in self._read_at and NEVER_CHANGES & ids.keys():
            return True
        before = self._read_at.get(key, ...)
        self._read_at[key] = item
        if everything or before is ...:
            return False
        if item is not None:
            return bool(before == item) or key in self._listed_whole
        return self._anothers(ids) or key in self._forbidden

    def _anothers(self, ids: Mapping[str, str]) -> bool:
        return bool({ids.get("member"), ids.get("company")} - {None, self.company})

    def _item(self, operation: Operation, ids: Mapping[str, str]) -> Json:
        """As the nearest list above it shows what is read; None where no list does."""
        path = operation.path
        while path:
            parent, _, last = path.rpartition("/")
            if last.startswith("{") and parent in self._lists:
                names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
                values = [ids[name] for name in names if name != "alliance"]
                return self._items.get((parent, *values))
            path = parent
        return None

    async def _feed(self, operation: Operation) -> None:
        while True:
            query = {"after": str(self._fed.get(operation.name, 0)), "limit": WIDEST}
            page = await self._ask(operation, {}, query)
            if page is None:
                return
            self._keep((operation.name, query["after"]), operation, page)
            self._fed[operation.name] = page["after"]
            if page["next"] is None:
                return

    async def _ask(self, operation: Operation, ids: Mapping[str, str], query: Mapping[str, str]) -> Json:
        """All pages in one; None where it is refused."""
        if "cursor" in operation.parameters("query"):
            query = {"limit": WIDEST, **query}
        call = Call(operation, self.by, {**self.walk.known, **ids}, query)
        answer = await self.walk.send(call)
        if not answer.is_success:
            self._forbidden.add((operation.name, *ids.values()))
            return None
        self.answered.add(operation.name)
        page = answer.json() if "json" in answer.headers["content-type"] else None
        while page is not None and page.get("next") and "cursor" in operation.parameters("query"):
            more = await self.walk.send(call.changed(query={**query, "cursor": page["next"]}))
            page = {**more.json(), "items": [*page["items"], *more.json()["items"]]}
        self.ids.learn(operation, page, self._lists)
        return page

    async def _try(self, operation: Operation, day: str, everything: bool) -> None:
        """On what the walk is about, in the name of its own company where the command names one."""
        body = self._body(operation, day)
        known = self.walk.known
        names = [name for name in operation.parameters("path") if name != "alliance"]
        if body is ... or not known.keys() >= set(names):
            return
        ids = {name: known[name] for name in names}
        key = ("dry", operation.name, *ids.values())
        item = self._item(operation, ids)
        if not everything and self._until.get(key, ...) in (None, day, item):
            return
        headers = {"Content-Type": "application/json"} if operation.body is not None else {}
        headers |= {"If-Match": "*"} if operation.needs_version else {"Idempotency-Key": uuid4().hex}
        call = Call(operation, self.by, self.walk.known, {"dry_run": "true"}, body, headers)
        answer = await self.walk.send(call)
        self.tried.add(operation.name)
        # What is about nothing that is there rests on little that a command changes: once a day is enough.
        self._until[key] = ... if ids else day
        if answer.status_code in _REFUSED_TO_WHO_ASKS:
            self._until[key] = None
        elif answer.status_code == _REFUSED_FOR_ITS_BODY:
            self._until[key] = day
        elif answer.status_code == _REFUSED_NOW and _STATE.search(answer.json()["code"]):
            self._until[key] = item or ...
        self._keep(key, operation, answer.json())

    def _body(self, operation: Operation, day: str) -> Json:
        """As it was given, with figures of its own in place of another's, or as it is told to; `...` where it
        is neither, and something is required.
        """
        if operation.body is None:
            return None
        body, given = self.bodies.get(operation.name, {}), self.walk.calls.get(operation.name)
        if given is not None:
            body = given.body if given.by == self.by else _neutral(given.body)
        schema = operation.resolved(operation.body)
        usual = self.bodies[""].items()
        if isinstance(body, Mapping):
            body = {**{name: one for name, one in usual if name in schema.get("required", ())}, **body}
        if not isinstance(body, Mapping) or not set(schema.get("required", ())) <= body.keys():
            return ...
        if "company" in body and self.company is not None:
            body = {**body, "company": self.company}
        return {**body, "effective_on": day} if "effective_on" in schema.get("properties", {}) else body

    def _keep(self, key: Key, operation: Operation, answer: Json) -> None:
        """What is shown no more is remembered: what comes in its place is compared to it."""
        for figure in figures(answer, key):
            before = self._last.get(figure.path)
            if before != figure.value:
                self._last[figure.path] = figure.value
                self._changes.append(Change(figure.path, figure.kind, before, figure.value))
            self._see(operation, figure)

    def filters(self) -> list[str]:
        """The parameters that pick a part of what would else be shown."""
        named = {
            name
            for one in self.walk.operations.values()
            if one.method == "GET"
            for name in one.parameters("query")
        }
        return sorted(named - _NO_FILTERS)

    def choices(self, parameter: str) -> list[str]:
        """What a filter may be set to: what its schema lists, else the ids that are known."""
        for operation in self.walk.operations.values():
            if operation.method == "GET" and parameter in operation.parameters("query"):
                listed = list(_listed(operation, operation.parameters("query")[parameter]))
                return listed or [*self.ids.of.get(_SAME.get(parameter, parameter), ())]
        return []

    def _see(self, operation: Operation, figure: Figure) -> None:
        seen = (operation.name, figure.kind, abs(figure.value))
        self.seen[seen] = self.seen.get(seen, frozenset()) | figure.parties

    def _end(self, command: str) -> None:
        self.steps.append(Step(command, self._changes))
        self._changes = []
