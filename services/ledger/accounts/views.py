"""The lines of one member, each with the event behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from events.store import Transaction
from ledger.balances.views import LAST_DAY, NEVER
from ledger.posting.legs import NEGATIVE, Seen


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One leg in an account of the member; `amount` is positive for more of the side."""

    entry: int
    line: int
    source: str
    sequence: int
    event_id: str
    type: str
    effective_on: date
    booked_on: date
    side: Seen
    form: str | None
    project: str
    nature: str | None
    counterparty: UUID | None
    obligation: UUID | None
    amount: Decimal
    commodity: str


async def statement(
    transaction: Transaction,
    alliance: UUID,
    member: UUID,
    *,
    after: tuple[int, int],
    limit: int,
    until: date = LAST_DAY,
    size: int = NEVER,
) -> Sequence[StatementLine]:
    """By entry and line, after those."""
    rows = await transaction.raw.fetch(
        "SELECT p.entry, p.line, split_part(e.stream, '/', 2) AS source, e.version AS sequence, e.event_id,"
        " e.type, p.effective_on, p.booked_on, p.side, p.form, p.project, p.nature, p.counterparty,"
        " p.obligation, p.amount, p.commodity"
        " FROM postings p JOIN events e ON e.alliance_id = p.alliance_id AND e.sequence = p.entry + 1"
        " WHERE p.alliance_id = $1 AND p.member = $2 AND (p.entry, p.line) > ($3, $4)"
        " AND p.effective_on <= $5 AND p.entry < $6 ORDER BY p.entry, p.line LIMIT $7",
        alliance,
        member,
        *after,
        until,
        size,
        limit,
    )
    lines = []
    for row in rows:
        side = Seen(row["side"])
        amount = -row["amount"] if side in NEGATIVE else row["amount"]
        lines.append(StatementLine(**{**dict(row), "side": side, "amount": amount}))
    return lines
