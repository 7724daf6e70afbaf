"""The two legs of a line: one amount, positive in one account and negative in another. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from ledger.posting.transactions import Line, Side

PURSE = "purse"
"""In an account's name, in place of a company: the alliance's own."""


class Seen(StrEnum):
    """What a leg is to the member in whose account it stands; one in an equity account is nobody's."""

    CONTRIBUTED = "contributed"
    RECEIVED = "received"
    PENDING = "pending"
    OWED = "owed"
    OWING = "owing"


NEGATIVE = frozenset({Seen.RECEIVED, Seen.OWING})
"""Booked with the sign turned round: more of it is a more negative amount."""


class Leg(NamedTuple):
    """One leg as it is stored; `amount` is signed as booked."""

    account: str
    side: Seen | None
    member: UUID | None
    counterparty: UUID | None
    form: str | None
    project: str
    nature: str | None
    obligation: UUID | None
    due_on: date | None
    amount: Decimal
    commodity: str

    @property
    def sense(self) -> Decimal:
        """Positive is more of the side."""
        return -self.amount if self.side in NEGATIVE else self.amount

    def negated(self) -> "Leg":
        return self._replace(amount=-self.amount)


def legs_of(line: Line) -> Sequence[Leg]:
    """Both legs: their amounts add up to 0."""
    amount, commodity, project = line.amount.amount, str(line.amount.currency), line.project
    form = None if line.form is None else line.form.value
    nature = None if line.nature is None else line.nature.value

    def leg(
        account: str,
        booked: Decimal,
        side: Seen | None = None,
        member: UUID | None = None,
        counterparty: UUID | None = None,
    ) -> Leg:
        return Leg(
            account,
            side,
            member,
            counterparty,
            form,
            project,
            nature,
            line.obligation,
            line.due_on,
            booked,
            commodity,
        )

    match line.side:
        case Side.CONTRIBUTED:
            account = f"Expenses:Contributed:{line.member}:{form}:{project}:{nature}"
            return (
                leg(account, amount, Seen.CONTRIBUTED, line.member),
                leg(f"Equity:Contributed:{form}", -amount),
            )
        case Side.RECEIVED:
            account = f"Income:Received:{line.member}:{form}:{project}:{nature}"
            return leg(account, -amount, Seen.RECEIVED, line.member), leg(f"Equity:Received:{form}", amount)
        case Side.PENDING:
            account = f"Assets:Pending:{line.member}:{project}"
            return leg(account, amount, Seen.PENDING, line.member), leg("Equity:Pending", -amount)
        case Side.OWED:
            creditor, debtor = line.member, line.debtor
            to, by = creditor or PURSE, debtor or PURSE
            return (
                leg(f"Assets:Receivable:{to}:{by}:{line.obligation}", amount, Seen.OWED, creditor, debtor),
                leg(
                    f"Liabilities:Payable:{by}:{to}:{line.obligation}", -amount, Seen.OWING, debtor, creditor
                ),
            )
