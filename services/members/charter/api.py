"""Charters: reading those in force, proposing another, putting it in force."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.store import Transaction
from members.charter import domain, views
from members.charter.events import Terms
from members.decision.api import state_under_lock
from service.commands import (
    Acknowledged,
    AlliancePath,
    Body,
    Command,
    Running,
    Viewer,
    alliance_router,
    answer,
    not_modified,
)
from service.paging import Cursor, CursorText, Page, PageLimit
from service.texts import Texts
from standing import Given

router = alliance_router("charters")

Number = Annotated[int, Path(ge=1, le=1_000_000, description="The charter's version.")]
ProposalPath = Annotated[UUID, Path(description="The proposal's id.")]
Preamble = Annotated[
    str | None,
    Field(min_length=1, max_length=20_000, pattern=r"\S", description="Values, roadmap, horizon."),
]


class ProposeBody(Body):
    terms: Terms
    preamble: Preamble = None


class PutInForceBody(Body):
    proposal: UUID
    decision: UUID = Field(description="One that passed about this very proposal.")
    from_day: date = Field(description="Not before the effective date: charters are not retroactive.")


class CharterItem(BaseModel):
    version: int
    from_day: date
    in_force: bool = Field(description="Today.")
    decision: UUID | None = Field(description="Null for the charter that came with the founding.")


class CharterView(CharterItem):
    terms: Terms
    preamble: UUID | None = Field(description="A document.")


class ProposalItem(BaseModel):
    id: UUID
    version: int
    charter: int | None = Field(description="The charter that it became.")


class ProposalView(ProposalItem):
    terms: Terms
    preamble: UUID | None = Field(description="A document.")


_charters = Cursor("charters", int)
_proposals = Cursor("charter-proposals", UUID)


@router.get("/charters", response_model=Page[CharterItem])
async def list_charters(
    given: Viewer, service: Running, alliance: AlliancePath, limit: PageLimit, cursor: CursorText = None
) -> Page[CharterItem]:
    """The charters put in force so far, by version."""
    after = min(_charters.decode(cursor)[0], 1_000_000) if cursor else 0
    async with service.store.reading() as connection:
        rows = await views.of_alliance(connection, alliance, after, limit + 1)
    items, following = _charters.cut(
        [CharterItem(**_item(given, row)) for row in rows], limit, lambda item: (item.version,)
    )
    return Page(items=items, next=following)


def _item(given: Given, row: Row[Any]) -> dict[str, Any]:
    in_force = given.standing.charter_on(given.today)
    return {
        "version": row.version,
        "from_day": row.from_day,
        "in_force": in_force is not None and in_force.version == row.version,
        "decision": row.decision,
    }


@router.get("/charters/in-force", response_model=CharterView)
async def read_charter_in_force(
    request: Request,
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    on: Annotated[date | None, Query(description="Today unless given.")] = None,
) -> CharterView | Response:
    """The charter whose rules hold on a day."""
    charter = given.standing.charter_on(on or given.today)
    if charter is None:
        raise NotFound("charter_unknown")
    return await _view(request, given, service, alliance, charter.version)


@router.get("/charters/{version}", response_model=CharterView)
async def read_charter(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, version: Number
) -> CharterView | Response:
    """A charter, with all its terms."""
    return await _view(request, given, service, alliance, version)


async def _view(
    request: Request, given: Given, service: Running, alliance: UUID, version: int
) -> CharterView | Response:
    async with service.store.reading() as connection:
        row = await views.numbered(connection, alliance, version)
    if row is None:
        raise NotFound("charter_unknown")
    return CharterView(**_item(given, row), terms=views.terms_of(row), preamble=row.preamble)


@router.post("/charter-proposals", status_code=201, response_model=Acknowledged)
async def propose_charter(asked: Command, body: ProposeBody, alliance: AlliancePath) -> Response:
    """A draft of the whole charter, to be decided on."""
    call = asked.on(body)
    texts = Texts(asked.service.documents, call)
    command = domain.Propose(body.terms, texts.keep_if("preamble", body.preamble))
    receipt = await asked.service.commands.execute(call, domain.CHARTER, uuid7(), command, load=texts.store)
    location = f"/alliances/{alliance}/charter-proposals/{receipt.id}"
    return answer(asked, receipt, location=location, created=True)


@router.get("/charter-proposals", response_model=Page[ProposalItem])
async def list_charter_proposals(
    given: Viewer, service: Running, alliance: AlliancePath, limit: PageLimit, cursor: CursorText = None
) -> Page[ProposalItem]:
    """Proposed charters, in the order in which they were made."""
    after = _proposals.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = await views.proposals_of(connection, alliance, after, limit + 1)
    items, following = _proposals.cut(
        [ProposalItem(id=row.id, version=row.version, charter=row.charter) for row in rows],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.get("/charter-proposals/{proposal}", response_model=ProposalView)
async def read_charter_proposal(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, proposal: ProposalPath
) -> ProposalView | Response:
    """A proposed charter, with all its terms."""
    async with service.store.reading() as connection:
        row = await views.proposal(connection, alliance, proposal)
    if row is None:
        raise NotFound("charter_proposal_unknown")
    if unchanged := not_modified(request, row.version):
        return unchanged
    return ProposalView(
        id=row.id,
        version=row.version,
        charter=row.charter,
        terms=views.terms_of(row),
        preamble=row.preamble,
    )


@router.post("/charters", status_code=201, response_model=Acknowledged)
async def put_charter_in_force(asked: Command, body: PutInForceBody, alliance: AlliancePath) -> Response:
    """A proposal becomes the next charter, as decided."""

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        return given.with_more(await state_under_lock(asked, transaction, body.decision))

    command = domain.PutInForce(body.proposal, body.decision, body.from_day)
    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CHARTER, body.proposal, command, load=load
    )
    if receipt.would is not None:
        return answer(asked, receipt)
    async with asked.service.store.reading() as connection:
        row = await views.proposal(connection, alliance, body.proposal)
    assert row is not None
    location = f"/alliances/{alliance}/charters/{row.charter}"
    return answer(asked, receipt, location=location, created=True)
