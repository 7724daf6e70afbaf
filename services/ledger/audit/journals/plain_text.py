"""Journals for hledger and for ledger-cli, which read nearly the same."""

from collections.abc import Iterator

from ledger.audit.journals.alphabet import account_name, amount_text, unquoted
from ledger.audit.journals.writing import Declared, Format, Names
from ledger.audit.replay import Replayed


def _hledger_opening(declared: Declared, names: Names) -> Iterator[str]:
    yield "decimal-mark .\n\n"
    # Of a sample without decimals hledger wants to see the mark, and ledger-cli does not.
    yield from _commodities(declared, "1000.")
    for account, companies in declared.companies(names):
        comment = unquoted(companies)
        yield f"account {account}  ; {comment}\n" if comment else f"account {account}\n"


def _ledger_opening(declared: Declared, names: Names) -> Iterator[str]:
    yield from _commodities(declared, "1000")
    yield "tag event-id\ntag effective-on\n\n"
    for account, companies in declared.companies(names):
        note = unquoted(companies)
        yield f"account {account}\n    note {note}\n" if note else f"account {account}\n"


def _commodities(declared: Declared, whole: str) -> Iterator[str]:
    for commodity, scale in sorted(declared.scales.items()):
        sample = f"1000.{'0' * scale}" if scale else whole
        yield f"commodity {commodity}\n    format {sample} {commodity}\n\n"


def _entry(entry: Replayed, _: Names) -> str:
    head, posted = entry.head, entry.posted
    lines = [
        f"\n{posted.booked_on} * ({posted.entry}) {unquoted(described(entry))}",
        f"    ; event-id: {unquoted(head.id)}",
    ]
    if posted.effective_on != posted.booked_on:
        lines.append(f"    ; effective-on: {posted.effective_on}")
    for leg in posted.legs:
        amount = amount_text(leg.amount, leg.commodity)
        lines.append(f"    {account_name(leg.account)}  {amount} {leg.commodity}")
    return "\n".join(lines) + "\n"


def described(entry: Replayed) -> str:
    """What happened, of what: `purchasing campaign settled campaign/0190…`."""
    head = entry.head
    name = head.type.removeprefix(f"alliance.{head.service}.").rpartition(".v")[0].replace("_", " ")
    return f"{head.service} {name} {head.envelope.get('subject', '')}"


HLEDGER = Format(_hledger_opening, _entry)
LEDGER = Format(_ledger_opening, _entry)
