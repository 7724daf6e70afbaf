"""Everybody asks for everything: every view with every id, filter and page, every command dry or refused."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, product
from typing import Any

import httpx

from rigs.operations import Json, Operation
from rigs.recognisable import RecognisableWalk
from rigs.trespass import STALE
from rigs.walk import DAY, Call, Onlooker, Walk

INSIDE = ("aubrelle", "dourvel", "valbrune", "castrelle", "coordinator")
BESIDE = ("assistant", "delegate", "outsider", "stranger")
"""A colleague at castrelle; who has a role, or a company that is a member, for a part of the walk; nobody."""

UNFILTERED = frozenset({"after", "wait", "cursor", "limit", "dry_run"})
"""Query parameters that choose no other figures: paging has its own loop."""

FEED = "read_events"


def views(walk: Walk, service: str) -> Sequence[Operation]:
    """Whatever is read, but for the feeds."""
    found = walk.operations.values()
    return [one for one in found if one.service == service and one.method == "GET" and one.id != FEED]


async def get(
    walk: RecognisableWalk, by: str, view: Operation, ids: Mapping[str, str], query: Mapping[str, str]
) -> None:
    """All pages, if it has any."""
    following: dict[str, str] = {}
    while True:
        call = Call(view, by or "stranger", ids, {**query, **following})
        answer = await walk.send(call, authorization=None if by else "")
        shown = answer.json() if answer.is_success and "json" in answer.headers["content-type"] else {}
        if not shown.get("next"):
            return
        following = {"cursor": shown["next"]}


async def pry(walk: RecognisableWalk, by: str, service: str, known: Mapping[str, Sequence[str]]) -> None:
    """Every view, with every id of `known` that there is so far."""
    for view in views(walk, service):
        names = list(view.parameters("path"))
        for ids in product(*(known.get(name, ()) for name in names)):
            walk.pried.add(view.name)
            for query in filters(walk, view):
                await get(walk, by, view, dict(zip(names, ids, strict=True)), query)


def filters(walk: RecognisableWalk, view: Operation) -> Iterator[Mapping[str, str]]:
    """What must be given, in each way; and beside it each of the others, with each value that it has."""
    values = {
        name: [*_values(walk, view, name, schema)]
        for name, schema in view.parameters("query").items()
        if name not in UNFILTERED
    }
    for name, known in values.items():
        assert known, f"{view.name}: by which values of {name} is it to be filtered?"
    required = {name: values.pop(name) for name in view.required}
    for given in product(*required.values()):
        query = dict(zip(required, given, strict=True))
        yield query
        yield from ({**query, name: value} for name, known in values.items() for value in known)


def _values(walk: RecognisableWalk, view: Operation, name: str, schema: Json) -> Iterator[str]:
    for part in (view.resolved(one) for one in schema.get("anyOf", [schema])):
        if part.get("type") == "array":
            yield from _values(walk, view, name, part["items"])
        yield from part.get("enum", ())
        if part.get("type") == "boolean":
            yield from ("true", "false")
        if part.get("format") == "uuid":
            yield from walk.companies.values()
        if part.get("format") == "date":
            yield from ("2025-01-02", DAY)
        if name in {"at_size", "size", "new", "index"}:
            yield from ("20", "200")
        if name == "old":
            yield "5"
        if name == "period":
            yield "2025"
        if name == "project":
            yield "life"


async def read_feed(walk: RecognisableWalk, by: str, service: str, *, raw: bool) -> None:
    """In pages, then as a stream."""
    feed = walk.operations[f"{service}.{FEED}"]
    ids = {"alliance": walk.known["alliance"]}
    query = {"raw": "true"} if raw else {}
    after = 0
    while True:
        page = Call(feed, by or "stranger", ids, {**query, "limit": "200", "after": str(after)})
        answer = await walk.send(page, authorization=None if by else "")
        if not answer.is_success:
            return
        shown = answer.json()
        after = shown["after"]
        if shown["next"] is None:
            break
    answer = await streamed(walk, by, feed.address(ids), query, after)
    walk.pried.add(feed.name)
    walk.saw(by, feed.name, "stream", answer)
    assert f"id: {after}\n".encode() in answer.content


async def streamed(
    walk: RecognisableWalk, by: str, address: str, query: Mapping[str, str], until: int
) -> httpx.Response:
    """What a stream of server-sent events says up to that position; then its reader is gone.

    By hand, since httpx' transport waits for the end of an answer, and a stream has none.
    """
    said, head, enough = bytearray(), dict[str, Any](), asyncio.Event()
    asked: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        head.update(message)
        said.extend(message.get("body", b""))
        if f"id: {until}\n".encode() in said:
            enough.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "root_path": "",
        "query_string": str(httpx.QueryParams(query)).encode(),
        "headers": [
            (b"host", b"product"),
            (b"accept", b"text/event-stream"),
            (b"authorization", f"Bearer {walk.token(by)}".encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("product", 80),
    }
    async with asyncio.timeout(30):
        await walk.product.app(scope, receive, send)
    return httpx.Response(head["status"], headers=head["headers"], content=bytes(said))


class Prying(Onlooker):
    """Tries each command just before it is given, where all else is right, and looks at what it is about just
    after. Others take turns at it.
    """

    def __init__(self) -> None:
        self.turns = cycle((*INSIDE, *BESIDE))

    async def before(self, walk: Walk, call: Call) -> None:
        if not walk.founded or not call.operation.records:
            return
        other = next(self.turns)
        attempts = []
        if "dry_run" in call.operation.parameters("query"):
            dry = {**call.query, "dry_run": "true"}
            attempts += [call.changed(by=by, query=dry) for by in (call.by, "coordinator", other)]
        if isinstance(call.body, dict):
            attempts.append(call.changed(body={**call.body, "unknown": call.body}))
        if "if-match" in call.operation.parameters("header"):
            stale = {**call.changed().headers, "If-Match": STALE}
            attempts.append(call.changed(by=other, headers=stale))
        for attempt in attempts:
            await walk.send(attempt)

    async def after(self, walk: Walk, call: Call, answer: httpx.Response) -> None:
        assert isinstance(walk, RecognisableWalk)
        self._come_and_go(walk, call)
        if not walk.founded or not call.operation.records:
            return
        about = {name for name in call.ids if name != "alliance"}
        ids = {**walk.known, **call.ids}
        by = next(self.turns)
        for view in views(walk, call.operation.service):
            places = set(view.parameters("path")) - {"alliance"}
            if places <= ids.keys() and (places & about or not (places or about)):
                await get(walk, by, view, ids, {})

    def _come_and_go(self, walk: RecognisableWalk, call: Call) -> None:
        match call.operation.name:
            case "members.grant_role":
                walk.outside.discard(call.body["subject"].partition("-")[0])
            case "members.withdraw_role":
                walk.outside.add(call.body["subject"].partition("-")[0])
            case "members.admit_member":
                walk.outside.discard("outsider")
            case "members.expel_member":
                walk.outside.add("outsider")
            case "members.leave":
                walk.outside.update(("castrelle", "assistant"))
