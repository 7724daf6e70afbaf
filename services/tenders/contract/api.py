"""Contracts: activated, paid, completed or terminated."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import Invalid, NotFound
from events.ids import AllianceId
from events.store import Transaction
from money import Money
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
from tenders import contributions, involvements
from tenders.bodies import CompanyBody, ContractPath, OptionalReasonBody, PaymentPath, ReasonBody
from tenders.consortium.domain import CONSORTIUM
from tenders.consortium.events import Liability
from tenders.contract import domain, payments, views
from tenders.contract.events import Basis
from tenders.contract.state import Contract, Payment, PaymentStage, Stage

router = alliance_router("contracts")

MOST_MEMBERS: Final = 20


class PartBody(BaseModel, extra="forbid"):
    company: UUID
    amount: Money


class PaymentBody(CompanyBody):
    """A payment of the buyer on `effective_on`, as a member of the contract records it."""

    total: Money = Field(description="Paid for the contract, VAT excluded.")
    received: list[PartBody] | None = Field(
        None,
        min_length=1,
        max_length=MOST_MEMBERS,
        description="Each member's own part, adding up to the total; by work share unless given.",
    )
    milestone: int | None = Field(None, ge=1, le=999)
    invoice_number: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,49}$", examples=["F-2025-017"]
    )
    pass_on_by: date | None = Field(
        None, description="By when the lead of a solidary consortium pays the others; in 30 days."
    )


class ContractItem(BaseModel):
    id: UUID
    version: int
    opportunity: UUID
    lot: int
    consortium: UUID
    lead: UUID
    stage: Stage


class MemberItem(BaseModel):
    """What a member has in the contract, to itself: amounts in money, share and margin in per cent."""

    company: UUID
    share: str | Sealed
    margin: str | Sealed
    expected_benefit: Money | Sealed
    pending_benefit: Money | Sealed = Field(description="Expected and not recognised yet.")


class PartItem(BaseModel):
    company: UUID
    received: Money | Sealed
    benefit: Money | Sealed | None = Field(description="Once recognised: received × margin.")


class PaymentItem(BaseModel):
    id: UUID
    stage: PaymentStage
    by: UUID
    paid_on: date
    milestone: int | None
    invoice_number: str | None
    total: Money | Sealed
    parts: list[PartItem]


class ContractView(ContractItem):
    """The amount open to the members of the contract, each one's own part to itself alone."""

    form: Liability
    basis: Basis
    amount: Money | Sealed
    charter_version: int = Field(description="Pinned when the contract was made.")
    project: str = Field(description="What hours for the contract are declared for.")
    members: list[MemberItem]
    payments: list[PaymentItem]
    actions: list[str] = Field(description="What the caller may do with it now.")


async def _around(asked: Asked, transaction: Transaction, contract: UUID, state: Contract) -> domain.Around:
    alliance, stream = asked.call.alliance, CONSORTIUM.stream(state.consortium)
    loaded = await asked.service.commands.state_in(transaction, alliance, CONSORTIUM, stream)
    _, consortium = loaded
    assert consortium is not None
    but = [domain.CONTRACT.stream(contract)]
    query = involvements.open_of_consortium(alliance, state.consortium, but)
    return domain.Around(consortium.stage, (await transaction.execute(query)).scalar_one())


async def _steer(
    asked: Asked, body: Body, contract: UUID, command: object, texts: Texts | None = None
) -> Response:
    """A command that rests on how the consortium stands."""

    async def load(transaction: Transaction, state: Contract | None, given: Given) -> Given:
        if state is None:
            return given
        if texts is not None:
            await texts.store(transaction, state, given)
        return given.with_more(await _around(asked, transaction, contract, state))

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONTRACT, contract, command, load=load
    )
    return answer(asked, receipt)


@router.post("/contracts/{contract}/activation", response_model=Acknowledged)
async def activate_contract(
    asked: Command, body: Body, alliance: AlliancePath, contract: ContractPath
) -> Response:
    """The work begins."""
    return await _steer(asked, body, contract, domain.Activate())


@router.post("/contracts/{contract}/completion", response_model=Acknowledged)
async def complete_contract(
    asked: Command, body: Body, alliance: AlliancePath, contract: ContractPath
) -> Response:
    """All is done: what is still expected falls away, and the lot's project ends."""
    return await _steer(asked, body, contract, domain.Complete())


@router.post("/contracts/{contract}/termination", response_model=Acknowledged)
async def terminate_contract(
    asked: Command, body: OptionalReasonBody, alliance: AlliancePath, contract: ContractPath
) -> Response:
    """It ends before its time."""
    texts = Texts(asked.service.documents, asked.call)
    command = domain.Terminate(texts.keep_if("reason", body.reason))
    return await _steer(asked, body, contract, command, texts)


@router.post("/contracts/{contract}/payments", status_code=201, response_model=Acknowledged)
async def record_payment(
    asked: Command, body: PaymentBody, alliance: AlliancePath, contract: ContractPath
) -> Response:
    """A member records what the buyer has paid. It counts once the coordinator attests it."""
    received = None
    if body.received is not None:
        received = {part.company: part.amount for part in body.received}
        if len(received) < len(body.received):
            raise Invalid("named_twice", pointer="/received")
    # A repeat of the request names the same payment: its id follows from the request's key.
    payment = uuid5(contract, f"{asked.call.actor} {asked.call.key}")
    command = payments.RecordPayment(
        payment,
        body.company,
        body.total,
        received,
        body.milestone,
        body.invoice_number,
        body.pass_on_by,
        _fresh(),
    )
    receipt = await asked.service.commands.execute(asked.on(body), domain.CONTRACT, contract, command)
    location = f"/alliances/{alliance}/contracts/{contract}/payments/{payment}"
    return answer(asked, receipt, location=location, created=True)


@router.post("/contracts/{contract}/payments/{payment}/attestation", response_model=Acknowledged)
async def attest_contract_payment(
    asked: Command, body: Body, alliance: AlliancePath, contract: ContractPath, payment: PaymentPath
) -> Response:
    """The coordinator or the independent person attests it, not who acts for a member of the contract."""
    command = payments.AttestPayment(payment, _fresh())
    receipt = await asked.service.commands.execute(asked.on(body), domain.CONTRACT, contract, command)
    return answer(asked, receipt)


@router.post("/contracts/{contract}/payments/{payment}/withdrawal", response_model=Acknowledged)
async def withdraw_contract_payment(
    asked: Command, body: ReasonBody, alliance: AlliancePath, contract: ContractPath, payment: PaymentPath
) -> Response:
    """What was recorded and is not attested did not happen."""
    texts = Texts(asked.service.documents, asked.call)
    command = payments.WithdrawPayment(payment, texts.keep("reason", body.reason))
    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONTRACT, contract, command, load=texts.store
    )
    return answer(asked, receipt)


@router.post("/contracts/{contract}/payments/{payment}/reversal", response_model=Acknowledged)
async def reverse_contract_payment(
    asked: Command, body: ReasonBody, alliance: AlliancePath, contract: ContractPath, payment: PaymentPath
) -> Response:
    """What was recognised is taken back; what is right instead is recorded as another payment."""
    texts = Texts(asked.service.documents, asked.call)
    command = payments.ReversePayment(payment, texts.keep("reason", body.reason))

    async def load(transaction: Transaction, state: Contract | None, given: Given) -> Given:
        await texts.store(transaction, state, given)
        if state is None:
            return given
        owed = await contributions.OBLIGATIONS.of_project(transaction, asked.call.alliance, state.project)
        return given.with_more(owed)

    receipt = await asked.service.commands.execute(
        asked.on(body), domain.CONTRACT, contract, command, load=load
    )
    return answer(asked, receipt)


def _fresh() -> tuple[UUID, ...]:
    """Ids for what the lead may come to owe the others."""
    return tuple(uuid7() for _ in range(MOST_MEMBERS))


_cursor = Cursor("contracts", UUID)


@router.get("/contracts", response_model=Page[ContractItem])
async def list_contracts(
    given: Viewer,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
    opportunity: Annotated[UUID | None, Query(description="Only for this opportunity.")] = None,
) -> Page[ContractItem]:
    """The contracts of the alliance, oldest first."""
    after = _cursor.decode(cursor)[0] if cursor else UUID(int=0)
    async with service.store.reading() as connection:
        rows = (await connection.execute(views.listed(alliance, opportunity, after, limit + 1))).all()
    items, following = _cursor.cut(
        [ContractItem.model_validate(row, from_attributes=True) for row in rows],
        limit,
        lambda item: (item.id,),
    )
    return Page(items=items, next=following)


@router.get("/contracts/{contract}", response_model=ContractView)
async def read_contract(
    request: Request, given: Viewer, service: Running, alliance: AlliancePath, contract: ContractPath
) -> ContractView | Response:
    """One contract and its payments; what the caller may not read comes sealed."""
    loaded = await service.commands.state(AllianceId(alliance), domain.CONTRACT, contract)
    version, state = loaded
    if state is None:
        raise NotFound
    if unchanged := not_modified(request, version):
        return unchanged
    inside = any(map(given.may_read, state.members))
    return ContractView(
        id=contract,
        version=version,
        opportunity=state.opportunity,
        lot=state.lot,
        consortium=state.consortium,
        lead=state.lead,
        stage=state.stage,
        form=state.form,
        basis=state.basis,
        amount=figure(inside, state.lead, state.amount),
        charter_version=state.charter_version,
        project=state.project,
        members=[_member(state, company, inside, given) for company in state.members],
        payments=[_payment(key, payment, inside, given) for key, payment in state.payments.items()],
        actions=domain.actions(state, given),
    )


@router.get("/contracts/{contract}/payments/{payment}", response_model=PaymentItem)
async def read_contract_payment(
    given: Viewer, service: Running, alliance: AlliancePath, contract: ContractPath, payment: PaymentPath
) -> PaymentItem:
    """One payment; what the caller may not read comes sealed."""
    loaded = await service.commands.state(AllianceId(alliance), domain.CONTRACT, contract)
    _, state = loaded
    if state is None or payment not in state.payments:
        raise NotFound
    return _payment(payment, state.payments[payment], any(map(given.may_read, state.members)), given)


def _member(state: Contract, company: UUID, inside: bool, given: Given) -> MemberItem:
    expected, own = state.expected[company], given.may_read(company)
    return MemberItem(
        company=company,
        share=figure(inside, company, plain(expected.share)),
        margin=figure(own, company, plain(expected.margin)),
        expected_benefit=figure(own, company, expected.benefit),
        pending_benefit=figure(own, company, state.pending[company]),
    )


def _payment(id: UUID, payment: Payment, inside: bool, given: Given) -> PaymentItem:
    parts = []
    for company, received in payment.received.items():
        own, row = given.may_read(company), payment.recognised.get(company)
        benefit = figure(own, company, row.benefit) if row else None
        parts.append(PartItem(company=company, received=figure(own, company, received), benefit=benefit))
    return PaymentItem(
        id=id,
        stage=payment.stage,
        by=payment.by,
        paid_on=payment.paid_on,
        milestone=payment.milestone,
        invoice_number=payment.invoice_number,
        total=figure(inside, payment.by, payment.total),
        parts=parts,
    )
