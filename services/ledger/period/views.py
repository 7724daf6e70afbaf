"""What counts in which half-year, kept while entries are posted; and what closing has recorded, read from the
log itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, Date, Numeric, Table, Text, Uuid

from events.envelope import Event, parse, source
from events.ids import AllianceId
from events.store import Transaction
from ledger.balances.views import NEVER
from ledger.period.domain import Books
from ledger.period.events import PeriodClosed
from ledger.period.sums import HalfYear, Heading
from ledger.period.sums import add as add_up
from ledger.posting.legs import Seen
from ledger.posting.posted import Posted
from ledger.recorded import LEDGER
from ledger.tables import metadata

period_sums = Table(
    "period_sums",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("starts_on", Date, primary_key=True, comment="of the half-year by which it is booked"),
    Column("member", Uuid, primary_key=True),
    Column("side", Text, primary_key=True, comment="contributed or received"),
    Column("commodity", Text, primary_key=True),
    Column("amount", Numeric, nullable=False, comment="positive is more of the side"),
)

E = TypeVar("E", bound=Event)


async def add(transaction: Transaction, alliance: AllianceId, posted: Iterable[Posted]) -> None:
    """Adds what has been posted, in one statement."""
    sums: dict[Heading, Decimal] = {}
    add_up(sums, posted)
    if not sums:
        return
    headings = sorted(sums)
    await transaction.raw.execute(
        "INSERT INTO period_sums SELECT $1, * FROM unnest($2::date[], $3::uuid[], $4::text[], $5::text[],"
        " $6::numeric[]) ON CONFLICT (alliance_id, starts_on, member, side, commodity)"
        " DO UPDATE SET amount = period_sums.amount + excluded.amount",
        alliance,
        [heading.period.starts_on for heading in headings],
        [heading.member for heading in headings],
        [heading.side.value for heading in headings],
        [heading.commodity for heading in headings],
        [sums[heading] for heading in headings],
    )


async def sums(
    transaction: Transaction, alliance: UUID, first_day: date = date.min, last_day: date = date.max
) -> dict[Heading, Decimal]:
    """Of the half-years that begin between two days, both included."""
    rows = await transaction.raw.fetch(
        "SELECT member, side, starts_on, commodity, amount FROM period_sums"
        " WHERE alliance_id = $1 AND starts_on BETWEEN $2 AND $3",
        alliance,
        first_day,
        last_day,
    )
    return {
        Heading(member, Seen(side), HalfYear.of(starts_on), commodity): amount
        for member, side, starts_on, commodity, amount in rows
    }


async def closed_totals(
    transaction: Transaction, alliance: UUID, commodity: str, since: date, until: date
) -> dict[HalfYear, dict[Seen, Decimal]]:
    """What all members contributed and received, by side, in each closed half-year that begins between two
    days, both included; in their order.
    """
    found: dict[HalfYear, dict[Seen, Decimal]] = {
        HalfYear.named(closing.event.period): {}
        for closing in await own(transaction, alliance, PeriodClosed, limit=NEVER)
        if since <= closing.event.starts_on <= until
    }
    rows = await transaction.raw.fetch(
        "SELECT starts_on, side, sum(amount) FROM period_sums"
        " WHERE alliance_id = $1 AND commodity = $2 AND starts_on = ANY($3::date[]) GROUP BY starts_on, side",
        alliance,
        commodity,
        [period.starts_on for period in found],
    )
    for starts_on, side, amount in rows:
        found[HalfYear.of(starts_on)][Seen(side)] = amount
    return found


async def books(transaction: Transaction, alliance: AllianceId) -> Books:
    """What closing rests on; the head must be locked by this transaction."""
    row = await transaction.raw.fetchrow(
        "SELECT last_sequence AS log_size,"
        " EXISTS (SELECT FROM frozen WHERE alliance_id = $1) AS stands_still"
        " FROM heads WHERE alliance_id = $1",
        alliance,
    )
    assert row is not None
    return Books(row["log_size"], row["stands_still"], await sums(transaction, alliance))


@dataclass(frozen=True, slots=True)
class OwnEntry(Generic[E]):
    """An entry that the ledger itself recorded; `index` counts from 0."""

    index: int
    body: bytes
    effective_on: date
    event: E


async def own(
    transaction: Transaction,
    alliance: UUID,
    kind: type[E],
    *,
    first: int = 0,
    size: int = NEVER,
    limit: int = 1,
    newest: bool = False,
) -> Sequence[OwnEntry[E]]:
    """Those of one kind among the entries from index `first` on of a log of `size`, in their order or, where
    the `newest` are asked for, in the reverse.
    """
    # Few, whatever the log has: they are read off the index of the ledger's own stream.
    rows = await transaction.raw.fetch(
        "SELECT sequence, body FROM events WHERE alliance_id = $1 AND stream = $2 AND type = $3"  # noqa: S608
        f" AND sequence > $4 AND sequence <= $5 ORDER BY version {'DESC' if newest else ''} LIMIT $6",
        alliance,
        source(LEDGER, AllianceId(alliance)),
        kind.type,
        first,
        size,
        limit,
    )
    found = []
    for sequence, body in rows:
        envelope = parse(body).envelope
        day = date.fromisoformat(envelope["effectiveon"])
        found.append(OwnEntry(sequence - 1, body, day, kind.model_validate(envelope["data"], extra="ignore")))
    return found


async def open_from(transaction: Transaction, alliance: UUID, size: int) -> date:
    """The first day that is in no closed half-year, in a log of `size` entries; `date.min` while none is."""
    last = await own(transaction, alliance, PeriodClosed, size=size, newest=True)
    return last[0].event.ends_on + timedelta(days=1) if last else date.min


async def version(transaction: Transaction, alliance: UUID) -> int:
    """How many events the ledger itself has recorded: what If-Match is held to."""
    stream = source(LEDGER, AllianceId(alliance))
    return (await transaction.versions(AllianceId(alliance), [stream])).get(stream, 0)
