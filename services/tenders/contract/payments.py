"""Payments under a contract: recorded by a member, recognised once attested, reversed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final
from uuid import UUID

from events.decision import Placed
from events.digest import Digest
from events.errors import Invalid, Refused
from events.sealing import Confidential
from money import Money, apportion
from obligations.domain import Obligation, cancelled, incurred
from obligations.events import Reason
from standing import Given
from tenders.consortium.events import Liability
from tenders.contract.events import (
    ContractPaymentRecognised,
    ContractPaymentRecorded,
    ContractPaymentReversed,
    Recognised,
)
from tenders.contract.state import (
    Contract,
    Payment,
    PaymentStage,
    Stage,
    as_recorded,
    payment_at,
    placed,
    require,
)
from tenders.figures import for_each, require_amount

PASS_ON_DAYS: Final = 30
"""For the lead to pay the others, unless the command says when."""


@dataclass(frozen=True)
class RecordPayment:
    """`obligations` are fresh ids, one for each member that the lead may have to pay."""

    payment: UUID
    company: UUID
    total: Money
    received: Mapping[UUID, Money] | None
    """None: by work share."""
    milestone: int | None
    invoice_number: str | None
    pass_on_by: date | None
    obligations: tuple[UUID, ...]


@dataclass(frozen=True)
class WithdrawPayment:
    payment: UUID
    reason: Digest


@dataclass(frozen=True)
class AttestPayment:
    payment: UUID
    obligations: tuple[UUID, ...]


@dataclass(frozen=True)
class ReversePayment:
    """`given.more` are the obligations of the lot's project."""

    payment: UUID
    reason: Digest


def record(contract: Contract, command: RecordPayment, given: Given) -> Sequence[Placed]:
    require(contract, Stage.ACTIVE)
    if command.company not in contract.members:
        raise Refused("not_in_contract")
    total = command.total
    require_amount(given, total, "/total")
    received = _parts(contract, total) if command.received is None else command.received
    if command.received is not None:
        _require_parts(contract, total, command.received)
    pass_on_by = command.pass_on_by or given.effective_on + timedelta(days=PASS_ON_DAYS)
    if pass_on_by < given.effective_on:
        raise Invalid("due_before_effective", pointer="/pass_on_by")
    recorded = ContractPaymentRecorded(
        payment=command.payment,
        by=command.company,
        milestone=command.milestone,
        invoice_number=command.invoice_number,
        totals=for_each(Confidential[Money], contract.members, total),
        received=tuple(
            Confidential[Money](owner=company, open=received.get(company, Money.zero(total.currency)))
            for company in contract.members
        ),
        pass_on_by=pass_on_by,
    )
    answer = [placed(contract, recorded)]
    # What the charter leaves to one's word needs no second one.
    if total <= given.standing.charter_numbered(contract.charter_version).declaration_limit:
        payment = as_recorded(recorded, given.effective_on)
        answer += recognise(contract, command.payment, payment, command.obligations)
    return answer


def _parts(contract: Contract, total: Money) -> dict[UUID, Money]:
    shares = [contract.expected[company].share for company in contract.members]
    parts = apportion(total.amount, shares, total.currency.quantum)
    return {
        company: Money.of(part, total.currency) for company, part in zip(contract.members, parts, strict=True)
    }


def _require_parts(contract: Contract, total: Money, received: Mapping[UUID, Money]) -> None:
    for company, part in received.items():
        if company not in contract.members:
            raise Invalid("not_in_contract", pointer="/received")
        if part.currency != total.currency:
            raise Invalid("wrong_currency", pointer="/received", currency=total.currency)
        if part.amount < 0:
            raise Invalid("amount_not_positive", pointer="/received")
    if sum(received.values(), Money.zero(total.currency)) != total:
        raise Invalid("parts_differ_from_total", pointer="/received")


def recognise(contract: Contract, id: UUID, payment: Payment, obligations: Sequence[UUID]) -> list[Placed]:
    """Benefit is dated like the payment, whenever it is attested."""
    rows = []
    for company in contract.members:
        received = payment.received[company]
        benefit = received.times(Fraction(contract.expected[company].margin) / 100)
        # A buyer may pay more than was agreed; more than is expected cannot fall away.
        released = min(benefit, contract.pending[company])
        row = Recognised(received=received, benefit=benefit, released=released)
        rows.append(Confidential[Recognised](owner=company, open=row))
    owed = _passed_on(contract, payment, obligations)
    recognised = ContractPaymentRecognised(
        payment=id,
        recognised=tuple(rows),
        obligations=tuple(obligation for obligation, _ in owed),
    )
    return [placed(contract, recognised, payment.paid_on), *(one for _, one in owed)]


def _passed_on(
    contract: Contract, payment: Payment, obligations: Sequence[UUID]
) -> list[tuple[UUID, Placed]]:
    """Solidary: the buyer pays the lead, who owes the others their parts."""
    if contract.form is not Liability.SOLIDARY:
        return []
    others = [company for company in contract.members if company != contract.lead]
    owed = [company for company in others if payment.received[company].amount]
    return [
        (
            obligation,
            incurred(
                "tenders",
                obligation,
                debtor=contract.lead,
                creditor=company,
                amount=payment.received[company],
                reason=Reason.PASSED_ON,
                due_on=payment.pass_on_by,
                project=contract.project,
                invoice_number=payment.invoice_number,
                charter_version=contract.charter_version,
                effective_on=payment.paid_on,
            ),
        )
        for obligation, company in zip(obligations, owed, strict=False)
    ]


def reverse(
    contract: Contract, command: ReversePayment, obligations: Sequence[Obligation]
) -> Sequence[Placed]:
    payment = payment_at(contract, command.payment, PaymentStage.RECOGNISED)
    require(contract, Stage.ACTIVE)
    assert payment.recognised_by is not None
    taken_back = ContractPaymentReversed(
        payment=command.payment, recognised_by=payment.recognised_by, reason=command.reason
    )
    passed_on = [owed for owed in obligations if owed.id in payment.obligations]
    return [placed(contract, taken_back), *(cancelled("tenders", owed) for owed in passed_on)]
