"""Obligations with what is left of each: the sum of what was posted under its id."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Date, Index, Numeric, Table, Text, Uuid, text

from events.ids import AllianceId
from events.store import Transaction
from ledger.balances.views import LAST_DAY, NEVER
from ledger.posting.legs import Leg, Seen
from ledger.posting.posted import Posted
from ledger.tables import metadata

obligations = Table(
    "obligations",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("obligation", Uuid, primary_key=True),
    Column("creditor", Uuid, nullable=True, comment="none: the alliance's purse, as debtor"),
    Column("debtor", Uuid, nullable=True),
    Column("project", Text, nullable=False),
    Column("commodity", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("due_on", Date, nullable=True),
    Column("outstanding", Numeric, nullable=False),
    Index("obligations_open", "alliance_id", "obligation", postgresql_where=text("outstanding <> 0")),
)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Who owes whom; a party is None for the alliance's purse."""

    obligation: UUID
    creditor: UUID | None
    debtor: UUID | None
    project: str
    commodity: str
    since: date
    due_on: date | None
    outstanding: Decimal


async def add(transaction: Transaction, alliance: AllianceId, posted: Iterable[Posted]) -> None:
    """Adds what has been posted, in one statement."""
    sums: dict[UUID, tuple[Leg, date, Decimal]] = {}
    for one in posted:
        for leg in one.legs:
            if leg.side is Seen.OWED and leg.obligation is not None:
                first, since, amount = sums.get(leg.obligation, (leg, one.effective_on, Decimal()))
                sums[leg.obligation] = (first, min(since, one.effective_on), amount + leg.amount)
    if not sums:
        return
    await transaction.raw.execute(
        "INSERT INTO obligations SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[],"
        " $6::text[], $7::date[], $8::date[], $9::numeric[]) ON CONFLICT (alliance_id, obligation)"
        # Neither may depend on how the entries came in batches: a rebuild has others.
        " DO UPDATE SET outstanding = obligations.outstanding + excluded.outstanding,"
        " since = least(obligations.since, excluded.since)",
        alliance,
        list(sums),
        [leg.member for leg, _, _ in sums.values()],
        [leg.counterparty for leg, _, _ in sums.values()],
        [leg.project for leg, _, _ in sums.values()],
        [leg.commodity for leg, _, _ in sums.values()],
        [since for _, since, _ in sums.values()],
        [leg.due_on for leg, _, _ in sums.values()],
        [amount for _, _, amount in sums.values()],
    )


async def open_ones(
    transaction: Transaction,
    alliance: UUID,
    parties: Sequence[UUID] | None,
    *,
    after: UUID,
    limit: int,
    until: date = LAST_DAY,
    size: int = NEVER,
) -> Sequence[Obligation]:
    """By id: those of which something was left at the end of `until`, as known at a log size.

    Only those that concern one of `parties`; None: all.
    """
    # Those settled today may have been open before: only the present list can be read off the index.
    present = until == LAST_DAY and size == NEVER
    rows = await transaction.raw.fetch(
        "SELECT * FROM (SELECT obligation, creditor, debtor, project, commodity, since, due_on,"
        "  outstanding - coalesce((SELECT sum(amount) FROM postings p"
        "   WHERE p.alliance_id = o.alliance_id AND p.obligation = o.obligation AND p.side = 'owed'"
        "   AND (p.effective_on > $4 OR p.entry >= $5)), 0) AS outstanding"
        "  FROM obligations o WHERE alliance_id = $1 AND obligation > $2"
        "  AND ($3::uuid[] IS NULL OR creditor = ANY($3) OR debtor = ANY($3))"
        "  AND (NOT $7 OR outstanding <> 0)"
        " ) known WHERE outstanding <> 0 ORDER BY obligation LIMIT $6",
        alliance,
        after,
        parties,
        until,
        size,
        limit,
        present,
    )
    return [Obligation(**dict(row)) for row in rows]
