"""The sealed log over HTTP, as C2SP's tlog-tiles has it, and its proofs. To everybody in the alliance.

Nothing here goes beyond the published checkpoint: what it covers never changes, so that tiles may be kept for
ever.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from gzip import compress
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from events.errors import Invalid, NotFound, Restoring
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger.entries.views import entry, origin
from ledger.log.views import read_tile, worked_out
from ledger.snapshot import Shown, snapshot
from service.auth import Authenticated
from service.commands import AlliancePath, Running, Viewer, alliance_router
from tlog.checkpoints import Proof
from tlog.merkle import consistency_proof, inclusion_proof, leaf_hash, root
from tlog.notes import encoded
from tlog.tiles import LARGEST_SIZE, Tile

PLAIN: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
FOR_EVER: Final = "private, max-age=31536000, immutable"
_GZIP: Final = re.compile(r"(?i)(?:^|,)\s*gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))")
"""In Accept-Encoding, unless it stands there with a weight of 0."""

Index = Annotated[int, Query(ge=0, le=LARGEST_SIZE, description="Of the entry, from 0 on.")]
Size = Annotated[int | None, Query(ge=0, le=LARGEST_SIZE, description="The checkpoint's unless given.")]


class StandsStill(BaseModel):
    """The event at which the alliance stands still, until an operator resumes it."""

    source: str
    sequence: int
    code: str


class LogView(Shown):
    """A log, to everybody in the alliance."""

    origin: str | None = Field(description="Its name for ever; none before the first entry.")
    keys: list[str] = Field(
        description="The verifier keys of the log as C2SP's signed-note has them, the newest first.",
        examples=[["alliance.local/5f0c+1d8a3c4e+AQrZ2Vn0m9dAQl8mM0rKq1S0b3vY0rXw0pX7m0y5f6g7"]],
    )
    checkpoint_size: int = Field(
        description="The entries that the published checkpoint covers; 0 without one."
    )
    frozen: StandsStill | None


class InclusionView(BaseModel):
    """That an entry is in the log (RFC 6962, 2.1.1). Hashes in base64."""

    index: int
    size: int
    leaf_hash: str
    root: str
    hashes: list[str] = Field(description="From the leaf's sibling to the root's child.")


class ConsistencyView(BaseModel):
    """That the log at one size begins the log at another (RFC 6962, 2.1.2). Hashes in base64."""

    old: int
    new: int
    old_root: str
    new_root: str
    hashes: list[str]


@dataclass(frozen=True, slots=True)
class Published:
    """The log as far as its checkpoint covers it."""

    transaction: Transaction
    alliance: AllianceId
    size: int
    checkpoint: str

    def within(self, size: int | None) -> int:
        """Raises Invalid for a size beyond the checkpoint's."""
        if size is None:
            return self.size
        if size > self.size:
            raise Invalid("size_beyond_log", size=self.size)
        return size


@asynccontextmanager
async def published(store: Store, alliance: UUID) -> AsyncIterator[Published]:
    """Raises NotFound where no checkpoint is; Restoring while it may be older than one shown before."""
    async with store.single() as transaction:
        transaction.writable(AllianceId(alliance))
        row = await transaction.raw.fetchrow(
            "SELECT size, checkpoint FROM logs WHERE alliance_id = $1", alliance
        )
        gate = transaction.gate
        if gate is not None and (row["size"] if row else 0) < gate.restored.get(AllianceId(alliance), 0):
            raise Restoring
        if row is None:
            raise NotFound("checkpoint_unknown")
        yield Published(transaction, AllianceId(alliance), row["size"], row["checkpoint"])


async def prove(log: Published, index: int) -> Proof:
    """That the entry is in the log, with the published checkpoint. Raises NotFound beyond it."""
    if index >= log.size:
        raise NotFound("entry_unknown")
    hashes = await worked_out(
        log.transaction, log.alliance, log.size, lambda tree: inclusion_proof(index, log.size, tree)
    )
    return Proof(index, hashes, log.checkpoint.encode())


def _text(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}}


_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The same for ever.",
        "content": {BYTES: {"schema": {"type": "string", "contentMediaType": BYTES}}},
    }
}

router = alliance_router("log")


@router.get("/log", response_model=LogView)
async def read_log(
    request: Request, caller: Authenticated, service: Running, alliance: AlliancePath
) -> LogView | Response:
    """How many entries the log has, its name and keys, and whether it is complete."""
    async with snapshot(service, caller, alliance) as books:
        row = await books.transaction.raw.fetchrow(
            "SELECT source, sequence, code, size, keys FROM (SELECT $1::uuid AS alliance_id) one"
            " LEFT JOIN frozen USING (alliance_id) LEFT JOIN logs USING (alliance_id)",
            alliance,
        )
        assert row is not None
        if unchanged := books.unchanged(request, row["size"] or 0):
            return unchanged
        stands = row["code"] is not None
        return LogView(
            log_size=books.log_size,
            complete=books.complete,
            origin=await origin(books.transaction, alliance),
            keys=row["keys"] or [],
            checkpoint_size=row["size"] or 0,
            frozen=StandsStill(source=row["source"], sequence=row["sequence"], code=row["code"])
            if stands
            else None,
        )


@router.get("/log/checkpoint", response_class=Response, responses=_text("The signed note."))
async def read_checkpoint(given: Viewer, service: Running, alliance: AlliancePath) -> Response:
    """The newest checkpoint: signed by the log, and cosigned by witnesses that the charter names."""
    async with published(service.store, alliance) as log:
        return Response(log.checkpoint, media_type=PLAIN, headers={"Cache-Control": "no-cache"})


@router.get("/log/tile/{path:path}", response_class=Response, responses=_TILE)
async def read_log_tile(
    request: Request,
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    path: Annotated[str, Path(max_length=60, description="As C2SP's tlog-tiles has it.", examples=["0/000"])],
) -> Response:
    """A tile of hashes, or a bundle of entries (`entries/000`): full, or as wide as it once was."""
    try:
        tile = Tile.parse(f"tile/{path}")
    except ValueError:
        raise NotFound("tile_unknown") from None
    async with published(service.store, alliance) as log:
        if not tile.is_of(log.size):
            raise NotFound("tile_unknown")
        body = await read_tile(log.transaction, log.alliance, tile)
    headers = {"Cache-Control": FOR_EVER}
    if tile.level is None:  # hashes have nothing in them that could be made shorter
        headers["Vary"] = "Accept-Encoding"
        if _GZIP.search(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(compress, body, 1, mtime=0)
    return Response(body, media_type=BYTES, headers=headers)


@router.get("/log/proofs/inclusion", response_model=InclusionView)
async def prove_inclusion(
    given: Viewer, service: Running, alliance: AlliancePath, index: Index, size: Size = None
) -> InclusionView:
    """That an entry is in the log as it is at a size."""
    async with published(service.store, alliance) as log:
        size = log.within(size)
        if index >= size:
            raise NotFound("entry_unknown")
        hashes, whole = await worked_out(
            log.transaction,
            log.alliance,
            size,
            lambda tree: (inclusion_proof(index, size, tree), root(size, tree)),
        )
        found = await entry(log.transaction, alliance, index)
    assert found is not None
    return InclusionView(
        index=index,
        size=size,
        leaf_hash=encoded(leaf_hash(found.body)),
        root=encoded(whole),
        hashes=[encoded(one) for one in hashes],
    )


@router.get("/log/proofs/consistency", response_model=ConsistencyView)
async def prove_consistency(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    old: Annotated[int, Query(ge=0, le=LARGEST_SIZE, description="A size of the log.")],
    new: Size = None,
) -> ConsistencyView:
    """That the log at one size begins the log at another."""
    async with published(service.store, alliance) as log:
        new = log.within(new)
        if old > new:
            raise Invalid("sizes_reversed")
        hashes, before, after = await worked_out(
            log.transaction,
            log.alliance,
            new,
            lambda tree: (consistency_proof(old, new, tree), root(old, tree), root(new, tree)),
        )
    return ConsistencyView(
        old=old,
        new=new,
        old_root=encoded(before),
        new_root=encoded(after),
        hashes=[encoded(one) for one in hashes],
    )


@router.get("/log/proofs/{index}", response_class=Response, responses=_text("As C2SP's tlog-proof has it."))
async def prove_entry(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    index: Annotated[int, Path(ge=0, le=LARGEST_SIZE)],
) -> Response:
    """That an entry is in the log, with the checkpoint: a file that can be checked without us."""
    async with published(service.store, alliance) as log:
        proof = await prove(log, index)
    return Response(bytes(proof), media_type=PLAIN, headers={"Cache-Control": "no-cache"})
