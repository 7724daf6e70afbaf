"""Decisions: drafted, opened, voted on, closed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.decision import Call
from events.errors import NotFound, Refused
from events.store import Transaction
from members.charter.views import proposal, terms_numbered
from members.decision import domain, views
from members.decision.events import Ballot, Matter, Vote
from members.permissions import RULES
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
from service.runtime import Service
from service.texts import Texts
from standing import Given

router = alliance_router("decisions")

DecisionPath = Annotated[UUID, Path(description="The decision's id.")]


class DraftBody(Body):
    matter: Matter
    company: UUID | None = Field(None, description="Whom it is about: required but for charter and other.")
    proposal: UUID | None = Field(None, description="The proposed charter: required for charter.")
    title: str = Field(min_length=1, max_length=200, pattern=r"\S", examples=["Admit Câblages Lumiel"])
    discussion: str | None = Field(None, min_length=1, max_length=20_000, pattern=r"\S")


class OpenBody(Body):
    """Freezes the electorate: the active members, without those that have an interest in the matter."""

    interested: list[UUID] = Field(
        [], max_length=200, description="Companies with an interest; the one it is about is added."
    )
    closes_at: AwareDatetime | None = Field(
        None, description="It is then closed by itself; without it, by command."
    )


class VoteBody(Body):
    company: UUID
    vote: Vote


class DecisionItem(BaseModel):
    id: UUID
    version: int
    matter: Matter
    company: UUID | None
    proposal: UUID | None
    title: str | None = Field(description="Null once erased.")
    status: str = Field(description="draft, open, passed, failed or inquorate.", examples=["open"])


class DecisionView(DecisionItem):
    title_document: UUID
    discussion: str | None
    discussion_document: UUID | None
    electorate: list[UUID] | None = Field(description="Who may vote; null before it is opened.")
    interested: list[UUID] | None
    quorum: str | None = Field(description="Per cent of the electorate that must vote.", examples=["50"])
    closes_at: AwareDatetime | None
    actions: list[str] = Field(description="What the caller may do with it now.")


class ResultView(BaseModel):
    """How a vote ended. An abstention counts towards the quorum, and not as a vote cast."""

    outcome: str = Field(description="passed, failed or inquorate.", examples=["passed"])
    electorate: int
    votes_for: int
    votes_against: int
    abstentions: int
    ballots: list[Ballot]


@router.post("/decisions", status_code=201, response_model=Acknowledged)
async def draft_decision(asked: Command, body: DraftBody, alliance: AlliancePath) -> Response:
    """What shall be decided, to be discussed before it is opened."""
    call = asked.on(body)
    texts = Texts(asked.service.documents, call)
    command = domain.Draft(
        body.matter,
        body.company,
        body.proposal,
        title=texts.keep("decision_title", body.title),
        discussion=texts.keep_if("discussion", body.discussion),
    )

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        await texts.store(transaction, state, given)
        if body.proposal is None:
            return given
        return given.with_more(
            await proposal(transaction.connection, call.alliance, body.proposal) is not None
        )

    receipt = await asked.service.commands.execute(call, domain.DECISION, uuid7(), command, load=load)
    return answer(asked, receipt, location=f"/alliances/{alliance}/decisions/{receipt.id}", created=True)


@router.post("/decisions/{decision}/opening", response_model=Acknowledged)
async def open_decision(asked: Command, body: OpenBody, decision: DecisionPath) -> Response:
    """From now on the electorate votes."""
    call = asked.on(body)

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        return given.with_more(
            await terms_numbered(transaction.connection, call.alliance, given.charter.version)
        )

    command = domain.Open(frozenset(body.interested), body.closes_at)
    receipt = await asked.service.commands.execute(call, domain.DECISION, decision, command, load=load)
    return answer(asked, receipt)


@router.post("/decisions/{decision}/votes", response_model=Acknowledged)
async def cast_vote(asked: Command, body: VoteBody, decision: DecisionPath) -> Response:
    """A company's vote, by its director or delegate; until the closing, a later one takes its place."""
    command = domain.Cast(decision, body.company, body.vote)
    receipt = await asked.service.commands.execute(asked.on(body), domain.DECISION, decision, command)
    return answer(asked, receipt)


@router.post("/decisions/{decision}/closing", response_model=Acknowledged)
async def close_decision(asked: Command, body: Body, decision: DecisionPath) -> Response:
    """Ends the vote and counts it. It cannot be tried out: that would be a look at the result."""
    if asked.call.dry_run:
        raise Refused("result_sealed")
    receipt = await asked.service.commands.execute(asked.on(body), domain.DECISION, decision, domain.Close())
    return answer(asked, receipt)


_decisions = Cursor("decisions", UUID)


@router.get("/decisions", response_model=Page[DecisionItem])
async def list_decisions(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    matter: Annotated[Matter | None, Query(description="Only about this matter.")] = None,
) -> Page[DecisionItem]:
    """All decisions, in the order in which they were drafted."""
    after = _decisions.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = await views.of_alliance(connection, alliance, after, limit + 1, matter)
    items, following = _decisions.cut(
        [DecisionItem(**_item(row)) for row in rows], limit, lambda item: (item.id,)
    )
    return Page(items=items, next=following)


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "matter": row.matter,
        "company": row.company,
        "proposal": row.proposal,
        "title": row.title_text.decode() if row.title_text else None,
        "status": row.status,
    }


@router.get("/decisions/{decision}", response_model=DecisionView)
async def read_decision(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, decision: DecisionPath
) -> DecisionView | Response:
    """A decision, without its result."""
    row = await _found(service, alliance, decision)
    if unchanged := not_modified(request, row.version):
        return unchanged
    return DecisionView(
        **_item(row),
        title_document=row.title,
        discussion=row.discussion_text.decode() if row.discussion_text else None,
        discussion_document=row.discussion,
        electorate=row.electorate,
        interested=row.interested,
        quorum=row.quorum,
        closes_at=row.closes_at,
        actions=_actions(given, row),
    )


def _actions(given: Given, row: Row[Any]) -> list[str]:
    actions = []
    if row.status == "draft" and RULES[domain.Open].test(given, None, None):
        actions.append("open_decision")
    if row.status == "open":
        if given.companies & set(row.electorate):
            actions.append("cast_vote")
        if RULES[domain.Close].test(given, None, None):
            actions.append("close_decision")
    return actions


@router.get("/decisions/{decision}/result", response_model=ResultView)
async def read_result(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, decision: DecisionPath
) -> ResultView | Response:
    """The result, with every ballot: refused to everybody until the vote is closed."""
    row = await _found(service, alliance, decision)
    if row.votes_for is None:
        raise Refused("result_sealed")
    if unchanged := not_modified(request, row.version):
        return unchanged
    async with service.store.reading() as connection:
        ballots = await views.ballots_of(connection, alliance, decision)
    return ResultView(
        outcome=row.status,
        electorate=len(row.electorate),
        votes_for=row.votes_for,
        votes_against=row.votes_against,
        abstentions=row.abstentions,
        ballots=list(ballots),
    )


async def _found(service: Service, alliance: UUID, decision: UUID) -> Row[Any]:
    async with service.store.reading() as connection:
        row = await views.one(connection, alliance, decision)
    if row is None:
        raise NotFound("decision_not_found")
    return row


async def state_under_lock(
    asked: Command, transaction: Transaction, decision: UUID
) -> domain.Decision | None:
    """For the `load=` of a command that carries a decision out."""
    stream = domain.DECISION.stream(decision)
    loaded = await asked.service.commands.state_in(transaction, asked.call.alliance, domain.DECISION, stream)
    return loaded[1]


async def due(service: Service, call: Call, stream: str, name: str) -> None:
    """The closing date has come."""
    assert name == views.CLOSING
    decision = UUID(stream.removeprefix("decision/"))
    await service.commands.execute(call, domain.DECISION, decision, domain.Close())
