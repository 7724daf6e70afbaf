"""Opportunities: typing in a private client's call, go or no-go, and what the alliance sees of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import func, select
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Transaction
from money import Money
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
from tenders.bid.views import bids, open_bids
from tenders.bodies import OpportunityPath, OptionalReasonBody
from tenders.opportunity import domain, views
from tenders.opportunity.domain import Stage
from tenders.opportunity.events import Asked as AskedFor
from tenders.opportunity.events import LotAsked

router = alliance_router("opportunities")

Title = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Cpv = Annotated[str, Field(pattern=r"^[0-9]{8}$", examples=["45214200"])]
Nuts = Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z0-9]{0,3}$", examples=["FRK26"])]


class LotBody(BaseModel, extra="forbid"):
    title: Title
    value: Money | None = None


class OpportunityBody(Body):
    """A private client's call. Public ones are imported."""

    title: Title = Field(examples=["Upkeep of 40 offices"])
    client: Title = Field(description="The organisation that calls, not a person.")
    description: str | None = Field(None, min_length=1, max_length=20_000, pattern=r"\S")
    lots: list[LotBody] = Field(min_length=1, max_length=50, description="Numbered from 1, in this order.")
    value: Money | None = Field(None, description="What the client expects to pay, VAT excluded.")
    cpv: list[Cpv] = Field([], max_length=50)
    nuts: list[Nuts] = Field([], max_length=50)
    deadline: AwareDatetime | None = Field(None, examples=["2025-05-26T12:00:00+02:00"])


class LotItem(BaseModel):
    number: int
    reference: str = Field(description="Its identifier as published.")
    title: str
    value: Money | None


class NoticeItem(BaseModel):
    """Where it was read from; `original` and `reading` (with descriptions and warnings) are documents."""

    ocid: str
    release_ids: list[str] = Field(description="The newest of them.")
    tags: list[str]
    published: datetime | None
    updated: datetime | None
    original: UUID
    reading: UUID
    warnings: int


class OpportunityItem(BaseModel):
    id: UUID
    version: int
    stage: Stage
    title: str
    buyer: str
    ocid: str | None


class OpportunityView(BaseModel):
    """What is asked for, and how far the alliance has got with it; the same to everybody in it."""

    id: UUID
    version: int
    stage: Stage
    edition: int = Field(description="Counts what the buyer asked for: bids are agreed to under one of them.")
    title: str
    buyer: str
    buyer_id: str | None
    value: Money | None
    lots: list[LotItem]
    cpv: list[str]
    nuts: list[str]
    status: str | None
    procurement_method: str | None
    procurement_category: str | None
    enquiry_deadline: datetime | None
    submission_deadline: datetime | None
    notice: NoticeItem | None = Field(description="Of a public notice; null for a private client's call.")
    description: UUID | None = Field(description="A document.")
    actions: list[str] = Field(description="What the caller may do with it now.")


@router.post("/opportunities", status_code=201, response_model=Acknowledged)
async def type_in_opportunity(asked: Command, body: OpportunityBody, alliance: AlliancePath) -> Response:
    """Types in a private client's call, for the whole alliance to see."""
    texts = Texts(asked.service.documents, asked.call)
    wanted = AskedFor(
        title=body.title,
        buyer=body.client,
        buyer_id=None,
        value=body.value,
        cpv=tuple(body.cpv),
        nuts=tuple(body.nuts),
        status=None,
        procurement_method=None,
        procurement_category=None,
        enquiry_deadline=None,
        submission_deadline=body.deadline,
    )
    lots = tuple(
        LotAsked(number=number, reference=str(number), title=lot.title, value=lot.value)
        for number, lot in enumerate(body.lots, start=1)
    )
    command = domain.TypeIn(wanted, lots, texts.keep_if("description", body.description))
    receipt = await asked.service.commands.execute(
        asked.on(body), domain.OPPORTUNITY, uuid7(), command, load=texts.store
    )
    return answer(asked, receipt, location=f"/alliances/{alliance}/opportunities/{receipt.id}", created=True)


@router.post("/opportunities/{opportunity}/go", response_model=Acknowledged)
async def go(asked: Command, body: Body, alliance: AlliancePath, opportunity: OpportunityPath) -> Response:
    """The alliance goes for it: consortia may form."""
    receipt = await asked.service.commands.execute(
        asked.on(body), domain.OPPORTUNITY, opportunity, domain.Go()
    )
    return answer(asked, receipt)


@router.post("/opportunities/{opportunity}/no-go", response_model=Acknowledged)
async def no_go(
    asked: Command, body: OptionalReasonBody, alliance: AlliancePath, opportunity: OpportunityPath
) -> Response:
    """The alliance lets it pass."""
    texts = Texts(asked.service.documents, asked.call)
    command = domain.NoGo(texts.keep_if("reason", body.reason))
    receipt = await asked.service.commands.execute(
        asked.on(body), domain.OPPORTUNITY, opportunity, command, load=texts.store
    )
    return answer(asked, receipt)


@router.post("/opportunities/{opportunity}/close", response_model=Acknowledged)
async def close_opportunity(
    asked: Command, body: Body, alliance: AlliancePath, opportunity: OpportunityPath
) -> Response:
    """Every bid is decided or taken back, and none will follow."""

    async def load(transaction: Transaction, state: domain.Opportunity | None, given: Given) -> Given:
        query = select(func.count()).select_from(bids).where(open_bids(alliance, opportunity))
        return given.with_more((await transaction.execute(query)).scalar_one())

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.OPPORTUNITY, opportunity, domain.Close(), load=load
    )
    return answer(asked, receipt)


_cursor = Cursor("opportunities", UUID)


@router.get("/opportunities", response_model=Page[OpportunityItem])
async def list_opportunities(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    stage: Annotated[Stage | None, Query(description="Only at this stage.")] = None,
) -> Page[OpportunityItem]:
    """The opportunities of the alliance, oldest first."""
    after = _cursor.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = (await connection.execute(views.listed(alliance, stage, after, limit + 1))).all()
    items, following = _cursor.cut(
        [OpportunityItem.model_validate(row, from_attributes=True) for row in rows],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.get("/opportunities/{opportunity}", response_model=OpportunityView)
async def read_opportunity(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, opportunity: OpportunityPath
) -> OpportunityView | Response:
    """One opportunity. Descriptions and warnings of a notice stand in its reading, a document."""
    loaded = await service.commands.state(AllianceId(alliance), domain.OPPORTUNITY, opportunity)
    version, state = loaded
    if state is None:
        raise NotFound
    if unchanged := not_modified(request, version):
        return unchanged
    wanted, notice = state.asked, state.notice
    return OpportunityView(
        id=opportunity,
        version=version,
        stage=state.stage,
        edition=state.edition,
        lots=_lots(list(state.lots.values())),
        notice=None
        if notice is None
        else NoticeItem(
            original=notice.original.document,
            reading=notice.reading.document,
            **notice.model_dump(exclude={"original", "reading"}),
        ),
        description=state.description and state.description.document,
        actions=domain.actions(state, given),
        **wanted.model_dump(),
    )


def _lots(lots: Sequence[LotAsked]) -> list[LotItem]:
    return [LotItem(**lot.model_dump()) for lot in lots]
