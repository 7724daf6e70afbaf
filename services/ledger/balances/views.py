"""Sums kept while events are posted: reading a balance costs the same however many postings there are.

`balances` holds, per member, side, form and nature, the sum of each calendar year, month and day of effective
dates: any span of time is a few whole years, months and days. `rollups` holds the same by project and day.
As known at an earlier size of the log: the sums, less the postings of later entries.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Date, Index, Numeric, Table, Text, Uuid

from events.ids import AllianceId
from events.store import Transaction
from ledger.posting.legs import Seen
from ledger.posting.posted import Posted
from ledger.tables import metadata

FIRST_DAY: Final = date(1, 1, 1)
LAST_DAY: Final = date(9999, 12, 31)
NEVER: Final = 2**63 - 1
"""A size of the log that is never reached: all that is known."""

SUMMED: Final = frozenset({Seen.CONTRIBUTED, Seen.RECEIVED, Seen.PENDING})

balances = Table(
    "balances",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("span", Text, primary_key=True, comment="year, month or day"),
    Column("starts_on", Date, primary_key=True),
    Column("member", Uuid, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("form", Text, primary_key=True, comment="empty for what is pending, as nature"),
    Column("nature", Text, primary_key=True),
    Column("commodity", Text, primary_key=True),
    Column("amount", Numeric, nullable=False, comment="positive is more of the side"),
)

rollups = Table(
    "rollups",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("project", Text, primary_key=True),
    Column("member", Uuid, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("nature", Text, primary_key=True),
    Column("commodity", Text, primary_key=True),
    Column("effective_on", Date, primary_key=True),
    Column("amount", Numeric, nullable=False),
    Index("rollups_of_a_member", "alliance_id", "member", "effective_on"),
)


_What = tuple[date, UUID, str, str, str, str]
"""The beginning of a span; member, side, form, nature, commodity."""


async def add(transaction: Transaction, alliance: AllianceId, posted: Iterable[Posted]) -> None:
    """Adds what has been posted to both tables, one statement each."""
    detailed: dict[tuple[str, UUID, str, str, str, str, date], Decimal] = defaultdict(Decimal)
    for one in posted:
        for leg in one.legs:
            if leg.side in SUMMED and leg.member is not None:
                key = (
                    leg.project,
                    leg.member,
                    leg.side.value,
                    leg.form or "",
                    leg.nature or "",
                    leg.commodity,
                    one.effective_on,
                )
                detailed[key] += leg.sense
    if not detailed:
        return
    days: dict[_What, Decimal] = defaultdict(Decimal)
    for (_, member, side, form, nature, commodity, day), amount in detailed.items():
        days[(day, member, side, form, nature, commodity)] += amount
    months = _by_start(days, lambda day: day.replace(day=1))
    years = _by_start(months, lambda month: month.replace(month=1))
    spans = {
        (span, *what): amount
        for span, sums in (("day", days), ("month", months), ("year", years))
        for what, amount in sums.items()
    }
    # Sorted, so that new rows go into neighbouring pages of the index.
    await transaction.raw.execute(
        "INSERT INTO rollups SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[],"
        " $6::text[], $7::text[], $8::date[], $9::numeric[])"
        " ON CONFLICT (alliance_id, project, member, side, form, nature, commodity, effective_on)"
        " DO UPDATE SET amount = rollups.amount + excluded.amount",
        alliance,
        *_columns(detailed),
    )
    await transaction.raw.execute(
        "INSERT INTO balances SELECT $1, * FROM unnest($2::text[], $3::date[], $4::uuid[], $5::text[],"
        " $6::text[], $7::text[], $8::text[], $9::numeric[])"
        " ON CONFLICT (alliance_id, span, starts_on, member, side, form, nature, commodity)"
        " DO UPDATE SET amount = balances.amount + excluded.amount",
        alliance,
        *_columns(spans),
    )


def _by_start(sums: Mapping[_What, Decimal], start: Callable[[date], date]) -> Mapping[_What, Decimal]:
    """The sums of the longer spans that begin at `start` of the shorter ones' beginnings."""
    longer: dict[_What, Decimal] = defaultdict(Decimal)
    for (starts_on, *what), amount in sums.items():
        longer[(start(starts_on), *what)] += amount  # type: ignore[index]  # a tuple taken apart and put together
    return longer


def _columns(sums: Mapping[Any, Decimal]) -> Sequence[Sequence[object]]:
    """A column for each part of the keys, in their order, and one of the amounts."""
    keys = sorted(sums)
    return [*map(list, zip(*keys, strict=True)), [sums[key] for key in keys]]


@dataclass(frozen=True, slots=True)
class Sum:
    """Of one member, on one side, in one form and nature."""

    member: UUID
    side: Seen
    form: str
    nature: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ProjectSum:
    """Of one member, on one side, in one project."""

    project: str
    member: UUID
    side: Seen
    amount: Decimal


_SENSE: Final = "CASE side WHEN 'received' THEN -amount ELSE amount END"
_SIDES: Final = "('contributed', 'received', 'pending')"


async def sums(
    transaction: Transaction,
    alliance: UUID,
    commodity: str,
    members: Sequence[UUID] | None,
    *,
    since: date = FIRST_DAY,
    until: date = LAST_DAY,
    size: int = NEVER,
) -> Sequence[Sum]:
    """Of `members` (None: all), effective from `since` (the first day of a year) to `until`, both included,
    as known at a log size.
    """
    year, month = until.replace(month=1, day=1), until.replace(day=1)
    # A branch for each span, so that each is a range of the primary key whatever the planner thinks of it.
    whole = " UNION ALL ".join(
        "SELECT member, side, form, nature, amount FROM balances"  # noqa: S608
        f" WHERE alliance_id = $1 AND span = '{span}' AND starts_on >= {first} AND starts_on < {beyond}"
        " AND commodity = $2 AND ($8::uuid[] IS NULL OR member = ANY($8))"
        for span, first, beyond in (
            ("year", "$3", "$4"),
            ("month", "greatest($3, $4)", "$5"),
            ("day", "greatest($3, $5)", "$6::date + 1"),
        )
    )
    rows = await transaction.raw.fetch(
        f"SELECT member, side, form, nature, sum(amount) AS amount FROM ({whole}"  # noqa: S608
        " UNION ALL"
        f" SELECT member, side, coalesce(form, ''), coalesce(nature, ''), -({_SENSE}) FROM postings"
        f"  WHERE alliance_id = $1 AND commodity = $2 AND entry >= $7 AND side IN {_SIDES}"
        "   AND member IS NOT NULL AND ($8::uuid[] IS NULL OR member = ANY($8))"
        "   AND effective_on BETWEEN $3 AND $6"
        " ) known GROUP BY member, side, form, nature ORDER BY member, side, form, nature",
        alliance,
        commodity,
        since,
        year,
        month,
        until,
        size,
        members,
    )
    return [Sum(row["member"], Seen(row["side"]), row["form"], row["nature"], row["amount"]) for row in rows]


async def projects(
    transaction: Transaction,
    alliance: UUID,
    readable: Sequence[UUID] | None,
    after: str,
    limit: int,
) -> Sequence[str]:
    """The names, in their order, of projects in which one of `readable` (None: anyone) has a posting."""
    following = (
        "SELECT project FROM rollups WHERE alliance_id = $1 AND project > {}"
        " AND ($3::uuid[] IS NULL OR member = ANY($3)) ORDER BY project LIMIT 1"
    )
    # From one name to the next in the index: DISTINCT would read every row of the alliance.
    rows = await transaction.raw.fetch(
        f"WITH RECURSIVE found AS (({following.format('$2::text')}) UNION ALL"  # noqa: S608
        f" SELECT ({following.format('found.project')}) FROM found WHERE found.project IS NOT NULL)"
        " SELECT project FROM found WHERE project IS NOT NULL LIMIT $4",
        alliance,
        after,
        readable,
        limit,
    )
    return [row["project"] for row in rows]


async def project_sums(
    transaction: Transaction,
    alliance: UUID,
    commodity: str,
    members: Sequence[UUID] | None,
    *,
    within: Sequence[str] | None = None,
    since: date = FIRST_DAY,
    until: date = LAST_DAY,
) -> Sequence[ProjectSum]:
    """By project and member; None: of all members, within all projects. What is pending is so at `until`,
    whenever that began.
    """
    rows = await transaction.raw.fetch(
        "SELECT project, member, side, sum(amount) AS amount FROM rollups"
        " WHERE alliance_id = $1 AND commodity = $2 AND ($3::uuid[] IS NULL OR member = ANY($3))"
        " AND ($4::text[] IS NULL OR project = ANY($4))"
        " AND effective_on <= $6 AND (effective_on >= $5 OR side = 'pending')"
        " GROUP BY project, member, side ORDER BY project, member, side",
        alliance,
        commodity,
        members,
        within,
        since,
        until,
    )
    return [ProjectSum(row["project"], row["member"], Seen(row["side"]), row["amount"]) for row in rows]
