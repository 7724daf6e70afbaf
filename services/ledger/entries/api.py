"""The entries of a log, byte for byte."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from events.envelope import parse
from events.errors import NotFound
from events.sealing import open_figures
from ledger.entries import views
from ledger.snapshot import snapshot
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router

router = alliance_router("entries")


class EntryView(BaseModel):
    """One entry. Its bytes are what hashes are taken of."""

    index: int = Field(description="From 0 on: one less than the position in the feed.")
    source: str
    sequence: int = Field(description="The event's number in its source.")
    type: str
    event_id: str
    bytes: str = Field(description="The event exactly as recorded, in base64, every figure sealed.")
    event: dict[str, Any] = Field(description="The event; a sealed figure that you may read has `open`.")


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
