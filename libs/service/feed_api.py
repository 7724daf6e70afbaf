"""`GET …/events`: what a service recorded of an alliance, to everybody in it, figures opened to whom they
are.
"""

from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from events.envelope import parse
from events.ids import AllianceId
from events.sealing import open_figures
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router
from service.feed import FEED_RESPONSES, FeedItem, WantedFeed, answer_feed
from service.runtime import Service
from service.tickets import StreamAuthenticated
from standing import Given

router = alliance_router("events")
stream_router = alliance_router("events")
stream_router.dependencies = []


class Ticket(BaseModel):
    """For a browser's EventSource, which sends no header: append `?ticket=` to the address of the stream."""

    model_config = ConfigDict(frozen=True)

    ticket: str
    seconds: int = Field(description="How long it may be used to open the stream.")


@stream_router.get("/events", responses=FEED_RESPONSES)
async def read_events(
    request: Request,
    caller: StreamAuthenticated,
    service: Running,
    alliance: AlliancePath,
    wanted: WantedFeed,
    raw: Annotated[bool, Query(description="The bytes as recorded, every figure sealed.")] = False,
) -> Response:
    """The events of the alliance in this service, in order: pages of JSON, or a stream of server-sent events.

    A sealed figure that the caller may read has `open` beside it.
    """

    async def check() -> None:
        await service.given(caller.person, alliance)

    async def fetch(after: int, limit: int, types: Sequence[str]) -> list[FeedItem]:
        given = await service.given(caller.person, alliance)
        rows = await service.store.events(AllianceId(alliance), after, limit, list(types) or None)
        return [_item(service, given, position, body, raw) for position, body in rows]

    return await answer_feed(request, wanted, caller, fetch=fetch, check=check)


def _item(service: Service, given: Given, position: int, body: bytes, raw: bool) -> FeedItem:
    head = parse(body)
    keyring = service.keyrings.get(head.service)
    if raw or keyring is None:
        return FeedItem(position, head.type, body)
    data = open_figures(
        head.envelope["data"],
        alliance=head.alliance,
        event_id=head.id,
        keyring=keyring,
        may_read=given.may_read,
    )
    return FeedItem(position, head.type, orjson.dumps({**head.envelope, "data": data}))


@router.post("/stream-tickets", response_model=Ticket)
async def issue_stream_ticket(
    request: Request, caller: Authenticated, service: Running, alliance: AlliancePath
) -> Ticket:
    """A ticket for the stream of this alliance's events in this service. It changes nothing, so needs no
    key.
    """
    await service.given(caller.person, alliance)
    path = request.url.path.removesuffix("/stream-tickets") + "/events"
    return Ticket(ticket=request.app.state.tickets.issue(caller, path), seconds=30)
