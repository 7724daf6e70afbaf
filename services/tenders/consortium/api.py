"""Consortia: composition, shares, each member's own terms and signature."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.ids import AllianceId
from events.store import Transaction
from money import Percentage
from money.numbers import plain
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
    not_modified,
)
from service.figures import Sealed, figure
from service.paging import Cursor, CursorText, Page, PageLimit
from service.texts import Texts
from standing import Given
from tenders import involvements
from tenders.bodies import CompanyBody, ConsortiumPath, LotNumber, OptionalReasonBody
from tenders.consortium import domain, views
from tenders.consortium.domain import Consortium, Stage
from tenders.consortium.events import Composition, Liability, LostCosts, MemberTerms, ShareOf
from tenders.opportunity.domain import OPPORTUNITY

router = alliance_router("consortia")

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class CompositionBody(Body):
    """Who bids together. Naming a company commits it to nothing: its own people sign."""

    form: Liability
    members: list[UUID] = Field(min_length=2, max_length=20, description="The lead among them.")
    lots: list[LotNumber] = Field(min_length=1, max_length=100)
    subcontractors: list[Name] = Field([], max_length=50, description="Companies outside of the alliance.")
    lost_costs: LostCosts = Field(
        LostCosts.AS_BORNE, description="The key by which the hours put into a lost lot are shared."
    )

    def composition(self, lead: UUID) -> Composition:
        """The lead first; it need not name itself."""
        return Composition(
            form=self.form,
            members=(lead, *(member for member in self.members if member != lead)),
            lots=tuple(self.lots),
            subcontractors=tuple(self.subcontractors),
            lost_costs=self.lost_costs,
        )


class ConsortiumBody(CompositionBody):
    opportunity: UUID
    lead: UUID = Field(description="The company that leads [mandataire]; the caller acts for it.")


class ShareRow(BaseModel, extra="forbid"):
    company: UUID
    share: Percentage


class SharesBody(Body):
    """Work shares of a lot; they add up to 100 %."""

    lot: LotNumber
    shares: list[ShareRow] = Field(min_length=1, max_length=20)


class TermsBody(CompanyBody):
    """A member's own declaration, readable by nobody else in the consortium."""

    margin: Percentage = Field(description="Per cent of its turnover.")
    could_bid_alone: bool = Field(description="Whether it could have bid alone: competition law asks.")


class ShareItem(BaseModel):
    company: UUID
    share: str | Sealed = Field(description="Per cent.", examples=["20"])


class LotShares(BaseModel):
    lot: int
    shares: list[ShareItem]


class TermsItem(BaseModel):
    company: UUID
    margin: str | Sealed = Field(description="Per cent of turnover.", examples=["4"])
    could_bid_alone: bool | Sealed


class ConsortiumItem(BaseModel):
    id: UUID
    version: int
    opportunity: UUID
    lead: UUID
    stage: Stage


class ConsortiumView(ConsortiumItem):
    """Shares open to the consortium's members, margins each to its own member alone."""

    form: Liability
    members: list[UUID]
    lots: list[int]
    subcontractors: list[str]
    lost_costs: LostCosts
    shares: list[LotShares]
    terms: list[TermsItem]
    signed: list[UUID]
    actions: list[str] = Field(description="What the caller may do with it now.")


@router.post("/consortia", status_code=201, response_model=Acknowledged)
async def form_consortium(asked: Command, body: ConsortiumBody, alliance: AlliancePath) -> Response:
    """A lead proposes to bid together for lots of an opportunity that the alliance goes for."""
    command = domain.Form(body.opportunity, body.lead, body.composition(body.lead))
    consortium = uuid7()

    async def load(transaction: Transaction, state: Consortium | None, given: Given) -> Given:
        return await _with_opportunity(asked, transaction, body.opportunity, given)

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONSORTIUM, consortium, command, load=load
    )
    return answer(asked, receipt, location=f"/alliances/{alliance}/consortia/{receipt.id}", created=True)


@router.post("/consortia/{consortium}/composition", response_model=Acknowledged)
async def recompose_consortium(
    asked: Command, body: CompositionBody, alliance: AlliancePath, consortium: ConsortiumPath
) -> Response:
    """Another composition, while not all have signed: shares and signatures are void then."""
    loaded = await asked.service.commands.state(AllianceId(alliance), domain.CONSORTIUM, consortium)
    _, known = loaded
    if known is None:
        await asked.service.given(asked.call.actor, alliance)
        raise NotFound
    command = domain.Recompose(body.composition(known.lead))

    async def load(transaction: Transaction, state: Consortium | None, given: Given) -> Given:
        return await _with_opportunity(asked, transaction, known.opportunity, given)

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONSORTIUM, consortium, command, load=load
    )
    return answer(asked, receipt)


async def _with_opportunity(asked: Asked, transaction: Transaction, opportunity: UUID, given: Given) -> Given:
    alliance, stream = asked.call.alliance, OPPORTUNITY.stream(opportunity)
    loaded = await asked.service.commands.state_in(transaction, alliance, OPPORTUNITY, stream)
    _, state = loaded
    return given.with_more(state)


@router.post("/consortia/{consortium}/shares", response_model=Acknowledged)
async def set_shares(
    asked: Command, body: SharesBody, alliance: AlliancePath, consortium: ConsortiumPath
) -> Response:
    """The lead sets the work shares of one lot; signatures given before are void."""
    rows = tuple(ShareOf(company=row.company, share=row.share) for row in body.shares)
    command = domain.SetShares(body.lot, rows)
    receipt = await asked.service.commands.execute(asked.on(body), domain.CONSORTIUM, consortium, command)
    return answer(asked, receipt)


@router.post("/consortia/{consortium}/terms", response_model=Acknowledged)
async def declare_terms(
    asked: Command, body: TermsBody, alliance: AlliancePath, consortium: ConsortiumPath
) -> Response:
    """A member declares its margin, and whether it could have bid alone; both may change until it signs."""
    terms = MemberTerms(margin=body.margin, could_bid_alone=body.could_bid_alone)
    command = domain.Declare(body.company, terms)
    receipt = await asked.service.commands.execute(asked.on(body), domain.CONSORTIUM, consortium, command)
    return answer(asked, receipt)


@router.post("/consortia/{consortium}/signatures", response_model=Acknowledged)
async def sign_agreement(
    asked: Command, body: CompanyBody, alliance: AlliancePath, consortium: ConsortiumPath
) -> Response:
    """A member's own people sign for it. With the last signature the composition is frozen."""
    command = domain.Sign(body.company)
    receipt = await asked.service.commands.execute(asked.on(body), domain.CONSORTIUM, consortium, command)
    return answer(asked, receipt)


@router.post("/consortia/{consortium}/dissolution", response_model=Acknowledged)
async def dissolve_consortium(
    asked: Command, body: OptionalReasonBody, alliance: AlliancePath, consortium: ConsortiumPath
) -> Response:
    """It ends without a contract, when no bid of it is open."""
    texts = Texts(asked.service.documents, asked.call)
    command = domain.Dissolve(texts.keep_if("reason", body.reason))

    async def load(transaction: Transaction, state: Consortium | None, given: Given) -> Given:
        await texts.store(transaction, state, given)
        query = involvements.open_of_consortium(alliance, consortium)
        return given.with_more((await transaction.execute(query)).scalar_one())

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONSORTIUM, consortium, command, load=load
    )
    return answer(asked, receipt)


_cursor = Cursor("consortia", UUID)


@router.get("/consortia", response_model=Page[ConsortiumItem])
async def list_consortia(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    opportunity: Annotated[UUID | None, Query(description="Only for this opportunity.")] = None,
) -> Page[ConsortiumItem]:
    """The consortia of the alliance, oldest first."""
    after = _cursor.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = (await connection.execute(views.listed(alliance, opportunity, after, limit + 1))).all()
    items, following = _cursor.cut(
        [ConsortiumItem.model_validate(row, from_attributes=True) for row in rows],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.get("/consortia/{consortium}", response_model=ConsortiumView)
async def read_consortium(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, consortium: ConsortiumPath
) -> ConsortiumView | Response:
    """One consortium; what the caller may not read comes sealed."""
    loaded = await service.commands.state(AllianceId(alliance), domain.CONSORTIUM, consortium)
    version, state = loaded
    if state is None:
        raise NotFound
    if unchanged := not_modified(request, version):
        return unchanged
    composition = state.composition
    inside = any(map(given.may_read, composition.members))
    return ConsortiumView(
        id=consortium,
        version=version,
        opportunity=state.opportunity,
        lead=state.lead,
        stage=state.stage,
        form=composition.form,
        members=list(composition.members),
        lots=list(composition.lots),
        subcontractors=list(composition.subcontractors),
        lost_costs=composition.lost_costs,
        shares=[LotShares(lot=lot, shares=_shares(rows, inside)) for lot, rows in state.shares.items()],
        terms=_terms(state, given),
        signed=[member for member in composition.members if member in state.signed],
        actions=domain.actions(state, given),
    )


def _shares(rows: Mapping[UUID, Decimal], inside: bool) -> list[ShareItem]:
    return [
        ShareItem(company=company, share=figure(inside, company, plain(share)))
        for company, share in rows.items()
    ]


def _terms(state: Consortium, given: Given) -> list[TermsItem]:
    return [
        TermsItem(
            company=company,
            margin=figure(given.may_read(company), company, plain(terms.margin)),
            could_bid_alone=figure(given.may_read(company), company, terms.could_bid_alone),
        )
        for company, terms in state.terms.items()
        if company in state.composition.members
    ]
