"""How much a caller may send, and how often: the guard that stands before the routes.

A body is read whole before its route runs, never beyond its limit, and must be I-JSON (RFC 7493): UTF-8, no
lone surrogates, numbers that a double holds exactly. U+0000 is refused everywhere, since PostgreSQL's text
cannot hold it: a route that met it would fail after the checks instead of in them.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from typing import Final

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from events.errors import Invalid
from service.problems import HttpProblem, answer_alliance_error

_LARGEST_INTEGER: Final = 2**53 - 1
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OPERATORS_PATHS: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Probes and scrapes, which no limit and no log line should touch."""


def path_within(scope: Scope) -> str:
    """The path as the application itself knows it, without the prefix it is mounted under."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one application. Sizes in bytes, `text` in characters, `rate` in requests a second."""

    body: int = 256 * 1024
    bodies: Mapping[str, int] = field(default_factory=dict)
    """Other body limits, by the end of the path (`/imports`); texts in them have no limit of their own."""
    text: int = 20_000
    page: int = 200
    rate: float = 500.0
    """0 switches the limit off."""
    burst: int = 1000

    def body_of(self, path: str) -> int | None:
        """The body limit of its own that a path has."""
        return next((limit for end, limit in self.bodies.items() if path.endswith(end)), None)


class BodyGuard:
    """Middleware: reads the body, refuses what is too large or no I-JSON, and hands it on in one piece."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise HttpProblem(400, "nul_character")
        if scope["method"] in _BODILESS:
            await self.app(scope, receive, send)
            return
        own_limit = self.limits.body_of(scope["path"])
        body = await _read(scope, receive, own_limit or self.limits.body)
        if body is None:
            return  # the caller has gone
        if body:
            _require_json_content(Headers(scope=scope))
            try:
                check_json(body, text_limit=None if own_limit else self.limits.text)
            except Invalid as error:
                await answer_alliance_error(scope, error)(scope, receive, send)
                return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise HttpProblem(413, "body_too_large", limit=limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise HttpProblem(413, "body_too_large", limit=limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _require_json_content(headers: Headers) -> None:
    types = headers.getlist("content-type")
    if len(types) == 1:
        kind, _, options = types[0].lower().partition(";")
        kind, options = kind.strip(), options.replace(" ", "").replace('"', "")
        is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
        if is_json and options in {"", "charset=utf-8"}:
            return
    raise HttpProblem(415, "unsupported_media_type", headers={"Accept": "application/json"})


def check_json(body: bytes, *, text_limit: int | None) -> None:
    """Raise HttpProblem `malformed_json`, or Invalid with the pointer of a value that breaks I-JSON."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpProblem(400, "malformed_json") from error
    # The way to a value is kept as nested pairs: pointers are written only once something is wrong.
    waiting: list[tuple[object, object]] = [(tree, None)]
    while waiting:
        value, way = waiting.pop()
        if isinstance(value, str):
            _check_text(value, way, text_limit)
        elif isinstance(value, int | float):
            if abs(value) > _LARGEST_INTEGER:
                raise Invalid("number_out_of_range", pointer=_pointer(way))
        elif isinstance(value, dict):
            for key, inner in value.items():
                _check_text(key, way, text_limit)
                waiting.append((inner, (way, key)))
        elif isinstance(value, list):
            waiting.extend((inner, (way, index)) for index, inner in enumerate(value))


def _check_text(text: str, way: object, limit: int | None) -> None:
    if "\0" in text:
        raise Invalid("nul_character", pointer=_pointer(way))
    if limit is not None and len(text) > limit:
        raise Invalid("too_long", pointer=_pointer(way), max_length=limit)


def _pointer(way: object) -> str:
    steps: list[str] = []
    while isinstance(way, tuple):
        way, step = way
        steps.append("/" + str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(reversed(steps))[:256]


class RateLimit:
    """Middleware: a token bucket for each caller; who is not known yet shares one with its address.

    `recall` gives the name of a caller whose token has been verified before, without verifying anything: a
    made-up token must not get a bucket of its own. Buckets are of this process and are forgotten with it.
    """

    _MOST_BUCKETS: Final = 50_000

    def __init__(self, app: ASGIApp, limits: Limits, recall: Callable[[str], str | None]) -> None:
        self.app = app
        self.limits = limits
        self.recall = recall
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.limits.rate and path_within(scope) not in OPERATORS_PATHS:
            wait = self.take(self._name(scope), monotonic())
            if wait:
                raise HttpProblem(429, "rate_limited", headers={"Retry-After": str(ceil(wait))})
        await self.app(scope, receive, send)

    def _name(self, scope: Scope) -> str:
        caller = self.recall(Headers(scope=scope).get("authorization", ""))
        client = scope.get("client")
        return caller or (f"address {client[0]}" if client else "nobody")

    def take(self, name: str, now: float) -> float:
        """Take one request out of the bucket; else the seconds until there is one again. `now` in seconds."""
        level, since = self.buckets.pop(name, (float(self.limits.burst), now))
        level = min(self.limits.burst, level + (now - since) * self.limits.rate)
        allowed = level >= 1
        self.buckets[name] = (level - 1 if allowed else level, now)
        if len(self.buckets) > self._MOST_BUCKETS:
            self.buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self.limits.rate
