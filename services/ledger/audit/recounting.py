"""What a replay found, in words and as data for JSON: per member, as the ledger's own answers show it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from ledger.audit import telling
from ledger.audit.books import NOBODY
from ledger.audit.closings import Checked
from ledger.audit.findings import BEYOND, DoesNotHold
from ledger.audit.judging import one_line
from ledger.audit.quorum import Cosigned
from ledger.audit.replaying import Asked, Found
from ledger.audit.sums import MemberSums
from ledger.balances.figures import Figures
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from ledger.posting.legs import Seen
from money import Money
from money.currency import SCALES
from standing import Standing, Status

Told = tuple[Mapping[str, Any], str]

_HEAD: Final = ("member", "contributed", "received", "net", "ratio", "pending")
_HOUR_SCALE: Final = 2
OUTSIDE: Final = frozenset({Status.APPLIED, Status.REJECTED})
"""Who never was a member."""


def replayed(asked: Asked, found: Found, cosigned: Cosigned | None) -> Told:
    """`cosigned` is None where witnesses were not looked at."""
    members = {member: name for member, name in members_of(found.standing) if _shown(found, member)}
    currency = reckoning(found.standing)
    figures = {member: figures_of(found.sums, member, currency) for member in members if currency}
    beside = _beside(found.sums, currency)
    data = {
        "origin": asked.checkpoint.origin,
        "size": found.size,
        "as_of": asked.as_of and asked.as_of.isoformat(),
        "company": found.company and str(found.company),
        "members": [
            {"member": str(member), "name": members[member], "figures": one.model_dump(mode="json")}
            for member, one in figures.items()
        ],
        "beside": beside,
        "checked": [
            {"entry": one.entry, "type": one.event.type, "whole": one.whole} for one in found.checked
        ],
        "sealed": found.sealed,
        **(telling.witnesses(cosigned) if cosigned else {}),
    }
    rows = [
        (
            members[member],
            *map(_amount, (one.contributed, one.received, one.net)),
            one.ratio or "none",
            _amount(one.pending),
        )
        for member, one in figures.items()
    ]
    lines = [
        f"Holds: {found.size} entries of {asked.checkpoint.origin}, replayed with {_whose(found, members)}",
        *([f"  as of {asked.as_of}"] if asked.as_of else []),
        *_table([_HEAD, *rows] if currency else [], f"in {currency}"),
        *(f"  {one['member']}  {one['side']}  {one['amount']} {one['commodity']}" for one in beside),
        *map(_said, found.checked),
    ]
    if found.sealed:
        lines.append(f"  sealed: {found.sealed} entries post lines of others, which these keys do not open")
    if cosigned:
        lines.append(f"  witnesses  {one_line(telling.said_of(cosigned))}")
    return data, "\n".join(lines)


def members_of(standing: Standing | None) -> Sequence[tuple[UUID, str]]:
    """Who is or was a member, by id, and its name."""
    known = standing.members.values() if standing else ()
    return sorted((one.company, one_line(one.name)) for one in known if one.status not in OUTSIDE)


def reckoning(standing: Standing | None) -> str | None:
    """The currency of the latest charter; None before the first."""
    return standing.charters[-1].currency if standing and standing.charters else None


def figures_of(sums: MemberSums, member: UUID, currency: str) -> Figures:
    """Raises DoesNotHold for a sum that is no amount of money."""
    try:
        return Figures.of(sums.of_member(member, currency), currency)
    except ValidationError:
        at, said = f"the sums of {member}", "beyond what an amount can be"
        raise DoesNotHold(BEYOND, at, said, expected="under 10^13", found="more") from None


def forms_of(sums: MemberSums, member: UUID, currency: str) -> list[dict[str, Any]]:
    """By form and nature, as the ledger's answer lists them."""
    return [
        {
            "side": of.side.value,
            "form": of.form,
            "nature": of.nature,
            "amount": Money.of(amount, currency).model_dump(mode="json"),
        }
        for of, amount in sorted(sums.items())
        if (of.member, of.commodity) == (member, currency) and of.side is not Seen.PENDING
    ]


def _shown(found: Found, member: UUID) -> bool:
    return found.company in (None, member)


def _beside(sums: MemberSums, currency: str | None) -> list[dict[str, str]]:
    """What is reckoned in anything else than the charter's currency, such as HOUR."""
    added: dict[tuple[UUID, Seen, str], Decimal] = {}
    for (member, side, _, _, commodity), amount in sums.items():
        if commodity != currency:
            what = member, side, commodity
            added[what] = added.get(what, Decimal()) + amount
    return [
        {
            "member": str(member),
            "side": side.value,
            "amount": f"{amount:.{SCALES.get(commodity, _HOUR_SCALE)}f}",
            "commodity": commodity,
        }
        for (member, side, commodity), amount in sorted(added.items())
    ]


def _whose(found: Found, members: Mapping[UUID, str]) -> str:
    if found.company is None:
        return "the keys of all companies"
    if found.company == NOBODY:
        return "no keys: nothing that is sealed"
    return f"the keys of {members.get(found.company, found.company)} alone: its own lines"


def _amount(money: Money) -> str:
    return f"{money.amount:.{money.currency.scale}f}"


def _table(rows: Sequence[Sequence[str]], title: str) -> Iterable[str]:
    """Texts to the left, figures to the right."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield f"  {title}"
    for first, *others in rows:
        cells = [
            first.ljust(widths[0]),
            *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True)),
        ]
        yield f"  {'  '.join(cells)}".rstrip()


def _said(one: Checked) -> str:
    event = one.event
    match event:
        case PeriodClosed():
            return f"  entry {one.entry}: {event.period} closed, as it should be"
        case ImbalanceDetected() if one.whole:
            return f"  entry {one.entry}: {event.member} under the floor, as it should be: {event.ratio}"
        case BalancesSealed() if one.whole:
            return f"  entry {one.entry}: balances sealed, {event.count} lines, root {event.root}"
        case _:
            return f"  entry {one.entry}: not checked, it rests on the lines of others"
