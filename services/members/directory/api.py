"""People of the alliance: who stands behind a person id."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import NotFound
from events.ids import PersonId
from events.store import Transaction
from members.directory import domain, views
from members.permissions import RULES
from service.auth import Verifier
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
from standing import Given

router = alliance_router("directory")

PersonPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The person id that events use.")]
PersonName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", examples=["Camille Roy"])]
Email = Annotated[
    str, Field(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$", examples=["camille@example.org"])
]


class RegisterBody(Body):
    """Issuer and subject, of the person's tokens, give the person id; they are not kept."""

    issuer: str = Field(min_length=1, max_length=500)
    subject: str = Field(min_length=1, max_length=255)
    name: PersonName
    email: Email
    company: UUID | None = Field(None, description="Whose people it is of; null for nobody's.")


class CorrectBody(Body):
    name: PersonName
    email: Email


class PersonItem(BaseModel):
    person: str = Field(description="As events name it.")
    version: int
    name: str
    email: str
    company: UUID | None


class PersonView(PersonItem):
    actions: list[str] = Field(description="What the caller may do with it now.")


@router.post("/people", status_code=201, response_model=Acknowledged)
async def register_person(
    request: Request, asked: Command, body: RegisterBody, alliance: AlliancePath
) -> Response:
    """Registers a person; it needs no role for that, nor is it given one."""
    verifier: Verifier = request.app.state.verifier
    person = verifier.person(body.issuer, body.subject)
    call = asked.on(body)

    async def load(transaction: Transaction, state: domain.Entry | None, given: Given) -> Given:
        await transaction.execute(
            views.put(
                call.alliance,
                person,
                uuid7(),
                name=body.name,
                email=body.email,
                company=body.company,
            )
        )
        return given

    receipt = await asked.service.commands.execute(
        call, domain.PERSON, domain.id_of(person), domain.Register(person, body.company), load=load
    )
    return answer(asked, receipt, location=f"/alliances/{alliance}/people/{person}", created=True)


_people = Cursor("people", str)


@router.get("/people", response_model=Page[PersonItem])
async def list_people(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    company: Annotated[UUID | None, Query(description="Only people of this company.")] = None,
) -> Page[PersonItem]:
    """The directory, by person id."""
    after = _people.decode(cursor)[0] if cursor else ""
    async with service.store.reading() as connection:
        rows = await views.of_alliance(connection, alliance, after, limit + 1, company)
    items, following = _people.cut(
        [PersonItem(**_item(row)) for row in rows], limit, lambda item: (item.person,)
    )
    return Page(items=items, next=following)


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "person": row.person,
        "version": row.version,
        "name": row.name,
        "email": row.email,
        "company": row.company,
    }


@router.get("/people/{person}", response_model=PersonView)
async def read_person(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, person: PersonPath
) -> PersonView | Response:
    """Who stands behind a person id, unless it has been erased."""
    row = await _found(service, alliance, person)
    if unchanged := not_modified(request, row.version):
        return unchanged
    about = domain.Erase(PersonId(person), row.company)
    may = RULES[domain.Erase].test(given, None, about)
    return PersonView(**_item(row), actions=["correct_person", "erase_person"] if may else [])


async def _found(service: Service, alliance: UUID, person: str) -> Row[Any]:
    async with service.store.reading() as connection:
        row = await views.one(connection, alliance, person)
    if row is None:
        raise NotFound("person_unknown")
    return row


@router.put("/people/{person}", response_model=Acknowledged)
async def correct_person(
    asked: Command, body: CorrectBody, given: Viewer, alliance: AlliancePath, person: PersonPath
) -> Response:
    """Another name or e-mail address for a person."""
    row = await _found(asked.service, alliance, person)
    call = asked.on(body)

    async def load(transaction: Transaction, state: domain.Entry | None, given: Given) -> Given:
        await transaction.execute(
            views.correct(call.alliance, PersonId(person), name=body.name, email=body.email)
        )
        return given

    command = domain.Correct(PersonId(person), row.company)
    receipt = await asked.service.commands.execute(
        call, domain.PERSON, domain.id_of(command.person), command, load=load
    )
    return answer(asked, receipt)


@router.delete("/people/{person}", response_model=Acknowledged)
async def erase_person(asked: Command, given: Viewer, alliance: AlliancePath, person: PersonPath) -> Response:
    """Erases name and e-mail address for ever. The person id stays in events, and says nothing."""
    row = await _found(asked.service, alliance, person)
    call = asked.call

    async def load(transaction: Transaction, state: domain.Entry | None, given: Given) -> Given:
        await transaction.execute(views.erase(call.alliance, PersonId(person), call.now))
        return given

    command = domain.Erase(PersonId(person), row.company)
    receipt = await asked.service.commands.execute(
        call, domain.PERSON, domain.id_of(command.person), command, load=load
    )
    return answer(asked, receipt)
