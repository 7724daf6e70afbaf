"""Journals for beancount."""

from collections.abc import Iterator

from ledger.audit.journals.alphabet import account_name, amount_text, one_line
from ledger.audit.journals.plain_text import described
from ledger.audit.journals.writing import Declared, Format, Names
from ledger.audit.replay import Replayed


def _opening(declared: Declared, names: Names) -> Iterator[str]:
    # Else a sum that is off by half a cent would pass for balanced.
    yield 'option "tolerance_multiplier" "0"\n'
    for commodity in sorted(declared.scales):
        yield f'option "operating_currency" "{commodity}"\n'
    for commodity in sorted(declared.scales):
        yield f"\n{declared.first} commodity {commodity}\n"
    yield "\n"
    for account, companies in declared.companies(names):
        yield f"{declared.first} open {account}\n"
        if companies:
            yield f"  companies: {_quoted(companies)}\n"


def _entry(entry: Replayed, _: Names) -> str:
    head, posted = entry.head, entry.posted
    lines = [
        f"\n{posted.booked_on} * {_quoted(f'({posted.entry}) {described(entry)}')}",
        f"  event-id: {_quoted(head.id)}",
    ]
    if posted.effective_on != posted.booked_on:
        lines.append(f'  effective-on: "{posted.effective_on}"')
    for leg in posted.legs:
        amount = amount_text(leg.amount, leg.commodity)
        lines.append(f"  {account_name(leg.account)}  {amount} {leg.commodity}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


BEANCOUNT = Format(_opening, _entry)
