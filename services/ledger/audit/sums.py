"""Sums over what was posted, kept while it streams by: by account, and by member, form and nature. Pure."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.posting.legs import Seen
from ledger.posting.posted import Posted

SUMMED = frozenset({Seen.CONTRIBUTED, Seen.RECEIVED, Seen.PENDING})


class Account(NamedTuple):
    name: str
    commodity: str


class Of(NamedTuple):
    """Whose sum it is, and of what; `form` and `nature` are empty for what is pending."""

    member: UUID
    side: Seen
    form: str
    nature: str
    commodity: str


class MemberSums(dict[Of, Decimal]):
    """Positive is more of the side."""

    def add(self, posted: Posted) -> None:
        for leg in posted.legs:
            if leg.side in SUMMED and leg.member is not None:
                of = Of(leg.member, leg.side, leg.form or "", leg.nature or "", leg.commodity)
                self[of] = self.get(of, Decimal()) + leg.sense

    def of_member(self, member: UUID, commodity: str) -> dict[Seen, Decimal]:
        """What it gave, got and may expect."""
        found: dict[Seen, Decimal] = defaultdict(Decimal)
        for of, amount in self.items():
            if of.member == member and of.commodity == commodity:
                found[of.side] += amount
        return found


class Sums:
    """Of all that is effective up to `as_of`, included; of everything where that is None."""

    def __init__(self, as_of: date | None = None) -> None:
        self._until = as_of or date.max
        self.accounts: dict[Account, Decimal] = {}
        """Signed as booked: 0 in all, a commodity. What has come to 0 is left out."""
        self.members = MemberSums()

    def add(self, posted: Posted) -> None:
        if posted.effective_on > self._until:
            return
        self.members.add(posted)
        for leg in posted.legs:
            account = Account(leg.account, leg.commodity)
            total = self.accounts.get(account, Decimal()) + leg.amount
            if total:
                self.accounts[account] = total
            else:
                # Accounts of obligations come and go with each: kept, they would be most of all that is.
                self.accounts.pop(account, None)

    def of_member(self, member: UUID, commodity: str) -> dict[Seen, Decimal]:
        """What it gave, got and may expect."""
        return self.members.of_member(member, commodity)
