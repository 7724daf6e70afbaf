"""Importing a public notice, and what an import came to."""

import asyncio
from dataclasses import replace
from datetime import date
from secrets import token_bytes
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field, TypeAdapter
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Transaction
from service.commands import (
    Acknowledged,
    AlliancePath,
    Command,
    Running,
    Viewer,
    alliance_router,
    answer,
    not_modified,
)
from service.documents import SALT_SIZE, digest
from service.problems import ProblemError, problem
from standing import Given
from tenders.notices import Fault, NoticeRefused, ReadNotice, read_ocds
from tenders.publication import domain, views

router = alliance_router("notices")

MOST_BYTES: Final = 5_000_000
BODIES: Final = {"/notices/imports": MOST_BYTES}
"""Body limits by the end of the path, for the service's description."""

_FAULTS: Final[TypeAdapter[tuple[Fault, ...]]] = TypeAdapter(tuple[Fault, ...])

_EXAMPLE: Final = {
    "ocid": "ocds-example-2025-1",
    "id": "2025-1-tender",
    "date": "2025-01-10T09:00:00+01:00",
    "tag": ["tender"],
    "initiationType": "tender",
    "buyer": {"name": "Commune d'exemple"},
    "tender": {"id": "2025-1", "title": "Entretien des espaces verts"},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "An OCDS 1.0 or 1.1 release or record package, or a release or record by itself.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
    }
}


class FaultItem(BaseModel):
    """What is wrong in the notice or had to be interpreted, and where: an RFC 6901 pointer into it."""

    pointer: str
    code: str
    message: str


class ProcessItem(BaseModel):
    ocid: str
    opportunity: UUID
    outcome: domain.Outcome
    warnings: list[FaultItem] = Field(description="Empty, too, once the notice has been erased.")


class ImportView(BaseModel):
    """What an import came to, and why nothing was made of parts of it."""

    id: UUID
    version: int
    processes: list[ProcessItem]
    refused: list[FaultItem]


@router.post("/notices/imports", status_code=201, response_model=Acknowledged, openapi_extra=_BODY)
async def import_notice(
    request: Request,
    asked: Command,
    alliance: AlliancePath,
    effective_on: Annotated[
        date | None, Query(description="Business date, in the charter's time zone; today unless given.")
    ] = None,
) -> Response:
    """Imports a public notice as published: the body is the file. An opportunity for each process in it.

    A process that is known already becomes a new edition of its opportunity, and where what is asked for
    has changed, each member confirms its bids anew. A notice of which no opportunity can be made is refused
    with all that is wrong in it.
    """
    service = asked.service
    await service.given(asked.call.actor, alliance)  # who has no role here gets nothing parsed
    try:
        publication = await asyncio.to_thread(read_ocds, await request.body())
    except NoticeRefused as refused:
        errors = [
            ProblemError(code=fault.code, detail=fault.message, pointer=fault.pointer)
            for fault in refused.faults
        ]
        return problem(request.scope, 422, refused.code, parameters=refused.parameters, errors=errors)
    salts = {uuid7(): token_bytes(SALT_SIZE) for _ in range(len(publication.notices) + 2)}
    original, faults, *readings = salts
    raw = await request.body()
    refused_parts = _FAULTS.dump_json(publication.refused)
    processes = tuple(
        domain.Process(uuid7(), read, digest(document, salts[document], read.model_dump_json().encode()))
        for read, document in zip(publication.notices, readings, strict=True)
    )
    command = domain.Import(
        digest(original, salts[original], raw),
        processes,
        len(publication.refused),
        digest(faults, salts[faults], refused_parts) if publication.refused else None,
    )

    async def load(transaction: Transaction, state: domain.Publication | None, given: Given) -> Given:
        known = await views.known(service, transaction, AllianceId(alliance), processes)
        kept = [(original, "notice", raw)]
        kept += [(faults, "notice_faults", refused_parts)] if publication.refused else []
        kept += [
            (process.reading.document, "notice_reading", process.read.model_dump_json().encode())
            for process in processes
            if domain.outcome(process.read, known.get(process.read.ocid)) in {"detected", "amended"}
        ]
        for document, kind, body in kept:
            _, put = service.documents.put(
                document,
                AllianceId(alliance),
                kind=kind,
                body=body,
                salt=salts[document],
                media_type="application/json",
                at=given.now,
            )
            await transaction.execute(put)
        return given.with_more(known)

    call = replace(asked.call, effective_on=effective_on)
    receipt = await service.commands.execute(call, domain.PUBLICATION, uuid7(), command, load=load)
    location = f"/alliances/{alliance}/notices/imports/{receipt.id}"
    return answer(asked, receipt, location=location, created=True)


@router.get("/notices/imports/{publication}", response_model=ImportView)
async def read_import(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, publication: UUID
) -> ImportView | Response:
    """What an import came to: its opportunities, warnings, and what was refused of it."""
    loaded = await service.commands.state(AllianceId(alliance), domain.PUBLICATION, publication)
    version, state = loaded
    if state is None:
        raise NotFound
    if unchanged := not_modified(request, version):
        return unchanged
    imported = state.imported
    items = []
    refused: tuple[Fault, ...] = ()
    async with service.store.transaction() as transaction:
        for process in imported.processes:
            read: ReadNotice | None = None
            if process.reading is not None:
                read = await views.reading(
                    service, transaction, AllianceId(alliance), process.reading.document
                )
            items.append(
                ProcessItem(
                    ocid=process.ocid,
                    opportunity=process.opportunity,
                    outcome=domain.Outcome(process.outcome),
                    warnings=_items(read.warnings if read else ()),
                )
            )
        if imported.faults is not None:
            kept = service.documents.read(AllianceId(alliance), imported.faults.document)
            row = (await transaction.execute(kept)).first()
            refused = _FAULTS.validate_json(row.body) if row else ()
    return ImportView(id=publication, version=version, processes=items, refused=_items(refused))


def _items(faults: tuple[Fault, ...]) -> list[FaultItem]:
    return [FaultItem(pointer=fault.pointer, code=fault.code, message=fault.message) for fault in faults]
