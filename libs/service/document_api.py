"""`/documents/{document}`: a text of the service, to those who may read it; and its erasure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from sqlalchemy import Row
from starlette.responses import Response

from events.decision import Call
from events.errors import NotFound
from events.ids import AllianceId
from service.commands import AlliancePath, Running, Viewer, alliance_router
from service.permissions import Rule, permit
from service.runtime import Service
from standing import Given

DocumentPath = Annotated[UUID, Path(description="As a digest names it.")]


@dataclass(frozen=True)
class EraseDocument:
    """Deletes a text and its salt for ever; no event is recorded, and none changes."""

    company: UUID | None
    """Whose text it is, where it is one company's."""


def document_router(open_kinds: Set[str], rules: Mapping[type, Rule]) -> APIRouter:
    """`open_kinds` are readable by everybody in the alliance, other kinds by those who may read their owner's
    figures. `rules` has a row for `EraseDocument`.
    """
    router = alliance_router("documents")
    may = permit(rules)

    async def found(service: Service, given: Given, alliance: UUID, document: UUID) -> Row[Any]:
        async with service.store.reading() as connection:
            row = (
                await connection.execute(service.documents.read(AllianceId(alliance), document))
            ).one_or_none()
        if row is None or not (
            row.kind in open_kinds or (row.owner is not None and given.may_read(row.owner))
        ):
            raise NotFound
        return row

    @router.get("/documents/{document}", response_class=Response, responses=_TEXT)
    async def read_document(
        given: Viewer, service: Running, alliance: AlliancePath, document: DocumentPath
    ) -> Response:
        """The text, unless it has been erased."""
        row = await found(service, given, alliance, document)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
        return Response(row.body, media_type=row.media_type, headers=headers)

    @router.delete("/documents/{document}", status_code=204)
    async def erase_document(
        given: Viewer, service: Running, alliance: AlliancePath, document: DocumentPath
    ) -> Response:
        """Erases the text for ever. Events keep its digest, which says nothing without the salt."""
        row = await found(service, given, alliance, document)
        now = datetime.now(UTC)
        call = Call(given.caller, AllianceId(alliance), now, correlation="")
        may(call, None, EraseDocument(row.owner), given)
        async with service.store.transaction() as transaction:
            for statement in service.documents.erase(document, now):
                await transaction.execute(statement)
        return Response(status_code=204)

    return router


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As it was given: JSON where it is a notice.",
        "content": {"text/plain": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
    }
}
