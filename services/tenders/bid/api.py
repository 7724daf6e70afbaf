"""Bids: drafted by the lead, agreed to by each member, submitted, and what the buyer decided."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Transaction
from money import Money
from service.commands import (
    Acknowledged,
    AlliancePath,
    Asked,
    Body,
    Command,
    Running,
    Viewer,
    alliance_router,
    answer,
    answer_unseen,
    not_modified,
)
from service.figures import Sealed, figure
from service.paging import Cursor, CursorText, Page, PageLimit
from service.texts import Texts
from standing import Given
from tenders import contributions, involvements
from tenders.bid import domain, views
from tenders.bid.domain import Bid, Stage
from tenders.bodies import BidPath, CompanyBody, LotNumber, OptionalReasonBody
from tenders.consortium.domain import CONSORTIUM, Consortium
from tenders.contract.events import Basis
from tenders.opportunity.domain import OPPORTUNITY

router = alliance_router("bids")


class BidBody(Body):
    consortium: UUID
    lot: LotNumber
    price: Money = Field(description="Of the lot, VAT excluded.")


class PriceBody(Body):
    price: Money


class WinBody(Body):
    amount: Money | None = Field(
        None, description="Of the contract, VAT excluded; the price of the bid unless given."
    )
    basis: Basis = Basis.WHOLE


class LossBody(Body):
    due_on: date | None = Field(
        None, description="By when costs are evened out, where the agreed key says so; in 30 days."
    )


class BidItem(BaseModel):
    id: UUID
    version: int
    opportunity: UUID
    lot: int
    consortium: UUID
    lead: UUID
    stage: Stage


class BidView(BidItem):
    """The price open to the members of the bid."""

    members: list[UUID]
    edition: int = Field(description="Of the notice that it answers.")
    agreed: list[UUID] = Field(description="Who has agreed to it as it stands.")
    price: Money | Sealed
    contract: UUID | None
    project: str = Field(description="What hours and references for the lot are declared for.")
    actions: list[str] = Field(description="What the caller may do with it now.")


@router.post("/bids", status_code=201, response_model=Acknowledged)
async def draft_bid(asked: Command, body: BidBody, alliance: AlliancePath) -> Response:
    """The lead of a consortium whose agreement is signed drafts its bid for one lot, and agrees to it."""
    service = asked.service
    await service.given(asked.call.actor, alliance)
    loaded = await service.commands.state(AllianceId(alliance), CONSORTIUM, body.consortium)
    _, known = loaded
    if known is None:
        raise NotFound("consortium_unknown")
    bid = uuid7()
    command = domain.Draft(bid, body.consortium, known.lead, body.lot, body.price)

    async def load(transaction: Transaction, state: Bid | None, given: Given) -> Given:
        consortium = await _consortium(asked, transaction, body.consortium)
        stream = OPPORTUNITY.stream(consortium.opportunity)
        loaded = await service.commands.state_in(transaction, asked.call.alliance, OPPORTUNITY, stream)
        _, opportunity = loaded
        assert opportunity is not None
        query = involvements.in_lot(alliance, consortium.opportunity, body.lot)
        taken = frozenset((await transaction.execute(query)).scalars())
        return given.with_more(domain.Drafting(consortium, opportunity, taken))

    receipt = await service.commands.execute(asked.on(body), domain.BID, bid, command, load=load)
    return answer(asked, receipt, location=f"/alliances/{alliance}/bids/{receipt.id}", created=True)


async def _consortium(asked: Asked, transaction: Transaction, consortium: UUID) -> Consortium:
    alliance, stream = asked.call.alliance, CONSORTIUM.stream(consortium)
    loaded = await asked.service.commands.state_in(transaction, alliance, CONSORTIUM, stream)
    _, state = loaded
    assert state is not None
    return state


@router.post("/bids/{bid}/price", response_model=Acknowledged)
async def reprice_bid(asked: Command, body: PriceBody, alliance: AlliancePath, bid: BidPath) -> Response:
    """The lead names another price of a draft: the others agree anew."""
    command = domain.Reprice(body.price)
    return answer(asked, await asked.service.commands.execute(asked.on(body), domain.BID, bid, command))


@router.post("/bids/{bid}/agreements", response_model=Acknowledged)
async def agree_to_bid(asked: Command, body: CompanyBody, alliance: AlliancePath, bid: BidPath) -> Response:
    """A member's own people agree to the bid as it stands; anew after each change by lead or buyer."""
    command = domain.Agree(body.company)
    return answer(asked, await asked.service.commands.execute(asked.on(body), domain.BID, bid, command))


@router.post("/bids/{bid}/submission", response_model=Acknowledged)
async def submit_bid(asked: Command, body: Body, alliance: AlliancePath, bid: BidPath) -> Response:
    """The lead has handed it in: every member has agreed to it."""
    command = domain.Submit()
    return answer(asked, await asked.service.commands.execute(asked.on(body), domain.BID, bid, command))


@router.post("/bids/{bid}/win", response_model=Acknowledged)
async def win_bid(asked: Command, body: WinBody, alliance: AlliancePath, bid: BidPath) -> Response:
    """The buyer has chosen it: the contract is pending, and what each member may expect of it shows."""
    command = domain.Win(uuid7(), body.amount, body.basis)

    async def load(transaction: Transaction, state: Bid | None, given: Given) -> Given:
        if state is None:
            return given
        return given.with_more(await _consortium(asked, transaction, state.consortium))

    receipt = await asked.service.commands.execute(asked.on(body), domain.BID, bid, command, load=load)
    return answer(asked, receipt)


@router.post("/bids/{bid}/loss", response_model=Acknowledged)
async def lose_bid(asked: Command, body: LossBody, alliance: AlliancePath, bid: BidPath) -> Response:
    """The buyer has chosen another: hours stay with who bore them, or are evened out by the agreed key."""
    fresh = tuple(uuid7() for _ in range(domain.MOST_PAYMENTS))
    command = domain.Lose(body.due_on, fresh)

    async def load(transaction: Transaction, state: Bid | None, given: Given) -> Given:
        if state is None:
            return given
        consortium = await _consortium(asked, transaction, state.consortium)
        hours = await contributions.hours(transaction, asked.call.alliance, state.project)
        return given.with_more(domain.Losing(consortium, hours.counted, hours.waiting))

    receipt = await asked.service.commands.execute(asked.on(body), domain.BID, bid, command, load=load)
    return answer_unseen(asked, receipt)


@router.post("/bids/{bid}/withdrawal", response_model=Acknowledged)
async def withdraw_bid(
    asked: Command, body: OptionalReasonBody, alliance: AlliancePath, bid: BidPath
) -> Response:
    """The consortium takes it back."""
    texts = Texts(asked.service.documents, asked.call)
    command = domain.Withdraw(texts.keep_if("reason", body.reason))
    receipt = await asked.service.commands.execute(asked.on(body), domain.BID, bid, command, load=texts.store)
    return answer(asked, receipt)


@router.post("/bids/{bid}/cancellation", response_model=Acknowledged)
async def cancel_bid(
    asked: Command, body: OptionalReasonBody, alliance: AlliancePath, bid: BidPath
) -> Response:
    """The buyer has given the lot up."""
    texts = Texts(asked.service.documents, asked.call)
    command = domain.Cancel(texts.keep_if("reason", body.reason))
    receipt = await asked.service.commands.execute(asked.on(body), domain.BID, bid, command, load=texts.store)
    return answer(asked, receipt)


_cursor = Cursor("bids", UUID)


@router.get("/bids", response_model=Page[BidItem])
async def list_bids(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    opportunity: Annotated[UUID | None, Query(description="Only for this opportunity.")] = None,
) -> Page[BidItem]:
    """The bids of the alliance, oldest first."""
    after = _cursor.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = (await connection.execute(views.listed(alliance, opportunity, after, limit + 1))).all()
    items, following = _cursor.cut(
        [BidItem.model_validate(row, from_attributes=True) for row in rows],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.get("/bids/{bid}", response_model=BidView)
async def read_bid(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, bid: BidPath
) -> BidView | Response:
    """One bid; its price sealed to who is not in it."""
    loaded = await service.commands.state(AllianceId(alliance), domain.BID, bid)
    version, state = loaded
    if state is None:
        raise NotFound
    if unchanged := not_modified(request, version):
        return unchanged
    return BidView(
        id=bid,
        version=version,
        opportunity=state.opportunity,
        lot=state.lot,
        consortium=state.consortium,
        lead=state.lead,
        stage=state.stage,
        members=list(state.members),
        edition=state.edition,
        agreed=[member for member in state.members if member in state.agreed],
        price=figure(any(map(given.may_read, state.members)), state.lead, state.price),
        contract=state.contract,
        project=state.project,
        actions=domain.actions(state, given),
    )
