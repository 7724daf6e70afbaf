"""What is published of contracts. Their amounts are sealed once for each member, parts to each alone."""

from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Money, Percentage


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Basis(StrEnum):
    """What the amount of a contract stands for."""

    WHOLE = "whole"
    YEAR = "year"
    """Of an open-ended contract: the current contract year's; before it begins, the first's."""


class Expected(_Part):
    """What a member expects: turnover = amount × share, benefit = amount × share × margin, rounded once."""

    share: Percentage
    margin: Percentage
    turnover: Money
    benefit: Money


class Recognised(_Part):
    """What a payment brought to a member: benefit = received × margin; `released` is no longer expected."""

    received: Money
    benefit: Money
    released: Money


class ContractPrepared(Event, type="alliance.tenders.contract_prepared.v1"):
    """The lot is won: what each member may expect of it, until it is paid or falls away."""

    consortium: UUID
    opportunity: UUID
    lot: int
    lead: UUID
    form: Literal["solidary", "several", "several_with_liable_lead"]
    basis: Basis
    members: tuple[UUID, ...]
    amounts: tuple[Confidential[Money], ...]
    """The one amount of the contract, VAT excluded."""
    expected: tuple[Confidential[Expected], ...]


class ContractActivated(Event, type="alliance.tenders.contract_activated.v1"):
    """The work begins."""


class ContractPaymentRecorded(Event, type="alliance.tenders.contract_payment_recorded.v1"):
    """A member says that the buyer has paid, on the effective date. Counts once it is attested."""

    payment: UUID
    by: UUID
    milestone: int | None
    invoice_number: str | None
    totals: tuple[Confidential[Money], ...]
    """The one amount paid for the contract, VAT excluded."""
    received: tuple[Confidential[Money], ...]
    """What of it is each member's own."""
    pass_on_by: date
    """Where the lead was paid for all: the day by which it pays the others."""


class ContractPaymentWithdrawn(Event, type="alliance.tenders.contract_payment_withdrawn.v1"):
    """What was recorded and not attested did not happen."""

    payment: UUID
    reason: Digest


class ContractPaymentRecognised(Event, type="alliance.tenders.contract_payment_recognised.v1"):
    """The payment is attested, or small enough to need no attestation: its benefit counts."""

    payment: UUID
    recognised: tuple[Confidential[Recognised], ...]
    obligations: tuple[UUID, ...]
    """What the lead owes the others of it."""


class ContractPaymentReversed(Event, type="alliance.tenders.contract_payment_reversed.v1"):
    """What was recognised is taken back; what is right instead is recorded as another payment."""

    payment: UUID
    recognised_by: str
    """The id of the event that is reversed."""
    reason: Digest


class ContractCompleted(Event, type="alliance.tenders.contract_completed.v1"):
    """All is done: what is still expected falls away, and the lot's project ends."""

    released: tuple[Confidential[Money], ...]


class ContractTerminated(Event, type="alliance.tenders.contract_terminated.v1"):
    """It ends before its time, likewise."""

    released: tuple[Confidential[Money], ...]
    reason: Digest | None


EVENTS = (
    ContractPrepared,
    ContractActivated,
    ContractPaymentRecorded,
    ContractPaymentWithdrawn,
    ContractPaymentRecognised,
    ContractPaymentReversed,
    ContractCompleted,
    ContractTerminated,
)
