"""Alliances that stand still where a follower met an event that it must not pass over, and how they go on.

A frozen alliance applies nothing, of any source; what comes for it is held: only the first offset is kept,
the log has the rest. It goes on
- after a gap, or a lost topic (`events.lost`), by itself, as soon as what is missing comes: the relay was
  rewound;
- after everything else by `resume`, an operator's, once the cause is removed.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass

from events.ids import AllianceId
from events.log import Position
from events.store import Store, Transaction

GAP = "gap"


@dataclass(frozen=True, slots=True)
class Freeze:
    """An alliance that stands still, at which event, and why. Neither text has figures in it."""

    alliance: AllianceId
    source: str
    sequence: int
    code: str
    detail: str


async def frozen(store: Store, alliance: AllianceId | None = None) -> list[Freeze]:
    """The first thousand, by id."""
    async with store.single() as transaction:
        rows = await transaction.raw.fetch(
            "SELECT alliance_id, source, sequence, code, detail FROM frozen"
            " WHERE $1::uuid IS NULL OR alliance_id = $1 ORDER BY alliance_id LIMIT 1000",
            alliance,
        )
    return [Freeze(*row.values()) for row in rows]


async def freeze_of(transaction: Transaction, alliance: AllianceId) -> Freeze | None:
    row = await transaction.raw.fetchrow(
        "SELECT alliance_id, source, sequence, code, detail FROM frozen WHERE alliance_id = $1", alliance
    )
    return Freeze(*row.values()) if row else None


async def freeze(transaction: Transaction, at: Freeze) -> None:
    """In place of what it stood still for before: had that not come to its end, this would not be tried."""
    await transaction.raw.execute(
        "INSERT INTO frozen (alliance_id, source, sequence, code, detail) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (alliance_id) DO UPDATE SET source = excluded.source, sequence = excluded.sequence,"
        " code = excluded.code, detail = excluded.detail",
        at.alliance,
        at.source,
        at.sequence,
        at.code,
        at.detail,
    )
    await _nothing_lost(transaction, at.alliance)


async def hold(transaction: Transaction, alliance: AllianceId, firsts: Mapping[Position, int]) -> None:
    """Notes from where the alliance's records are still to be applied."""
    for (topic, partition), offset in firsts.items():
        await transaction.raw.execute(
            "INSERT INTO held VALUES ($1, $2, $3, $4) ON CONFLICT (alliance_id, topic, partition)"
            " DO UPDATE SET first_offset = least(held.first_offset, excluded.first_offset)",
            alliance,
            topic,
            partition,
            offset,
        )


async def resume(store: Store, alliance: AllianceId) -> bool:
    """Lets the alliance go on from the first record held back; False where it was not frozen.

    What other alliances have there comes again and is passed over as duplicates.
    """
    async with store.transaction() as transaction:
        stood = await freeze_of(transaction, alliance) is not None
        await resume_in(transaction, alliance)
    return stood


async def resume_in(
    transaction: Transaction, alliance: AllianceId, here: Collection[Position] = ()
) -> Set[Position]:
    """The same within a transaction, but for the partitions `here`, in which what is held comes again by
    itself. Returns those that are read again from an earlier offset.
    """
    # Locked in the order in which followers lock them.
    rows = await transaction.raw.fetch(
        "SELECT p.topic, p.partition, p.next_offset, h.first_offset FROM positions p"
        " JOIN held h ON h.topic = p.topic AND h.partition = p.partition"
        " WHERE h.alliance_id = $1 ORDER BY p.topic, p.partition FOR UPDATE OF p",
        alliance,
    )
    back = {
        (row["topic"], row["partition"]): row["first_offset"]
        for row in rows
        if row["first_offset"] < row["next_offset"]
    }
    for place in here:
        back.pop(place, None)
    for (topic, partition), first in back.items():
        await transaction.raw.execute(
            "UPDATE positions SET next_offset = $3 WHERE topic = $1 AND partition = $2",
            topic,
            partition,
            first,
        )
    await _nothing_lost(transaction, alliance)
    await transaction.raw.execute("DELETE FROM frozen WHERE alliance_id = $1", alliance)
    return back.keys()


async def begin_elsewhere(transaction: Transaction) -> None:
    """Forgets where the follower stands in the log: it will read another one, which gets everything."""
    await transaction.raw.execute("DELETE FROM held")
    await transaction.raw.execute("DELETE FROM positions")


async def _nothing_lost(transaction: Transaction, alliance: AllianceId) -> None:
    await transaction.raw.execute(
        "UPDATE followed SET lost = false WHERE alliance_id = $1 AND lost", alliance
    )
