"""Transactions: what a rule makes of an event. Each balances by construction, a commodity at a time.

| side | account, + | contra |
|---|---|---|
| contributed | `Expenses:Contributed:<member>:<form>:<project>:<nature>` | `Equity:Contributed:<form>` |
| received | `Income:Received:<member>:<form>:<project>:<nature>` (−) | `Equity:Received:<form>` |
| pending | `Assets:Pending:<member>:<project>` | `Equity:Pending` |
| owed | `Assets:Receivable:<creditor>:<debtor>:<obligation>` | `Liabilities:Payable:<debtor>:…` |

A party is a company, or None for the alliance's purse.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from events.envelope import Event, Recorded
from money import Money


class Side(StrEnum):
    """What a line counts as; contra lines count as nothing."""

    # As text is hashed: an enumeration's own way takes three times as long, and sums are kept by these.
    __hash__ = str.__hash__

    CONTRIBUTED = "contributed"
    RECEIVED = "received"
    PENDING = "pending"
    OWED = "owed"


class Form(StrEnum):
    """A form of alliance, as balances are broken down by."""

    __hash__ = str.__hash__

    DUES = "dues"
    OFFICERS = "officers"
    PURCHASING = "purchasing"
    TENDERS = "tenders"


class Nature(StrEnum):
    """What was given (hours to concession) or got (saved, margin; cash is both)."""

    __hash__ = str.__hash__

    HOURS = "hours"
    CASH = "cash"
    MEANS = "means"
    GUARANTEE = "guarantee"
    CONCESSION = "concession"
    SAVED = "saved"
    MARGIN = "margin"


class Line(NamedTuple):
    """The line of a transaction that names a member, with its sense: positive is more of the side.

    The signed amounts of its two accounts follow from it: a received line is booked negative.
    """

    side: Side
    amount: Money
    project: str
    member: UUID | None
    """Of an obligation, the creditor; None for the purse."""
    form: Form | None = None
    nature: Nature | None = None
    debtor: UUID | None = None
    obligation: UUID | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Reversal:
    """Negates all that was posted for an earlier event of the same source, by its id."""

    event_id: str


def contributed(member: UUID, form: Form, project: str, nature: Nature, amount: Money) -> Line:
    return Line(Side.CONTRIBUTED, amount, project, member, form, nature)


def received(member: UUID, form: Form, project: str, nature: Nature, amount: Money) -> Line:
    return Line(Side.RECEIVED, amount, project, member, form, nature)


def pending(member: UUID, project: str, amount: Money) -> Line:
    """A change of what is expected: negative when it is recognised or falls away."""
    return Line(Side.PENDING, amount, project, member)


def owed(
    obligation: UUID,
    *,
    creditor: UUID | None,
    debtor: UUID | None,
    project: str,
    amount: Money,
    due_on: date | None = None,
) -> Line:
    """A change of what is owed: positive when incurred, negative when its payment is attested.

    `due_on` is given when it is incurred.
    """
    return Line(Side.OWED, amount, project, creditor, debtor=debtor, obligation=obligation, due_on=due_on)


Rule = Callable[[Recorded[Any]], Sequence[Line | Reversal]]
"""Pure: an event to its lines, in a fixed order; [] for one that posts nothing."""

Rules = Mapping[type[Event], Rule]
