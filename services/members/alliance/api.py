"""Founding an alliance, one's own alliances, and roles."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import Invalid
from events.ids import AllianceId, PersonId
from members.alliance import domain, views
from members.charter.events import Terms
from members.seekers import Seeker
from service.auth import Authenticated, Verifier
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
    router_of,
)
from service.paging import Cursor, CursorText, Page, PageLimit
from service.texts import Texts
from standing import Role

founding = router_of("/v1", "alliance")
router = alliance_router("alliance")

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class FoundBody(Body):
    """A founding. Its date may lie as far back as the founders say."""

    name: Name = Field(examples=["Alliance des Trois-Rives"])
    charter: Terms
    preamble: str | None = Field(
        None, min_length=1, max_length=20_000, pattern=r"\S", description="Values, roadmap, horizon."
    )
    companies: list[Name] = Field(min_length=2, max_length=100, description="Legal names of the founders.")


class RoleBody(Body):
    """A person by the issuer and subject of its tokens, and what it may be."""

    issuer: str = Field(min_length=1, max_length=500)
    subject: str = Field(min_length=1, max_length=255)
    role: Role
    company: UUID | None = Field(None, description="Required for director and delegate, and only for them.")


class AllianceItem(BaseModel):
    id: UUID
    name: str


class RoleItem(BaseModel):
    person: str
    role: Role
    company: UUID | None


class MyAlliance(AllianceItem):
    roles: list[RoleItem]
    applying: list[UUID] = Field(description="Companies of mine that ask to be admitted.")


class Me(BaseModel):
    """Who the caller is, and where it may act."""

    person: str
    alliances: list[MyAlliance]


@founding.post("/alliances", status_code=201, response_model=Acknowledged)
async def found_alliance(asked: Command, body: FoundBody) -> Response:
    """Founds an alliance: its first charter is in force at once, the founders are active, the caller
    coordinates.
    """
    alliance = AllianceId(uuid7())
    call = replace(asked.on(body), alliance=alliance)
    today = call.now.astimezone(ZoneInfo(body.charter.time_zone)).date()
    if call.effective_on is not None and call.effective_on > today:
        raise Invalid("effective_on_in_future", pointer="/effective_on", today=today)
    texts = Texts(asked.service.documents, call)
    command = domain.Found(
        body.name,
        call.actor,
        body.charter,
        texts.keep_if("preamble", body.preamble),
        [(uuid7(), name) for name in body.companies],
    )
    founder = domain.Founder(call.effective_on or today)
    receipt = await asked.service.commands.execute(
        call, domain.ALLIANCE, alliance, command, founding=founder, load=texts.store
    )
    return answer(asked, receipt, location=f"/alliances/{receipt.id}", created=True)


_alliances = Cursor("alliances", UUID)
_roles = Cursor("roles", str, str, UUID)


@founding.get("/alliances", response_model=Page[AllianceItem])
async def list_alliances(
    caller: Authenticated, service: Running, limit: PageLimit, cursor: CursorText = None
) -> Page[AllianceItem]:
    """The alliances in which the caller has a role, by id."""
    after = _alliances.decode(cursor)[0] if cursor else views.NOWHERE
    async with service.store.reading() as connection:
        rows = await views.of_person(connection, caller.person, after, limit + 1)
    items, following = _alliances.cut(
        [AllianceItem(id=alliance, name=name) for alliance, name in rows], limit, lambda item: (item.id,)
    )
    return Page(items=items, next=following)


@founding.get("/me", response_model=Me)
async def read_me(caller: Authenticated, service: Running) -> Me:
    """Who I am, my alliances, companies and roles (the first hundred alliances)."""
    mine = []
    async with service.store.reading() as connection:
        rows = await views.of_person(connection, caller.person, views.NOWHERE, 100)
    for alliance, name in rows:
        given = await service.given(caller.person, alliance, strangers=True)
        held = given.standing.roles_of(caller.person)
        if held or given.applying:
            mine.append(
                MyAlliance(
                    id=alliance,
                    name=name,
                    roles=[RoleItem(**role.model_dump()) for role in held],
                    applying=sorted(given.applying),
                )
            )
    return Me(person=caller.person, alliances=mine)


class AllianceView(AllianceItem):
    """An alliance, to those in it."""

    founded_on: date
    version: int
    actions: list[str] = Field(description="What the caller may do with it now.")


@router.get("", response_model=AllianceView)
async def read_alliance(
    request: Request, given: Seeker, service: Running, alliance: AlliancePath
) -> AllianceView | Response:
    """The alliance: its name and founding. Who applies sees this much of it."""
    version, _ = await service.commands.state(AllianceId(alliance), domain.ALLIANCE, alliance)
    if unchanged := not_modified(request, version):
        return unchanged
    return AllianceView(
        id=alliance,
        name=given.standing.name,
        founded_on=given.standing.founded_on,
        version=version,
        actions=["grant_role", "withdraw_role"] if given.has(Role.COORDINATOR) else [],
    )


@router.get("/roles", response_model=Page[RoleItem])
async def list_roles(
    given: Viewer, service: Running, alliance: AlliancePath, limit: PageLimit, cursor: CursorText = None
) -> Page[RoleItem]:
    """Who has which role, by person id: names stand in the directory."""
    after = _roles.decode(cursor) if cursor else ("", "", views.NOWHERE)
    async with service.store.reading() as connection:
        rows = await views.of_alliance(connection, alliance, after, limit + 1)
    items, following = _roles.cut(
        [RoleItem(**row) for row in rows],
        limit,
        lambda item: (item.person, item.role, item.company or views.NOWHERE),
    )
    return Page(items=items, next=following)


@router.post("/roles", status_code=201, response_model=Acknowledged)
async def grant_role(asked: Command, body: RoleBody, alliance: AlliancePath, request: Request) -> Response:
    """The coordinator grants a role; it counts in every service as soon as that has heard of it."""
    command = domain.Grant(_person(request, body), body.role, body.company)
    receipt = await asked.service.commands.execute(asked.on(body), domain.ALLIANCE, alliance, command)
    return answer(asked, receipt, location=f"/alliances/{alliance}/roles", created=True)


@router.post("/roles/withdrawals", response_model=Acknowledged)
async def withdraw_role(asked: Command, body: RoleBody, alliance: AlliancePath, request: Request) -> Response:
    """The coordinator withdraws a role; the last coordinator's stays."""
    command = domain.Withdraw(_person(request, body), body.role, body.company)
    receipt = await asked.service.commands.execute(asked.on(body), domain.ALLIANCE, alliance, command)
    return answer(asked, receipt)


def _person(request: Request, body: RoleBody) -> PersonId:
    verifier: Verifier = request.app.state.verifier
    return verifier.person(body.issuer, body.subject)
