"""Companies of the alliance: applying, cards, and each step of a membership."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.digest import Digest
from events.errors import Forbidden, NotFound
from events.ids import AllianceId
from events.store import Transaction
from members.charter.views import terms_numbered
from members.decision.api import state_under_lock
from members.membership import domain, views
from members.membership.events import Card
from members.permissions import RULES
from members.seekers import Seeker
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
from standing import COMMITTING, PRESENT, Given, Role, Status

router = alliance_router("members")

MemberPath = Annotated[UUID, Path(description="The company's id in this alliance.")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Number = Annotated[str, Field(min_length=1, max_length=30)]
LongText = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]
Goal = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class ApplyBody(Body):
    name: Name = Field(description="Legal name.", examples=["Câblages Lumiel"])


class CardBody(Body):
    """Replaces the card as a whole. Numbers are checked; spaces in them do not matter."""

    name: Name = Field(description="Legal name.", examples=["Câblages Lumiel"])
    siren: Number = Field(examples=["000002121"])
    siret: Number | None = Field(None, examples=["00000212100018"])
    vat_number: Number | None = Field(None, examples=["FR70000002121"])
    staff: int = Field(ge=0, le=1_000_000, description="Headcount.", examples=[110])
    activity_code: Number = Field(description="NAF subclass.", examples=["27.32Z"])
    town: str = Field(min_length=1, max_length=100, pattern=r"\S", examples=["Besançon"])
    offers: LongText | None = Field(None, description="Skills, machines, rooms, references.")
    seeks: LongText | None = None
    goals: list[Goal] = Field([], max_length=3, description="What it joins for.")


class DecidedBody(Body):
    decision: UUID = Field(description="A decision that passed about this very step of this company.")


class SuspendBody(Body):
    reason: LongText


class TextView(BaseModel):
    """A text, by the id under which it can be erased; null once it is."""

    document: UUID
    text: str | None


class CardView(BaseModel):
    siren: str
    siret: str | None
    vat_number: str | None
    staff: int
    activity_code: str
    town: str
    offers: TextView | None
    seeks: TextView | None
    goals: list[TextView]


class MemberItem(BaseModel):
    id: UUID
    version: int
    name: str
    status: Status
    since: date = Field(description="The day from which it has this status.")


class MemberView(MemberItem):
    pilot_until: date | None = Field(description="The last day of the pilot phase.")
    notice_ends_on: date | None
    card: CardView | None
    actions: list[str] = Field(description="What the caller may do with it now.")


class LeavingView(BaseModel):
    """Where a notice stands."""

    notice_ends_on: date
    cleared: list[str] = Field(description="Services in which nothing is open any more.")
    waiting_for: list[str] = Field(
        description="Why it cannot leave yet: notice_running, open_in_<service>, obligations_open."
    )


@router.post("/members", status_code=201, response_model=Acknowledged)
async def apply_for_membership(asked: Command, body: ApplyBody, alliance: AlliancePath) -> Response:
    """A company applies. Whoever knows the alliance may, and becomes the company's director; where the
    coordinator does, nobody does.
    """
    command = domain.Apply(uuid7(), body.name, asked.call.actor)
    receipt = await asked.service.commands.execute(asked.on(body), domain.MEMBER, command.company, command)
    return answer(asked, receipt, location=f"/alliances/{alliance}/members/{receipt.id}", created=True)


@router.post("/members/{member}/applications", response_model=Acknowledged)
async def apply_again(asked: Command, body: Body, member: MemberPath) -> Response:
    """A company that left, or was rejected or expelled, asks to come back: under the same identity."""
    return await _run(asked, body, member, domain.ApplyAgain(member))


_members = Cursor("members", UUID)


@router.get("/members", response_model=Page[MemberItem])
async def list_members(
    given: Seeker,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    status: Annotated[Status | None, Query(description="Only those with this status.")] = None,
) -> Page[MemberItem]:
    """The companies of the alliance, those that left included. An applicant sees its own alone."""
    after = _members.decode(cursor)[0] if cursor else UUID(int=0)
    only = None if given.standing.roles_of(given.caller) else frozenset[UUID](given.applying)
    async with service.store.reading() as connection:
        rows = await views.of_alliance(connection, alliance, after, limit + 1, status=status, only=only)
    items, following = _members.cut(
        [MemberItem(**_item(row)) for row in rows], limit, lambda item: (item.id,)
    )
    return Page(items=items, next=following)


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.company,
        "version": row.version,
        "name": row.name,
        "status": Status(row.status),
        "since": row.since,
    }


@router.get("/members/{member}", response_model=MemberView)
async def read_member(
    request: Request, given: Seeker, service: Running, alliance: AlliancePath, member: MemberPath
) -> MemberView | Response:
    """A company and its card."""
    if not given.standing.roles_of(given.caller) and member not in given.applying:
        raise NotFound("company_unknown")
    async with service.store.reading() as connection:
        row = await views.one(connection, alliance, member)
        if row is None:
            raise NotFound("company_unknown")
        if unchanged := not_modified(request, row.version):
            return unchanged
        card = Card.model_validate_json(row.card) if row.card else None
        texts = await views.texts_of(connection, alliance, card) if card else {}

    def text(digest: Digest) -> TextView:
        return TextView(document=digest.document, text=texts.get(digest.document))

    return MemberView(
        **_item(row),
        pilot_until=row.pilot_until,
        notice_ends_on=row.notice_ends_on,
        card=card
        and CardView(
            **card.model_dump(exclude={"name", "offers", "seeks", "goals"}),
            offers=card.offers and text(card.offers),
            seeks=card.seeks and text(card.seeks),
            goals=[text(goal) for goal in card.goals],
        ),
        actions=_actions(given, member, Status(row.status)),
    )


_ACTIONS: dict[str, tuple[type, frozenset[Status]]] = {
    "fill_in_card": (domain.FillInCard, PRESENT | {Status.APPLIED}),
    "admit_member": (domain.Admit, frozenset({Status.APPLIED})),
    "reject_application": (domain.Reject, frozenset({Status.APPLIED})),
    "activate_member": (domain.Activate, frozenset({Status.PILOT})),
    "suspend_member": (domain.Suspend, frozenset({Status.ACTIVE})),
    "reinstate_member": (domain.Reinstate, frozenset({Status.SUSPENDED})),
    "give_notice": (domain.GiveNotice, COMMITTING | {Status.SUSPENDED}),
    "leave": (domain.Leave, frozenset({Status.NOTICE})),
    "expel_member": (domain.Expel, PRESENT),
    "apply_again": (domain.ApplyAgain, domain.GONE),
}


def _actions(given: Given, member: UUID, status: Status) -> list[str]:
    about = domain.Leave(member)  # rights look at the company alone
    return [
        name
        for name, (command, statuses) in _ACTIONS.items()
        if status in statuses and RULES[command].test(given, None, about)
    ]


@router.put("/members/{member}/card", response_model=Acknowledged)
async def fill_in_card(asked: Command, body: CardBody, member: MemberPath) -> Response:
    """The company's director or delegate fills in its card."""
    call = asked.on(body)
    texts = Texts(asked.service.documents, call)
    command = domain.FillInCard(
        member,
        name=body.name,
        siren=body.siren,
        siret=body.siret,
        vat_number=body.vat_number,
        staff=body.staff,
        activity_code=body.activity_code,
        town=body.town,
        offers=texts.keep_if("offers", body.offers, member),
        seeks=texts.keep_if("seeks", body.seeks, member),
        goals=tuple(texts.keep("goal", goal, member) for goal in body.goals),
    )
    receipt = await asked.service.commands.execute(call, domain.MEMBER, member, command, load=texts.store)
    return answer(asked, receipt)


@router.post("/members/{member}/admission", response_model=Acknowledged)
async def admit_member(asked: Command, body: DecidedBody, member: MemberPath) -> Response:
    """To the pilot phase [phase expérimentale], as decided."""
    return await _carry_out(asked, body, member, domain.Admit(member, body.decision))


@router.post("/members/{member}/activation", response_model=Acknowledged)
async def activate_member(asked: Command, body: DecidedBody, member: MemberPath) -> Response:
    """After its pilot phase, as decided."""
    return await _carry_out(asked, body, member, domain.Activate(member, body.decision))


@router.post("/members/{member}/rejection", response_model=Acknowledged)
async def reject_application(asked: Command, body: DecidedBody, member: MemberPath) -> Response:
    """The application is turned down, as decided."""
    return await _carry_out(asked, body, member, domain.Reject(member, body.decision))


@router.post("/members/{member}/expulsion", response_model=Acknowledged)
async def expel_member(asked: Command, body: DecidedBody, member: MemberPath) -> Response:
    """[exclusion], as decided: its people lose access everywhere, its history stays."""
    return await _carry_out(asked, body, member, domain.Expel(member, body.decision))


@router.post("/members/{member}/suspension", response_model=Acknowledged)
async def suspend_member(asked: Command, body: SuspendBody, member: MemberPath) -> Response:
    """The coordinator suspends a member: nothing new with it until it is reinstated."""
    call = asked.on(body)
    texts = Texts(asked.service.documents, call)
    command = domain.Suspend(member, texts.keep("suspension", body.reason, member))
    receipt = await asked.service.commands.execute(call, domain.MEMBER, member, command, load=texts.store)
    return answer(asked, receipt)


@router.post("/members/{member}/reinstatement", response_model=Acknowledged)
async def reinstate_member(asked: Command, body: Body, member: MemberPath) -> Response:
    """Ends a suspension."""
    return await _run(asked, body, member, domain.Reinstate(member))


@router.post("/members/{member}/notice", response_model=Acknowledged)
async def give_notice(asked: Command, body: Body, member: MemberPath) -> Response:
    """The company's director gives notice [préavis]: from now on it takes on nothing new."""
    return await _run(asked, body, member, domain.GiveNotice(member))


@router.get("/members/{member}/leaving", response_model=LeavingView)
async def read_leaving(
    given: Viewer, service: Running, alliance: AlliancePath, member: MemberPath
) -> LeavingView:
    """What a member that gave notice is still waiting for: to itself, the coordinator and who may read its
    figures.
    """
    known = given.member(member)
    if not (given.has(Role.COORDINATOR) or given.may_read(member)):
        raise Forbidden
    async with service.store.single() as transaction:
        loaded = await service.commands.state_in(
            transaction, AllianceId(alliance), domain.MEMBER, domain.MEMBER.stream(member)
        )
        owing = await views.owing(transaction.connection, alliance, member)
    state = loaded[1]
    if known.status is not Status.NOTICE or state is None or state.notice is None:
        raise NotFound("no_notice")
    return LeavingView(
        notice_ends_on=state.notice.ends_on,
        cleared=sorted(state.notice.cleared),
        waiting_for=domain.waiting_for(state, given.effective_on, owing=owing),
    )


@router.post("/members/{member}/departure", response_model=Acknowledged)
async def leave(asked: Command, body: Body, alliance: AlliancePath, member: MemberPath) -> Response:
    """Once the notice is over, every service has cleared it and nothing is owed."""

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        return given.with_more(await views.owing(transaction.connection, alliance, member))

    call = asked.on(body)
    receipt = await asked.service.commands.execute(
        call, domain.MEMBER, member, domain.Leave(member), load=load
    )
    return answer(asked, receipt)


async def _run(asked: Command, body: Body, member: UUID, command: object) -> Response:
    receipt = await asked.service.commands.execute(asked.on(body), domain.MEMBER, member, command)
    return answer(asked, receipt)


async def _carry_out(asked: Command, body: DecidedBody, member: UUID, command: domain.Decided) -> Response:
    """With what it rests on loaded under the lock: the decision, and the charter in force."""

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        decision = await state_under_lock(asked, transaction, body.decision)
        terms = await terms_numbered(transaction.connection, asked.call.alliance, given.charter.version)
        return given.with_more(domain.Basis(decision, terms))

    receipt = await asked.service.commands.execute(asked.on(body), domain.MEMBER, member, command, load=load)
    return answer(asked, receipt)
