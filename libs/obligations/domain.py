"""An obligation: commands, state, decisions. Pure.

incurred → declared (paid, by the debtor) → attested (by the creditor); declared → incurred where the payment
is withdrawn; incurred, declared → cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import Recorded
from events.errors import Invalid, NotFound, Refused
from events.sealing import Confidential
from money import Money
from obligations.events import (
    Between,
    Cancelled,
    Incurred,
    PaymentAttested,
    PaymentDeclared,
    PaymentWithdrawn,
    Reason,
    vocabulary,
)
from standing import Given


class State(StrEnum):
    """Where an obligation stands."""

    INCURRED = "incurred"
    DECLARED = "declared"
    ATTESTED = "attested"
    CANCELLED = "cancelled"


OPEN = frozenset({State.INCURRED, State.DECLARED})
"""Still owed."""


@dataclass(frozen=True)
class DeclarePayment:
    """The debtor has paid, on the effective date."""


@dataclass(frozen=True)
class WithdrawPayment:
    """The payment declared did not happen."""

    why: Digest


@dataclass(frozen=True)
class AttestPayment:
    """The creditor has the money."""


@dataclass(frozen=True)
class Cancel:
    """The creditor lets it off, or it was wrong."""

    why: Digest


@dataclass(frozen=True)
class Obligation:
    """What is owed; None in place of a company is the alliance's purse."""

    id: UUID
    debtor: UUID | None
    creditor: UUID | None
    amount: Money
    reason: Reason
    project: str
    incurred_on: date
    due_on: date
    charter_version: int
    money_rate: Decimal | None
    state: State = State.INCURRED
    paid_on: date | None = None

    @property
    def companies(self) -> tuple[UUID, ...]:
        """The parties that are companies, the debtor first."""
        return tuple(party for party in (self.debtor, self.creditor) if party is not None)


def incurred(
    service: str,
    obligation: UUID,
    *,
    debtor: UUID | None,
    creditor: UUID | None,
    amount: Money,
    reason: Reason,
    due_on: date,
    project: str,
    vat_rate: Decimal | None = None,
    invoice_number: str | None = None,
    money_rate: Decimal | None = None,
    charter_version: int | None = None,
    effective_on: date | None = None,
) -> Placed:
    """For any decision of `service`: an obligation under a new id, on a stream of its own.

    `project` is `life` or the subject of the project. With a `money_rate` (per cent a year) the creditor
    prefinanced it: when it is paid, amount × days × rate since `effective_on` is its contribution.
    Raises ValueError where the parties are one, or the amount is not more than 0.
    """
    if debtor == creditor:
        raise ValueError("nobody owes to itself")
    if amount.amount <= 0:
        raise ValueError("what is owed is more than 0")
    event = vocabulary(service).incurred(
        obligation=obligation,
        debtor=debtor,
        creditor=creditor,
        amounts=_sealed(debtor, creditor, amount),
        reason=reason,
        due_on=due_on,
        vat_rate=vat_rate,
        invoice_number=invoice_number,
        money_rate=money_rate,
    )
    return Placed(
        event,
        stream=f"obligation/{obligation}",
        project=project,
        charter_version=charter_version,
        effective_on=effective_on,
    )


def cancelled(service: str, obligation: Obligation, why: Digest | None = None) -> Placed:
    """For any decision of `service` that replaces or drops an open obligation (`Obligations.of_project`).

    Raises Refused (`obligation_not_open`) where it is paid or cancelled.
    """
    if obligation.state not in OPEN:
        raise Refused("obligation_not_open")
    return _placed(obligation, vocabulary(service).cancelled(**_between(obligation), why=why))


def decide(
    service: str, obligation: Obligation | None, command: object, given: Given, now: datetime
) -> Sequence[Placed]:
    if obligation is None:
        raise NotFound("obligation_unknown")
    words = vocabulary(service)
    between = _between(obligation)
    day = given.effective_on
    match command:
        case DeclarePayment():
            if obligation.state is not State.INCURRED:
                raise Refused("obligation_not_incurred")
            if day < obligation.incurred_on:
                raise Invalid("payment_before_obligation", pointer="/effective_on")
            return [_placed(obligation, words.payment_declared(**between))]
        case WithdrawPayment(why=why):
            _require_declared(obligation)
            return [_placed(obligation, words.payment_withdrawn(**between, why=why))]
        case AttestPayment():
            paid_on = _require_declared(obligation)
            if day < paid_on:
                raise Invalid("attestation_before_payment", pointer="/effective_on")
            attested = words.payment_attested(
                **between,
                reason=obligation.reason,
                incurred_on=obligation.incurred_on,
                money_rate=obligation.money_rate,
            )
            return [_placed(obligation, attested)]
        case Cancel(why=why):
            return [cancelled(service, obligation, why)]
    raise TypeError(command)


def _require_declared(obligation: Obligation) -> date:
    if obligation.state is not State.DECLARED or obligation.paid_on is None:
        raise Refused("payment_not_declared")
    return obligation.paid_on


def evolve(obligation: Obligation | None, recorded: Recorded[Any]) -> Obligation:
    event = recorded.event
    if isinstance(event, Incurred):
        return Obligation(
            id=event.obligation,
            debtor=event.debtor,
            creditor=event.creditor,
            amount=event.amount,
            reason=event.reason,
            project=recorded.project,
            incurred_on=recorded.effective_on,
            due_on=event.due_on,
            charter_version=recorded.charter_version,
            money_rate=event.money_rate,
        )
    assert obligation is not None
    match event:
        case PaymentDeclared():
            return replace(obligation, state=State.DECLARED, paid_on=recorded.effective_on)
        case PaymentWithdrawn():
            return replace(obligation, state=State.INCURRED, paid_on=None)
        case PaymentAttested():
            return replace(obligation, state=State.ATTESTED)
        case Cancelled():
            return replace(obligation, state=State.CANCELLED)
    raise TypeError(event)


@cache
def aggregate(service: str) -> Aggregate[Obligation, Given]:
    return Aggregate(
        "obligation",
        evolve,
        lambda obligation, command, given, now: decide(service, obligation, command, given, now),
    )


def _sealed(debtor: UUID | None, creditor: UUID | None, amount: Money) -> tuple[Confidential[Money], ...]:
    return tuple(
        Confidential[Money](owner=party, open=amount) for party in (debtor, creditor) if party is not None
    )


def _between(obligation: Obligation) -> dict[str, Any]:
    return {
        "obligation": obligation.id,
        "debtor": obligation.debtor,
        "creditor": obligation.creditor,
        "amounts": _sealed(obligation.debtor, obligation.creditor, obligation.amount),
    }


def _placed(obligation: Obligation, event: Between) -> Placed:
    """On the obligation's stream, project and charter, whoever decides."""
    return Placed(
        event,
        stream=f"obligation/{obligation.id}",
        project=obligation.project,
        charter_version=obligation.charter_version,
    )
