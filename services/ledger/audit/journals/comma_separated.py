"""Postings as comma-separated values (RFC 4180, with LF), one leg a line, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from uuid import UUID

from ledger.audit.journals.alphabet import account_name, amount_text, one_line
from ledger.audit.journals.writing import Declared, Format, Names
from ledger.audit.replay import Replayed

COLUMNS = (
    "entry", "event_id", "type", "booked_on", "effective_on", "account", "side", "company", "company_name",
    "counterparty", "form", "project", "nature", "obligation", "amount", "commodity",
)  # fmt: skip


def _opening(_: Declared, __: Names) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"


def _entry(entry: Replayed, names: Names) -> str:
    head, posted = entry.head, entry.posted
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    for leg in posted.legs:
        writer.writerow(
            (
                posted.entry,
                _cell(head.id),
                _cell(head.type),
                posted.booked_on,
                posted.effective_on,
                account_name(leg.account),
                leg.side or "",
                leg.member or "",
                _name(leg.member, names),
                leg.counterparty or "",
                _cell(leg.form or ""),
                _cell(leg.project),
                _cell(leg.nature or ""),
                leg.obligation or "",
                amount_text(leg.amount, leg.commodity),
                leg.commodity,
            )
        )
    return rows.getvalue()


def _name(company: UUID | None, names: Names) -> str:
    return "" if company is None else _cell(names(company) or "")


def _cell(text: str) -> str:
    """A spreadsheet takes what begins with one of these signs for a formula: it is marked as text."""
    line = one_line(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


COMMA_SEPARATED = Format(_opening, _entry)
