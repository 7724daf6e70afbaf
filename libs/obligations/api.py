"""What a service adds to have obligations: classes, rights, table and routes (`Obligations`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import MetaData, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from events.envelope import Event
from events.errors import NotFound
from events.ids import AllianceId
from events.projection import Projectors
from events.store import Transaction
from money import Money
from obligations.domain import (
    OPEN,
    AttestPayment,
    Cancel,
    DeclarePayment,
    Obligation,
    State,
    WithdrawPayment,
    aggregate,
)
from obligations.events import Reason, vocabulary
from obligations.messages import MESSAGES
from obligations.permissions import RULES
from obligations.views import Views, obligation
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
from service.documents import Documents
from service.figures import Sealed, figure
from service.paging import Cursor, CursorText, Page, PageLimit
from service.permissions import Rule
from service.problems import Message
from service.texts import Texts
from standing import Given, Role

ObligationPath = Annotated[UUID, Path(description="The obligation's id.")]
NOWHERE: Final = UUID(int=0)
_cursor: Final = Cursor("obligations", date, UUID)
_ACTIONS: Final[Mapping[str, tuple[type, frozenset[State]]]] = {
    "declare_payment": (DeclarePayment, frozenset({State.INCURRED})),
    "withdraw_payment": (WithdrawPayment, frozenset({State.DECLARED})),
    "attest_payment": (AttestPayment, frozenset({State.DECLARED})),
    "cancel_obligation": (Cancel, OPEN),
}


class ReasonBody(Body):
    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class ObligationItem(BaseModel):
    """Who owes whom. A party of null is the alliance's purse."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    debtor: UUID | None
    creditor: UUID | None
    amount: Money | Sealed
    reason: Reason
    project: str = Field(examples=["life"])
    incurred_on: date
    due_on: date
    vat_rate: str | Sealed | None = Field(description="Per cent.", examples=["20"])
    invoice_number: str | Sealed | None
    state: State
    paid_on: date | None
    attested_on: date | None
    overdue: bool = Field(description="Still owed after the due date.")
    actions: list[str] = Field(description="What the caller may do with it now.")


class ObligationView(ObligationItem):
    why: str | None = Field(description="Why a payment was withdrawn, or it was cancelled; until erased.")


@dataclass(frozen=True)
class _Listed:
    """Whose obligations a caller sees in a list: None for all of them."""

    parties: Sequence[UUID | None] | None

    @classmethod
    def to(cls, given: Given) -> "_Listed":
        if all(given.may_read(company) for company in given.standing.members):
            return cls(None)
        return cls([*given.companies, *([None] if given.has(Role.COORDINATOR) else [])])


class Obligations:
    """Who owes whom in one service, to be put into its description: `events` into the registry, `rules`,
    `projectors`, `router` and `messages` as they are. `metadata` and `documents` are the service's.
    """

    def __init__(self, service: str, metadata: MetaData, documents: Documents) -> None:
        words = vocabulary(service)
        self.events: Sequence[type[Event]] = words.events
        self.rules: Mapping[type, Rule] = RULES
        self.messages: Mapping[str, Message] = MESSAGES
        self._views = Views(metadata)
        self.projectors: Projectors = self._views.projectors(words)
        self.router = _router(service, self._views, documents)

    async def of_project(
        self, transaction: Transaction, alliance: AllianceId, project: str
    ) -> list[Obligation]:
        """For `load=`: all obligations of a project, in any state, as they are under the lock."""
        return await self._views.of_project(transaction, alliance, project)

    async def any_open(self, connection: AsyncConnection, alliance: AllianceId, company: UUID) -> bool:
        """Whether the company still owes something in this service, or is owed it."""
        return await self._views.any_open(connection, alliance, company)


def _router(service: str, views: Views, documents: Documents) -> APIRouter:
    router = alliance_router("obligations")
    kind = aggregate(service)

    @router.get("/obligations", response_model=Page[ObligationItem])
    async def list_obligations(
        given: Viewer,
        running: Running,
        alliance: AlliancePath,
        limit: PageLimit,
        cursor: CursorText = None,
        state: Annotated[
            list[State] | None, Query(max_length=4, description="Only in one of these states.")
        ] = None,
        party: Annotated[UUID | None, Query(description="Only with this company in it.")] = None,
        project: Annotated[
            str | None, Query(max_length=100, pattern=r"^[!-~]+$", description="Only of this project.")
        ] = None,
    ) -> Page[ObligationItem]:
        """Who owes whom, by due date: one's own; all of them to those who may read all figures."""
        after = _cursor.decode(cursor) if cursor else (date.min, NOWHERE)
        async with running.store.reading() as connection:
            rows = await views.page(
                connection,
                AllianceId(alliance),
                (after[0], after[1]),
                limit + 1,
                readers=_Listed.to(given).parties,
                states=state,
                party=party,
                project=project,
            )
        items, following = _cursor.cut(
            [ObligationItem.model_validate(_shown(row, given)) for row in rows],
            limit,
            lambda item: (item.due_on, item.id),
        )
        return Page(items=items, next=following)

    @router.get("/obligations/{obligation}", response_model=ObligationView)
    async def read_obligation(
        request: Request, given: Viewer, running: Running, alliance: AlliancePath, obligation: ObligationPath
    ) -> ObligationView | Response:
        """One obligation; its amount to its parties, and to those who may read all figures."""
        async with running.store.transaction() as transaction:
            row = await views.one(transaction.connection, AllianceId(alliance), obligation)
            if row is None:
                raise NotFound("obligation_unknown")
            if unchanged := not_modified(request, row["version"]):
                return unchanged
            why = None
            if row["why"] is not None and _reads(row, given):
                kept = await transaction.execute(documents.read(AllianceId(alliance), row["why"]))
                why = next((document.body.decode() for document in kept), None)
        return ObligationView.model_validate({**_shown(row, given), "why": why})

    @router.post("/obligations/{obligation}/payments", response_model=Acknowledged)
    async def declare_payment(
        asked: Command, body: Body, alliance: AlliancePath, obligation: ObligationPath
    ) -> Response:
        """The debtor's people (the coordinator, for the purse) declare it paid, on `effective_on`."""
        receipt = await asked.service.commands.execute(asked.on(body), kind, obligation, DeclarePayment())
        return answer(asked, receipt)

    @router.post("/obligations/{obligation}/payments/withdrawals", response_model=Acknowledged)
    async def withdraw_payment(
        asked: Command, body: ReasonBody, alliance: AlliancePath, obligation: ObligationPath
    ) -> Response:
        """Either party says that the payment declared did not happen: it is owed as before."""
        texts = Texts(documents, asked.call)
        why = texts.keep("why", body.reason)
        receipt = await asked.service.commands.execute(
            asked.on(body), kind, obligation, WithdrawPayment(why), load=_owned(texts)
        )
        return answer(asked, receipt)

    @router.post("/obligations/{obligation}/payments/attestations", response_model=Acknowledged)
    async def attest_payment(
        asked: Command, body: Body, alliance: AlliancePath, obligation: ObligationPath
    ) -> Response:
        """The creditor's people (the independent person, for the purse) attest that the money is there."""
        receipt = await asked.service.commands.execute(asked.on(body), kind, obligation, AttestPayment())
        return answer(asked, receipt)

    @router.post("/obligations/{obligation}/cancellations", response_model=Acknowledged)
    async def cancel_obligation(
        asked: Command, body: ReasonBody, alliance: AlliancePath, obligation: ObligationPath
    ) -> Response:
        """The creditor lets it off, or it was wrong: nothing is owed any more."""
        texts = Texts(documents, asked.call)
        why = texts.keep("why", body.reason)
        receipt = await asked.service.commands.execute(
            asked.on(body), kind, obligation, Cancel(why), load=_owned(texts)
        )
        return answer(asked, receipt)

    return router


def _owned(texts: Texts) -> Callable[[Transaction, Obligation | None, Given], Awaitable[Given]]:
    """For `load=`: why is the parties' own affair; the text is that of the first who is a company."""

    async def store(transaction: Transaction, state: Obligation | None, given: Given) -> Given:
        await texts.store(transaction, state, given, concerned=state.companies[0] if state else None)
        return given

    return store


def _reads(row: RowMapping, given: Given) -> bool:
    parties = (row["debtor"], row["creditor"])
    # The coordinator acts for the purse: the counterparty of that very figure.
    return any(given.may_read(party) for party in parties if party is not None) or (
        None in parties and given.has(Role.COORDINATOR)
    )


def _shown(row: RowMapping, given: Given) -> dict[str, object]:
    owed = obligation(row)
    readable, owner = _reads(row, given), owed.companies[0]
    rate = row["vat_rate"]
    return {
        **{
            name: row[name]
            for name in ("id", "version", "debtor", "creditor", "reason", "project", "incurred_on", "due_on")
        },
        **{name: row[name] for name in ("state", "paid_on", "attested_on")},
        "amount": figure(readable, owner, owed.amount),
        "vat_rate": None if rate is None else figure(readable, owner, f"{rate:f}"),
        "invoice_number": row["invoice_number"] and figure(readable, owner, row["invoice_number"]),
        "overdue": owed.state in OPEN and owed.due_on < given.today,
        "actions": [
            name
            for name, (command, states) in _ACTIONS.items()
            if owed.state in states and RULES[command].test(given, owed, None)
        ],
    }
