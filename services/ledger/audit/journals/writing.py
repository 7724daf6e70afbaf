"""Writing a journal in one pass over the log, in memory that grows with its accounts only.

What declares the accounts stands at the top and is known at the end: the transactions wait in a
temporary file.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO
from uuid import UUID

from ledger.audit.journals.alphabet import account_name, amount_text, commodity_name, scale_of
from ledger.audit.replay import Replayed
from ledger.posting.posted import Posted

Names = Callable[[UUID], str | None]
"""What a company calls itself, as far as the entries up to here have told."""


@dataclass
class Declared:
    """What the transactions of a journal use."""

    accounts: set[str] = field(default_factory=set)
    """By their names in the journal."""
    scales: dict[str, int] = field(default_factory=dict)
    """The most digits after the decimal point, by commodity."""
    first: date | None = None
    """The earliest day on which something is booked."""

    def use(self, posted: Posted) -> None:
        """Raises Unspeakable."""
        if self.first is None or posted.booked_on < self.first:
            self.first = posted.booked_on
        for leg in posted.legs:
            self.accounts.add(account_name(leg.account))
            decimals = amount_text(leg.amount, leg.commodity).partition(".")[2]
            known = self.scales.get(leg.commodity)
            if known is None:
                known = scale_of(commodity_name(leg.commodity))
            self.scales[leg.commodity] = max(known, len(decimals))

    def companies(self, names: Names) -> Iterator[tuple[str, str]]:
        """Each account in the order of its name, with what the companies in it call themselves."""
        for account in sorted(self.accounts):
            called = (names(company) for company in _companies_in(account))
            yield account, ", ".join(name for name in called if name)


def _companies_in(account: str) -> Iterator[UUID]:
    """An id's first letter may be a capital there, which is the same id."""
    for part in account.split(":")[2:4]:
        try:
            yield UUID(part)
        except ValueError:
            continue


@dataclass(frozen=True)
class Format:
    """How one program reads a journal; both give whole lines."""

    opening: Callable[[Declared, Names], Iterator[str]]
    entry: Callable[[Replayed, Names], str]


def write(entries: Iterable[Replayed], form: Format, names: Names, out: IO[bytes]) -> None:
    """Entries in the order of the log; those that post nothing leave no trace.

    `names` may come to know more while the entries come. Raises Unspeakable; `out` is untouched then.
    """
    declared = Declared()
    with tempfile.TemporaryFile() as body:
        for entry in entries:
            if entry.posted.legs:
                declared.use(entry.posted)
                body.write(form.entry(entry, names).encode())
        for line in form.opening(declared, names):
            out.write(line.encode())
        body.seek(0)
        shutil.copyfileobj(body, out)
