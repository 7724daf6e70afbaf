"""Contracts: pending → active → completed | terminated, and the payments received under them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import Event
from events.errors import NotFound, Refused
from events.sealing import Confidential
from money import Money
from standing import Given, Role
from tenders.consortium.domain import Stage as ConsortiumStage
from tenders.consortium.events import ConsortiumDischarged, ExecutionBegun
from tenders.contract.events import (
    ContractActivated,
    ContractCompleted,
    ContractPaymentWithdrawn,
    ContractTerminated,
)
from tenders.contract.payments import (
    AttestPayment,
    RecordPayment,
    ReversePayment,
    WithdrawPayment,
    recognise,
    record,
    reverse,
)
from tenders.contract.state import (
    Contract,
    PaymentStage,
    Stage,
    evolve,
    payment_at,
    placed,
    require,
)
from tenders.projects import opportunity_project


@dataclass(frozen=True)
class Activate:
    """`given.more` is `Around`."""


@dataclass(frozen=True)
class Complete:
    """`given.more` is `Around`."""


@dataclass(frozen=True)
class Terminate:
    """`given.more` is `Around`."""

    reason: Digest | None


@dataclass(frozen=True)
class Around:
    """What a contract's beginning and end mean to its consortium."""

    stage: ConsortiumStage
    open_elsewhere: int
    """Its other bids and contracts that are open."""


def decide(contract: Contract | None, command: Any, given: Given, now: datetime) -> Sequence[Placed]:
    if contract is None:
        raise NotFound
    match command:
        case Activate():
            require(contract, Stage.PENDING)
            begun = [_of_consortium(contract, ExecutionBegun())]
            around: Around = given.more
            return [
                placed(contract, ContractActivated()),
                *(begun if around.stage is ConsortiumStage.FROZEN else []),
            ]
        case RecordPayment():
            return record(contract, command, given)
        case WithdrawPayment():
            payment_at(contract, command.payment, PaymentStage.RECORDED)
            withdrawn = ContractPaymentWithdrawn(payment=command.payment, reason=command.reason)
            return [placed(contract, withdrawn)]
        case AttestPayment():
            payment = payment_at(contract, command.payment, PaymentStage.RECORDED)
            require(contract, Stage.ACTIVE)
            return recognise(contract, command.payment, payment, command.obligations)
        case ReversePayment():
            return reverse(contract, command, given.more)
        case Complete():
            require(contract, Stage.ACTIVE)
            return _end(contract, ContractCompleted(released=_released(contract)), given.more)
        case Terminate():
            require(contract, Stage.PENDING, Stage.ACTIVE)
            ended = ContractTerminated(released=_released(contract), reason=command.reason)
            return _end(contract, ended, given.more)
    raise TypeError(command)


def _of_consortium(contract: Contract, event: Event) -> Placed:
    return Placed(event, f"consortium/{contract.consortium}", opportunity_project(contract.opportunity))


def _end(contract: Contract, event: Event, around: Around) -> list[Placed]:
    if any(payment.stage is PaymentStage.RECORDED for payment in contract.payments.values()):
        raise Refused("payments_wait")
    answer = [placed(contract, event)]
    if not around.open_elsewhere:
        answer.append(_of_consortium(contract, ConsortiumDischarged()))
    return answer


def _released(contract: Contract) -> tuple[Confidential[Money], ...]:
    return tuple(
        Confidential[Money](owner=company, open=pending) for company, pending in contract.pending.items()
    )


def actions(contract: Contract, given: Given) -> list[str]:
    """The commands that this caller may give now."""
    steers = given.acts_for(contract.lead) or given.has(Role.COORDINATOR)
    found = []
    if contract.stage is Stage.PENDING:
        found += ["activate"] if steers else []
    if contract.stage is Stage.ACTIVE:
        found += ["record_payment"] if any(map(given.acts_for, contract.members)) else []
        found += ["complete"] if steers else []
    if contract.stage in {Stage.PENDING, Stage.ACTIVE}:
        found += ["terminate"] if steers else []
    return found


CONTRACT: Final[Aggregate[Contract, Given]] = Aggregate("contract", evolve, decide)
