"""The state of a contract and its payments, and how its events change it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from events.decision import Placed
from events.envelope import Event, Recorded
from events.errors import NotFound, Refused
from money import Money
from tenders.consortium.events import Liability
from tenders.contract.events import (
    Basis,
    ContractActivated,
    ContractCompleted,
    ContractPaymentRecognised,
    ContractPaymentRecorded,
    ContractPaymentReversed,
    ContractPaymentWithdrawn,
    ContractPrepared,
    ContractTerminated,
    Expected,
    Recognised,
)
from tenders.figures import common
from tenders.projects import lot_project


class Stage(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class PaymentStage(StrEnum):
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"
    RECOGNISED = "recognised"
    REVERSED = "reversed"


@dataclass(frozen=True)
class Payment:
    by: UUID
    total: Money
    received: Mapping[UUID, Money]
    milestone: int | None
    invoice_number: str | None
    paid_on: date
    pass_on_by: date
    stage: PaymentStage = PaymentStage.RECORDED
    recognised: Mapping[UUID, Recognised] = field(default_factory=dict)
    recognised_by: str | None = None
    obligations: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Contract:
    consortium: UUID
    opportunity: UUID
    lot: int
    lead: UUID
    form: Liability
    basis: Basis
    members: tuple[UUID, ...]
    amount: Money
    expected: Mapping[UUID, Expected]
    pending: Mapping[UUID, Money]
    """Benefit expected and not recognised yet."""
    charter_version: int
    stage: Stage = Stage.PENDING
    payments: Mapping[UUID, Payment] = field(default_factory=dict)

    @property
    def project(self) -> str:
        return lot_project(self.opportunity, self.lot)


def as_recorded(event: ContractPaymentRecorded, paid_on: date) -> Payment:
    return Payment(
        by=event.by,
        total=common(event.totals),
        received={part.owner: part.value for part in event.received},
        milestone=event.milestone,
        invoice_number=event.invoice_number,
        paid_on=paid_on,
        pass_on_by=event.pass_on_by,
    )


def evolve(contract: Contract | None, recorded: Recorded[Any]) -> Contract:
    event = recorded.event
    if isinstance(event, ContractPrepared):
        expected = {row.owner: row.value for row in event.expected}
        return Contract(
            consortium=event.consortium,
            opportunity=event.opportunity,
            lot=event.lot,
            lead=event.lead,
            form=Liability(event.form),
            basis=event.basis,
            members=event.members,
            amount=common(event.amounts),
            expected=expected,
            pending={company: row.benefit for company, row in expected.items()},
            charter_version=recorded.charter_version,
        )
    assert contract is not None
    match event:
        case ContractActivated():
            return replace(contract, stage=Stage.ACTIVE)
        case ContractPaymentRecorded():
            return _with(contract, event.payment, as_recorded(event, recorded.effective_on))
        case ContractPaymentWithdrawn():
            payment = contract.payments[event.payment]
            return _with(contract, event.payment, replace(payment, stage=PaymentStage.WITHDRAWN))
        case ContractPaymentRecognised():
            rows = {row.owner: row.value for row in event.recognised}
            payment = replace(
                contract.payments[event.payment],
                stage=PaymentStage.RECOGNISED,
                recognised=rows,
                recognised_by=recorded.id,
                obligations=event.obligations,
            )
            return _moved(_with(contract, event.payment, payment), rows, -1)
        case ContractPaymentReversed():
            payment = contract.payments[event.payment]
            changed = _with(contract, event.payment, replace(payment, stage=PaymentStage.REVERSED))
            return _moved(changed, payment.recognised, +1)
        case ContractCompleted():
            return replace(contract, stage=Stage.COMPLETED, pending=_nothing(contract))
        case ContractTerminated():
            return replace(contract, stage=Stage.TERMINATED, pending=_nothing(contract))
    return contract


def _with(contract: Contract, id: UUID, payment: Payment) -> Contract:
    return replace(contract, payments={**contract.payments, id: payment})


def _moved(contract: Contract, rows: Mapping[UUID, Recognised], sign: int) -> Contract:
    pending = {
        company: before + rows[company].released if sign > 0 else before - rows[company].released
        for company, before in contract.pending.items()
    }
    return replace(contract, pending=pending)


def _nothing(contract: Contract) -> dict[UUID, Money]:
    return {company: Money.zero(contract.amount.currency) for company in contract.members}


def placed(contract: Contract, event: Event, on: date | None = None) -> Placed:
    return Placed(event, project=contract.project, charter_version=contract.charter_version, effective_on=on)


def payment_at(contract: Contract, id: UUID, *stages: PaymentStage) -> Payment:
    payment = contract.payments.get(id)
    if payment is None:
        raise NotFound("payment_unknown")
    if payment.stage not in stages:
        raise Refused("payment_stage", stage=payment.stage.value)
    return payment


def require(contract: Contract, *stages: Stage) -> None:
    if contract.stage not in stages:
        raise Refused("contract_stage", stage=contract.stage.value)
