"""Campaigns: the list, what one shows, and the coordinator's commands up to its freezing."""

import asyncio
from collections.abc import Callable
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import Path, Query, Request
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import AllianceError, NotFound
from events.ids import AllianceId
from money import Money
from purchasing.campaign import answers, bodies, commands, views
from purchasing.campaign.allocation import compare
from purchasing.campaign.domain import CAMPAIGN, TAKEN_IN, committing, compared_parts
from purchasing.campaign.events import Offer
from purchasing.campaign.freezing import weigh
from purchasing.campaign.state import Campaign, State
from purchasing.permissions import RULES
from purchasing.tables import documents
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
from service.paging import Cursor, CursorText, Page, PageLimit
from service.runtime import Service
from service.texts import Texts
from standing import Given

router = alliance_router("campaigns")

CampaignPath = Annotated[UUID, Path(description="The campaign's id.")]
CompanyPath = Annotated[UUID, Path(description="The company's id.")]
QuotePath = Annotated[UUID, Path(description="The quote's id.")]

FIRST = UUID(int=0)
_campaigns = Cursor("campaigns", UUID)
_participants = Cursor("participants", UUID)


async def found(service: Service, alliance: UUID, campaign: UUID) -> tuple[int, Campaign]:
    loaded = await service.commands.state(AllianceId(alliance), CAMPAIGN, campaign)
    version, state = loaded
    if state is None:
        raise NotFound("campaign_unknown")
    return version, state


async def done(
    asked: Asked, body: Body, campaign: UUID, command: object, texts: Texts | None = None
) -> Response:
    """A command that creates nothing."""
    load = texts.store if texts is not None else None
    receipt = await asked.service.commands.execute(asked.on(body), CAMPAIGN, campaign, command, load=load)
    return answer(asked, receipt)


async def work_out(
    asked: Asked, campaign: UUID, kind: type, work: Callable[[Campaign, frozenset[UUID]], object]
) -> None:
    """Does what is slow (Shapley) before the lock is taken: under it, it is looked up unless inputs have
    changed meanwhile. Errors are the decision's to raise.
    """
    given = await asked.service.given(asked.call.actor, asked.call.alliance)
    loaded = await asked.service.commands.state(asked.call.alliance, CAMPAIGN, campaign)
    _, state = loaded
    if state is None or state.state not in TAKEN_IN[kind] or not RULES[kind].test(given, state, None):
        return
    try:
        await asyncio.to_thread(work, state, committing(given))
    except AllianceError:
        return


@router.get("/campaigns", response_model=Page[answers.CampaignItem])
async def list_campaigns(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    state: Annotated[
        list[State] | None, Query(max_length=len(State), description="Only in one of these states.")
    ] = None,
) -> Page[answers.CampaignItem]:
    """The campaigns of the alliance, the oldest first."""
    after = _campaigns.decode(cursor)[0] if cursor else FIRST
    async with service.store.reading() as connection:
        rows = await views.page(connection, AllianceId(alliance), after, limit + 1, state)
    items, following = _campaigns.cut(
        [
            answers.CampaignItem(
                id=row["id"],
                version=row["version"],
                state=row["state"],
                title=row["title"].decode() if row["title"] is not None else None,
            )
            for row in rows
        ],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.post("/campaigns", status_code=201, response_model=Acknowledged)
async def draft_campaign(asked: Command, body: bodies.DraftBody, alliance: AlliancePath) -> Response:
    """The coordinator drafts a campaign [achat groupé]."""
    texts = Texts(documents, asked.call)
    command = commands.DraftCampaign(
        texts.keep("title", body.title),
        texts.keep("specification", body.specification),
        body.unit,
        body.minimum_quantity,
        body.sharing_method,
    )
    receipt = await asked.service.commands.execute(
        asked.on(body), CAMPAIGN, uuid7(), command, load=texts.store
    )
    return answer(asked, receipt, location=f"/alliances/{alliance}/campaigns/{receipt.id}", created=True)


@router.get("/campaigns/{campaign}", response_model=answers.CampaignView)
async def read_campaign(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, campaign: CampaignPath
) -> answers.CampaignView | Response:
    """A campaign: how far it is, what suppliers offer, and its totals once three or more are bound."""
    version, state = await found(service, alliance, campaign)
    if unchanged := not_modified(request, version):
        return unchanged
    return await _shown(service, state, version, given)


async def _shown(service: Service, state: Campaign, version: int, given: Given) -> answers.CampaignView:
    ids = [state.title.document, *(quote.supplier.document for quote in state.quotes.values())]
    async with service.store.reading() as connection:
        written = await answers.texts(connection, ids)
    return answers.campaign_view(state, version, given, written)


@router.get("/campaigns/{campaign}/quotes/{quote}", response_model=answers.QuoteView)
async def read_quote(
    given: Viewer, service: Running, alliance: AlliancePath, campaign: CampaignPath, quote: QuotePath
) -> answers.QuoteView:
    """A supplier's quote, to those who take part."""
    version, state = await found(service, alliance, campaign)
    shown = await _shown(service, state, version, given)
    for one in shown.quotes or ():
        if one.id == quote:
            return one
    raise NotFound("quote_unknown")


@router.get("/campaigns/{campaign}/participants", response_model=Page[answers.ParticipantView])
async def list_participants(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    campaign: CampaignPath,
    limit: PageLimit,
    cursor: CursorText = None,
) -> Page[answers.ParticipantView]:
    """Who takes part, by id; the figures of each open to whom they may."""
    version, state = await found(service, alliance, campaign)
    after = _participants.decode(cursor)[0] if cursor else FIRST
    companies = sorted(company for company in state.participants if company > after)[: limit + 1]
    items, following = _participants.cut(
        [answers.participant_view(state, version, company, given) for company in companies],
        limit,
        lambda item: (item.company,),
    )
    return Page(items=items, next=following)


@router.get("/campaigns/{campaign}/participants/{company}", response_model=answers.ParticipantView)
async def read_participant(
    request: Request,
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    campaign: CampaignPath,
    company: CompanyPath,
) -> answers.ParticipantView | Response:
    """One member's need, commitment, terms and allocation."""
    version, state = await found(service, alliance, campaign)
    if company not in state.needs.keys() | state.commitments.keys():
        raise NotFound("participant_unknown")
    if unchanged := not_modified(request, version):
        return unchanged
    return answers.participant_view(state, version, company, given)


@router.get("/campaigns/{campaign}/methods", response_model=answers.MethodsView)
async def read_methods(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, campaign: CampaignPath
) -> answers.MethodsView | Response:
    """All sharing methods side by side: one's own column."""
    version, state = await found(service, alliance, campaign)
    if unchanged := not_modified(request, version):
        return unchanged
    return answers.methods_view(state, version, given)


@router.post("/campaigns/{campaign}/invitations/needs", response_model=Acknowledged)
async def invite_needs(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Opens the campaign: members may say what they need."""
    return await done(asked, body, campaign, commands.InviteNeeds())


@router.post("/campaigns/{campaign}/invitations/quotes", response_model=Acknowledged)
async def invite_quotes(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Suppliers are asked."""
    return await done(asked, body, campaign, commands.InviteQuotes())


@router.post("/campaigns/{campaign}/invitations/commitments", response_model=Acknowledged)
async def invite_commitments(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Members may commit, at the quote that was chosen."""
    return await done(asked, body, campaign, commands.InviteCommitments())


@router.post("/campaigns/{campaign}/quotes", status_code=201, response_model=Acknowledged)
async def record_quote(
    asked: Command, body: bodies.QuoteBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """A supplier's quote. The receipt is the campaign's; `Location` names the quote."""
    # Not a random id: the answer to a repeated request must name the same one.
    quote = uuid5(campaign, f"{asked.call.actor} {asked.call.key}")
    delivery = body.delivery or Money.zero(body.tiers[0].price.currency)
    offer = Offer(
        kind=body.kind,
        tiers=tuple(body.tiers),
        pack_size=body.pack_size,
        minimum_order=body.minimum_order,
        delivery=delivery,
        valid_until=body.valid_until,
    )
    texts = Texts(documents, asked.call)
    command = commands.RecordQuote(quote, texts.keep("supplier", body.supplier), offer)
    receipt = await asked.service.commands.execute(
        asked.on(body), CAMPAIGN, campaign, command, load=texts.store
    )
    location = f"/alliances/{alliance}/campaigns/{campaign}/quotes/{quote}"
    return answer(asked, receipt, location=location, created=True)


@router.post("/campaigns/{campaign}/quotes/{quote}/choice", response_model=Acknowledged)
async def choose_quote(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath, quote: QuotePath
) -> Response:
    """The quote at which members commit."""
    return await done(asked, body, campaign, commands.ChooseQuote(quote))


@router.post("/campaigns/{campaign}/comparisons", response_model=Acknowledged)
async def compare_methods(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Works out all sharing methods side by side; each member then reads its own column at `methods`.

    Not for fewer than three commitments, and again once three of them have changed.
    """

    def work(state: Campaign, companies: frozenset[UUID]) -> object:
        parts = compared_parts(state, companies)
        return compare(parts, state.offer) if parts else None

    await work_out(asked, campaign, commands.CompareMethods, work)
    receipt = await asked.service.commands.execute(
        asked.on(body), CAMPAIGN, campaign, commands.CompareMethods()
    )
    return answer_unseen(asked, receipt)


@router.post("/campaigns/{campaign}/method", response_model=Acknowledged)
async def choose_method(
    asked: Command, body: bodies.MethodBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The method that freezing will pin."""
    return await done(asked, body, campaign, commands.ChooseMethod(body.sharing_method))


@router.post("/campaigns/{campaign}/freeze", response_model=Acknowledged)
async def freeze_campaign(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Freezes quantities, baselines and method; or finds that too little is committed (`minimum_not_met`)."""
    await work_out(asked, campaign, commands.Freeze, weigh)
    receipt = await asked.service.commands.execute(asked.on(body), CAMPAIGN, campaign, commands.Freeze())
    return answer_unseen(asked, receipt)


@router.post("/campaigns/{campaign}/extension", response_model=Acknowledged)
async def extend_campaign(
    asked: Command, body: bodies.ExtensionBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The minimum was not met: commitments are kept, and more are collected."""
    return await done(asked, body, campaign, commands.Extend(body.until))


@router.post("/campaigns/{campaign}/cancellation", response_model=Acknowledged)
async def cancel_campaign(
    asked: Command, body: bodies.CancellationBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Ends a campaign of which nothing has been received; what was expected falls away."""
    texts = Texts(documents, asked.call)
    return await done(asked, body, campaign, commands.Cancel(texts.keep("reason", body.reason)), texts)
