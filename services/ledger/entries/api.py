"""The log of an alliance: how far it is, and its entries, byte for byte."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from events.envelope import parse
from events.errors import NotFound
from events.sealing import open_figures
from ledger.entries import views
from ledger.snapshot import Shown, snapshot
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router

router = alliance_router("entries")


class StandsStill(BaseModel):
    """The event at which the alliance stands still, until an operator resumes it."""

    source: str
    sequence: int
    code: str


class LogView(Shown):
    """A log, to everybody in the alliance."""

    origin: str | None = Field(description="Its name for ever; none before the first entry.")
    frozen: StandsStill | None


class EntryView(BaseModel):
    """One entry. Its bytes are what hashes are taken of."""

    index: int = Field(description="From 0 on: one less than the position in the feed.")
    source: str
    sequence: int = Field(description="The event's number in its source.")
    type: str
    event_id: str
    bytes: str = Field(description="The event exactly as recorded, in base64, every figure sealed.")
    event: dict[str, Any] = Field(description="The event; a sealed figure that you may read has `open`.")


@router.get("/log", response_model=LogView)
async def read_log(
    request: Request, caller: Authenticated, service: Running, alliance: AlliancePath
) -> LogView | Response:
    """How many entries the log has, its name, and whether it is complete."""
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        stands = await books.transaction.raw.fetchrow(
            "SELECT source, sequence, code FROM frozen WHERE alliance_id = $1", alliance
        )
        return LogView(
            log_size=books.log_size,
            complete=books.complete,
            origin=await views.origin(books.transaction, alliance),
            frozen=None if stands is None else StandsStill(**dict(stands)),
        )


@router.get("/entries/{index}", response_model=EntryView)
async def read_entry(
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    index: Annotated[int, Path(ge=0, le=2**53 - 1)],
) -> EntryView:
    """One entry of the log, as it will always be."""
    async with snapshot(service, caller, alliance) as books:
        found = await views.entry(books.transaction, alliance, index)
    if found is None:
        raise NotFound("entry_unknown")
    head = parse(found.body)
    data = open_figures(
        head.envelope["data"],
        alliance=head.alliance,
        event_id=head.id,
        keyring=service.keyrings[head.service],
        may_read=books.given.may_read,
    )
    return EntryView(
        index=index,
        source=head.service,
        sequence=head.sequence,
        type=head.type,
        event_id=head.id,
        bytes=b64encode(found.body).decode(),
        event={**head.envelope, "data": data},
    )
