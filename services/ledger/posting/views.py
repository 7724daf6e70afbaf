"""Postings as they are stored: derived from the log, they may be dropped and made again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Numeric, Table, Text, Uuid, text

from events.ids import AllianceId
from events.store import Transaction
from ledger.posting.legs import Leg, Seen
from ledger.posting.posted import Earlier, Posted
from ledger.tables import metadata

postings = Table(
    "postings",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("entry", BigInteger, primary_key=True, autoincrement=False, comment="leaf index in the log"),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("effective_on", Date, nullable=False),
    Column("booked_on", Date, nullable=False, comment="the day by whose period it counts"),
    Column("account", Text, nullable=False),
    Column("side", Text, nullable=True, comment="none for the leg in an equity account"),
    Column("member", Uuid, nullable=True),
    Column("counterparty", Uuid, nullable=True),
    Column("form", Text, nullable=True),
    Column("project", Text, nullable=False),
    Column("nature", Text, nullable=True),
    Column("obligation", Uuid, nullable=True),
    Column("due_on", Date, nullable=True),
    Column("amount", Numeric, nullable=False, comment="signed as booked: 0 in all, an entry and commodity"),
    Column("commodity", Text, nullable=False),
    Index(
        "postings_of_a_member", "alliance_id", "member", "entry", postgresql_where=text("member IS NOT NULL")
    ),
    Index(
        "postings_of_an_obligation",
        "alliance_id",
        "obligation",
        postgresql_where=text("obligation IS NOT NULL"),
    ),
)

reversals = Table(
    "reversals",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("entry", BigInteger, primary_key=True, autoincrement=False, comment="what was reversed: once"),
    Column("by_entry", BigInteger, nullable=False),
)

_COLUMNS: Final = [column.name for column in postings.columns]
_LEG: Final = ", ".join(Leg._fields)


async def write(transaction: Transaction, alliance: AllianceId, posted: Iterable[Posted]) -> None:
    """All at once: single inserts would take ten times as long over a backlog."""
    rows = [
        (alliance, one.entry, line, one.effective_on, one.booked_on, *leg)
        for one in posted
        for line, leg in enumerate(one.legs)
    ]
    if rows:
        await transaction.raw.copy_records_to_table("postings", records=rows, columns=_COLUMNS)


async def write_reversals(
    transaction: Transaction, alliance: AllianceId, reversed_by: Mapping[int, int]
) -> None:
    """`reversed_by`: the entry reversed → the entry that reversed it."""
    await transaction.raw.execute(
        "INSERT INTO reversals SELECT $1, * FROM unnest($2::bigint[], $3::bigint[])",
        alliance,
        list(reversed_by),
        list(reversed_by.values()),
    )


async def earlier(
    transaction: Transaction, alliance: AllianceId, event_ids: Sequence[str]
) -> Mapping[str, Earlier]:
    """By event id, those of the events that are in the log, with what was posted for each."""
    entries = await transaction.raw.fetch(
        "SELECT e.event_id, e.sequence - 1 AS entry, split_part(e.stream, '/', 2) AS service,"
        " r.entry IS NOT NULL AS reversed FROM events e"
        " LEFT JOIN reversals r ON r.alliance_id = e.alliance_id AND r.entry = e.sequence - 1"
        " WHERE e.alliance_id = $1 AND e.event_id = ANY($2::text[])",
        alliance,
        event_ids,
    )
    rows = await transaction.raw.fetch(
        f"SELECT entry, {_LEG} FROM postings"  # noqa: S608
        " WHERE alliance_id = $1 AND entry = ANY($2::bigint[]) ORDER BY entry, line",
        alliance,
        [row["entry"] for row in entries],
    )
    legs: dict[int, list[Leg]] = {row["entry"]: [] for row in entries}
    for entry, account, side, *rest in rows:
        legs[entry].append(Leg(account, None if side is None else Seen(side), *rest))
    return {
        row["event_id"]: Earlier(row["entry"], row["service"], row["reversed"], legs[row["entry"]])
        for row in entries
    }
