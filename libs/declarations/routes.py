"""The routes of declarations, the same in each service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping
from starlette.responses import Response
from uuid_utils.compat import uuid7

from declarations.domain import (
    Arbitrate,
    Attest,
    Contest,
    Declaration,
    DeclareHours,
    DeclareMeans,
    Reverse,
    State,
    aggregate,
    attestable_by,
)
from declarations.events import Line, Nature
from declarations.permissions import RULES
from declarations.views import Views
from declarations.worth import hours_in
from events.envelope import LIFE
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
    not_modified,
)
from service.documents import Documents
from service.figures import Sealed, figure
from service.paging import Cursor, CursorText, Page, PageLimit
from service.texts import Texts
from standing import Given

DeclarationPath = Annotated[UUID, Path(description="The declaration's id.")]
ProjectName = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[a-z0-9/-]+$")]
Text = Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S")]
NOWHERE: Final = UUID(int=0)
_cursor: Final = Cursor("declarations", UUID)
_ACTIONS: Final[Mapping[str, tuple[type, frozenset[State]]]] = {
    "attest_declaration": (Attest, frozenset({State.DECLARED})),
    "contest_declaration": (Contest, frozenset({State.DECLARED})),
    "arbitrate_declaration": (Arbitrate, frozenset({State.CONTESTED})),
    "reverse_declaration": (Reverse, frozenset(State) - {State.REVERSED}),
}
"""What may be done with a declaration: the command, and the states in which it makes sense."""


class _DeclarationBody(Body):
    """`effective_on` is the posting date."""

    company: UUID
    project: ProjectName = Field(LIFE, description="`life`, or the subject of the project.")
    evidence: Text | None = None
    replaces: UUID | None = Field(None, description="The declaration, reversed, that this one replaces.")


class HoursBody(_DeclarationBody):
    kind: str = Field(pattern="^[a-z][a-z_]{1,39}$", description="A kind of work with a rate in the charter.")
    lines: list[Line] = Field(min_length=1, max_length=100)


class MeansBody(_DeclarationBody):
    kind: str = Field(
        pattern="^[a-z][a-z_]{1,39}$", description="Of means: a tariff of the charter, or other."
    )
    amount: Money | None = Field(None, description="Left out where the charter has a tariff.")


class WhyBody(Body):
    reason: Text


class ArbitrationBody(WhyBody):
    lines: list[Line] = Field([], max_length=100, description="Of hours: those found right.")
    amount: Money | None = Field(None, description="Of means: the amount found right, or 0.")


class DeclarationItem(BaseModel):
    """What a company says it gave; figures to that company, to who attests it and to who may read all."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    company: UUID
    project: str = Field(examples=["life"])
    form: str
    nature: Nature
    kind: str
    hours: str | Sealed | None = Field(description="In all; null for means.")
    value: Money | Sealed
    posted_on: date = Field(description="The date on which it counts.")
    charter_version: int
    independent_only: bool = Field(description="Only the independent person attests it.")
    counterparty: UUID | None
    replaces: UUID | None
    state: State
    actions: list[str] = Field(description="What the caller may do with it now.")


class DeclarationView(DeclarationItem):
    lines: list[Line] | Sealed
    rate: Money | Sealed | None
    evidence: str | Sealed | None = Field(description="Until erased.")
    why: str | Sealed | None = Field(
        description="Why it was contested, arbitrated or reversed; until erased."
    )


Load = Callable[[object], Callable[[Transaction, Any, Given], Awaitable[Given]]]


@dataclass(frozen=True)
class _Declaring:
    """A command with its texts, in one transaction."""

    service: str
    documents: Documents
    load: Load

    async def execute(self, asked: Asked, body: Body, id: UUID, command: object, texts: Texts) -> Any:
        load = self.load(command)

        async def both(transaction: Transaction, state: Any, given: Given) -> Given:
            await texts.store(transaction, state, given, concerned=state.company if state else None)
            return await load(transaction, state, given)

        commands = asked.service.commands
        return await commands.execute(asked.on(body), aggregate(self.service), id, command, load=both)


def router(service: str, views: Views, documents: Documents, load: Load, *, means: bool) -> APIRouter:
    """`load(command)` reads what its decision rests on; `means` says whether any are taken."""
    routes = alliance_router("declarations")
    declaring = _Declaring(service, documents, load)

    @routes.post("/declarations/hours", status_code=201, response_model=Acknowledged)
    async def declare_hours(asked: Command, body: HoursBody, alliance: AlliancePath) -> Response:
        """Declares hours of work for a project, worth the rate of the charter that goes for it."""
        texts, new = Texts(documents, asked.call), uuid7()
        command = DeclareHours(
            new,
            body.company,
            body.project,
            body.kind,
            tuple(body.lines),
            texts.keep_if("evidence", body.evidence, body.company),
            body.replaces,
        )
        receipt = await declaring.execute(asked, body, new, command, texts)
        location = f"/alliances/{alliance}/declarations/{receipt.id}"
        return answer(asked, receipt, location=location, created=True)

    if means:

        @routes.post("/declarations/means", status_code=201, response_model=Acknowledged)
        async def declare_means(asked: Command, body: MeansBody, alliance: AlliancePath) -> Response:
            """Declares means lent or given: by the charter's tariff, or an amount with evidence."""
            texts, new = Texts(documents, asked.call), uuid7()
            command = DeclareMeans(
                new,
                body.company,
                body.project,
                body.kind,
                body.amount,
                texts.keep_if("evidence", body.evidence, body.company),
                body.replaces,
            )
            receipt = await declaring.execute(asked, body, new, command, texts)
            location = f"/alliances/{alliance}/declarations/{receipt.id}"
            return answer(asked, receipt, location=location, created=True)

    @routes.post("/declarations/{declaration}/attestations", response_model=Acknowledged)
    async def attest_declaration(
        asked: Command, body: Body, alliance: AlliancePath, declaration: DeclarationPath
    ) -> Response:
        """The other side agrees: it counts, on its posting date."""
        texts = Texts(documents, asked.call)
        receipt = await declaring.execute(asked, body, declaration, Attest(), texts)
        return answer(asked, receipt)

    @routes.post("/declarations/{declaration}/contests", response_model=Acknowledged)
    async def contest_declaration(
        asked: Command, body: WhyBody, alliance: AlliancePath, declaration: DeclarationPath
    ) -> Response:
        """The other side does not agree: the independent person arbitrates."""
        texts = Texts(documents, asked.call)
        command = Contest(texts.keep("why", body.reason))
        receipt = await declaring.execute(asked, body, declaration, command, texts)
        return answer(asked, receipt)

    @routes.post("/declarations/{declaration}/arbitrations", response_model=Acknowledged)
    async def arbitrate_declaration(
        asked: Command, body: ArbitrationBody, alliance: AlliancePath, declaration: DeclarationPath
    ) -> Response:
        """The independent person says what is right of what is contested; that counts."""
        texts = Texts(documents, asked.call)
        why = texts.keep("why", body.reason)
        command = Arbitrate(tuple(body.lines), body.amount, why)
        receipt = await declaring.execute(asked, body, declaration, command, texts)
        return answer(asked, receipt)

    @routes.post("/declarations/{declaration}/reversals", response_model=Acknowledged)
    async def reverse_declaration(
        asked: Command, body: WhyBody, alliance: AlliancePath, declaration: DeclarationPath
    ) -> Response:
        """It was wrong: what it posted is posted back. Another declaration may then replace it."""
        texts = Texts(documents, asked.call)
        command = Reverse(texts.keep("why", body.reason))
        receipt = await declaring.execute(asked, body, declaration, command, texts)
        return answer(asked, receipt)

    @routes.get("/declarations", response_model=Page[DeclarationItem])
    async def list_declarations(
        given: Viewer,
        running: Running,
        alliance: AlliancePath,
        limit: PageLimit,
        cursor: CursorText = None,
        company: UUID | None = None,
        project: Annotated[str | None, Query(max_length=120, pattern=r"^[a-z0-9/-]+$")] = None,
        state: Annotated[list[State] | None, Query(max_length=len(State))] = None,
    ) -> Page[DeclarationItem]:
        """What was declared, in the order of its making; the figures of others sealed."""
        after = _cursor.decode(cursor)[0] if cursor else NOWHERE
        async with running.store.transaction() as transaction:
            found = await views.page(
                transaction.connection,
                AllianceId(alliance),
                after,
                limit + 1,
                company=company,
                project=project,
                states=state,
            )
        items, following = _cursor.cut(
            [DeclarationItem.model_validate(_shown(*one, given)) for one in found],
            limit,
            lambda item: (item.id,),
        )
        return Page(items=items, next=following)

    @routes.get("/declarations/{declaration}", response_model=DeclarationView)
    async def read_declaration(
        request: Request,
        given: Viewer,
        running: Running,
        alliance: AlliancePath,
        declaration: DeclarationPath,
    ) -> DeclarationView | Response:
        """One declaration, with its lines and texts to who may read them."""
        async with running.store.transaction() as transaction:
            found = await views.page(
                transaction.connection, AllianceId(alliance), NOWHERE, 1, ids=[declaration]
            )
            if not found:
                raise NotFound("declaration_unknown")
            row, declared = found[0]
            if unchanged := not_modified(request, row["version"]):
                return unchanged
            texts = {
                name: await _text(transaction, documents, AllianceId(alliance), row[name])
                for name in ("evidence", "why")
            }
        readable, owner = _reads(declared, given), declared.company
        view = {
            **_shown(row, declared, given),
            "lines": figure(readable, owner, list(declared.work.lines)),
            "rate": declared.work.rate and figure(readable, owner, declared.work.rate),
            **{name: text and figure(readable, owner, text) for name, text in texts.items()},
        }
        return DeclarationView.model_validate(view)

    return routes


async def _text(
    transaction: Transaction, documents: Documents, alliance: AllianceId, document: UUID | None
) -> str | None:
    if document is None:
        return None
    kept = await transaction.execute(documents.read(alliance, document))
    return next((row.body.decode() for row in kept), None)


def _reads(declared: Declaration, given: Given) -> bool:
    # Who attests a figure is its counterparty: nobody can attest what it may not see.
    return given.may_read(declared.company) or attestable_by(declared, given)


def _shown(row: RowMapping, declared: Declaration, given: Given) -> dict[str, object]:
    readable, owner, work = _reads(declared, given), declared.company, declared.work
    names = ("id", "version", "company", "project", "form", "nature", "kind", "posted_on")
    others = ("charter_version", "independent_only", "counterparty", "replaces", "state")
    hours = None if work.rate is None else figure(readable, owner, f"{hours_in(work.lines):f}")
    return {
        **{name: row[name] for name in (*names, *others)},
        "hours": hours,
        "value": figure(readable, owner, work.value),
        "actions": [
            name
            for name, (command, states) in _ACTIONS.items()
            if declared.state in states and RULES[command].test(given, declared, None)
        ],
    }
