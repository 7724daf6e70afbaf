"""One feed of events in two media types: JSON pages, and server-sent events (WHATWG HTML, 9.2).

`Accept: text/event-stream` opens a stream: `id` is the position, `event` the type, `data` the event's bytes
on one line. `Last-Event-ID` resumes where it broke off. The right to read is checked again at every batch, so
that a withdrawn role cuts the stream; so do the end of the caller's token and the drain of the service.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import Depends, Header, Query, Request
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response, StreamingResponse

from events.errors import AllianceError
from service.auth import Caller
from service.problems import HttpProblem

EVENT_STREAM: Final = "text/event-stream"
_LAST_POSITION: Final = 2**63 - 1
_BATCH: Final = 200

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event of a feed: where it stands, its wire type, its bytes as they were appended."""

    position: int
    type: str
    body: bytes


Fetch = Callable[[int, int, Sequence[str]], Awaitable[Sequence[FeedItem]]]
"""`fetch(after, limit, types)`: the next items by position; no types means all. It opens what it needs
itself: a stream lasts for hours and must hold no connection between batches."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of a feed."""

    after: int
    limit: int
    types: tuple[str, ...]
    streamed: bool


async def _wanted(
    after: Annotated[int, Query(ge=0, le=_LAST_POSITION, description="The position to go on from.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_BATCH, description="Most items of a page.")] = 50,
    types: Annotated[str, Query(max_length=2000, description="Only these types, separated by commas.")] = "",
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(description="Resumes a stream; wins over after.")] = None,
) -> Wanted:
    streamed = EVENT_STREAM in accept
    if streamed and last_event_id:
        if (
            not (last_event_id.isascii() and last_event_id.isdecimal())
            or int(last_event_id[:20]) > _LAST_POSITION
        ):
            raise HttpProblem(400, "position_invalid")
        after = int(last_event_id)
    return Wanted(after, limit, tuple(filter(None, types.split(","))), streamed)


WantedFeed = Annotated[Wanted, Depends(_wanted)]

FEED_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page, or a stream of the same events.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items", "next", "after"],
                    "properties": {
                        "items": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["position", "type", "event"],
                                "properties": {
                                    "position": {"type": "integer"},
                                    "type": {"type": "string"},
                                    "event": {"type": "object"},
                                },
                            },
                        },
                        "next": {
                            "type": ["integer", "null"],
                            "description": "Give it as after for the next page; null at the end.",
                        },
                        "after": {
                            "type": "integer",
                            "description": "The position reached: go on from it later.",
                        },
                    },
                }
            },
            EVENT_STREAM: {"schema": {"type": "string"}},
        },
    }
}
"""The `responses` of a feed's route."""


async def answer_feed(
    request: Request,
    wanted: Wanted,
    caller: Caller,
    *,
    fetch: Fetch,
    check: Callable[[], Awaitable[None]],
    changed: Callable[[], Awaitable[object]] | None = None,
    heartbeat: float = 15.0,
    poll: float = 1.0,
) -> Response:
    """The page or the stream. Durations in seconds.

    `check` raises what a caller without the right gets (Forbidden, NotFound). `changed()` returns once there
    may be something new; it is called before `fetch`, so that nothing appended in between is slept through.
    Without it, and beside it, the feed is read every `poll` seconds.
    """
    await check()
    if not wanted.streamed:
        return await _page(wanted, fetch)
    stream = _stream(request, wanted, caller, fetch, check, changed, heartbeat, poll)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type=EVENT_STREAM)


async def _page(wanted: Wanted, fetch: Fetch) -> Response:
    found = await fetch(wanted.after, wanted.limit + 1, wanted.types)
    items = found[: wanted.limit]
    after = items[-1].position if items else wanted.after
    # The events' bytes go out as they are: nobody re-serialises an event.
    page = {
        "items": [
            {"position": item.position, "type": item.type, "event": orjson.Fragment(item.body)}
            for item in items
        ],
        "next": after if len(found) > wanted.limit else None,
        "after": after,
    }
    return Response(orjson.dumps(page), media_type="application/json")


async def _stream(
    request: Request,
    wanted: Wanted,
    caller: Caller,
    fetch: Fetch,
    check: Callable[[], Awaitable[None]],
    changed: Callable[[], Awaitable[object]] | None,
    heartbeat: float,
    poll: float,
) -> AsyncIterator[bytes]:
    drain: asyncio.Event = request.app.state.drain
    clock = request.app.state.verifier.clock
    now = asyncio.get_running_loop().time
    position, last_sent = wanted.after, now()
    yield KEEPALIVE_COMMENT  # the headers go out with it, and the browser's `open` fires
    while not drain.is_set() and clock() < caller.expires:
        # Futures instead of a TaskGroup: an asynchronous generator may be closed in another task's scope.
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(_until(drain.wait))]
        if changed is not None:
            waits.append(asyncio.ensure_future(_until(changed)))
        try:
            try:
                await check()
                items = await fetch(position, _BATCH, wanted.types)
            except AllianceError as error:
                _log.info("stream_cut", error=error.code)
                return
            for item in items:
                position = item.position
                yield format_sse_event(id=str(position), event=item.type, data_str=item.body.decode())
            if items:
                last_sent = now()
            if len(items) < _BATCH:
                pause = max(0.0, min(poll, last_sent + heartbeat - now()))
                await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if now() - last_sent >= heartbeat:
            last_sent = now()
            yield KEEPALIVE_COMMENT


async def _until(happens: Callable[[], Awaitable[object]]) -> object:
    return await happens()
