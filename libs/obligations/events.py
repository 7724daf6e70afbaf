"""What is published of who owes whom: one shape, under the wire names of the service in which it arose.

`alliance.<service>.obligation_incurred.v1`, `.payment_declared.v1`, `.payment_declaration_withdrawn.v1`,
`.payment_attested.v1`, `.obligation_cancelled.v1`. A party is a company, or None for the alliance's purse.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from pydantic import create_model

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential, SealedFigure
from money import Money, Percentage, Rate


class Reason(StrEnum):
    """Why somebody owes: posting rules go by it."""

    DUES = "dues"
    REPAYMENT = "repayment"
    COMPENSATION = "compensation"
    RECHARGE = "recharge"
    CALL = "call"
    INDEMNITY = "indemnity"
    TRANSFER = "transfer"
    FEE = "fee"
    PASSED_ON = "passed_on"


class Between(Event):
    """Who owes whom how much: repeated in each event, since posting looks nothing up."""

    obligation: UUID
    debtor: UUID | None
    creditor: UUID | None
    amounts: tuple[Confidential[Money], ...]
    """The one amount, sealed once for each party that is a company."""

    @property
    def amount(self) -> Money:
        """Raises `SealedFigure` where the reader has the key of neither party."""
        for sealed in self.amounts:
            if sealed.open is not None:
                return sealed.open
        raise SealedFigure(str(self.obligation))


class Incurred(Between):
    """Owed from the effective date on, in the event's project."""

    reason: Reason
    due_on: date
    vat_rate: Percentage | None
    invoice_number: str | None
    money_rate: Rate | None
    """Where the creditor prefinanced it: what is still owed counts as its contribution, at this rate."""


class PaymentDeclared(Between):
    """The debtor says that it has paid."""


class PaymentWithdrawn(Between):
    """What was declared did not happen: it is owed as before."""

    why: Digest


class PaymentAttested(Between):
    """The creditor has the money: nothing is owed any more."""

    reason: Reason
    incurred_on: date
    money_rate: Rate | None


class Cancelled(Between):
    """Nothing is owed: it was wrong, is replaced, or is let off."""

    why: Digest | None


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Vocabulary:
    """The event classes of one service."""

    incurred: type[Incurred]
    payment_declared: type[PaymentDeclared]
    payment_withdrawn: type[PaymentWithdrawn]
    payment_attested: type[PaymentAttested]
    cancelled: type[Cancelled]

    @property
    def events(self) -> tuple[type[Event], ...]:
        return (
            self.incurred,
            self.payment_declared,
            self.payment_withdrawn,
            self.payment_attested,
            self.cancelled,
        )


@cache
def vocabulary(service: str) -> Vocabulary:
    """Always the same classes for a service: posting rules and projectors are found by class."""

    def named(name: str, wire: str, base: type[E]) -> type[E]:
        arguments: Any = {"type": f"alliance.{service}.{wire}.v1"}
        return create_model(
            name, __base__=base, __cls_kwargs__=arguments, __module__=__name__, __doc__=base.__doc__
        )

    return Vocabulary(
        named("ObligationIncurred", "obligation_incurred", Incurred),
        named("PaymentDeclared", "payment_declared", PaymentDeclared),
        named("PaymentDeclarationWithdrawn", "payment_declaration_withdrawn", PaymentWithdrawn),
        named("PaymentAttested", "payment_attested", PaymentAttested),
        named("ObligationCancelled", "obligation_cancelled", Cancelled),
    )
