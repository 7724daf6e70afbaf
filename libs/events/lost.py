"""Topics of which something is gone: what stood in them may never have been read here.

A topic was deleted and made again (its id is another one), or does not reach up to the position. What was in
it and not read yet is nowhere but in its source, and nobody here can tell how much that is. So every alliance
that the source told of stands still (`events.freezing`), visibly, until the source's relay was rewound: its
first event, come again, is followed by all the others.
"""

from collections.abc import Sequence
from uuid import UUID

from events.ids import AllianceId
from events.log import PositionLost
from events.store import Transaction

LOST = "topic_lost"


async def begin_again(transaction: Transaction, source: str, topic: str, topic_id: UUID) -> None:
    """All positions in a topic that was made again start at 0 of the new one."""
    known = await transaction.raw.fetch(
        "SELECT topic_id FROM positions WHERE topic = $1 ORDER BY partition FOR UPDATE", topic
    )
    if all(row["topic_id"] == topic_id for row in known):
        return  # a replica saw it first
    await _stand_still(transaction, source, topic)
    await transaction.raw.execute("DELETE FROM held WHERE topic = $1", topic)
    await transaction.raw.execute(
        "UPDATE positions SET next_offset = 0, topic_id = $2 WHERE topic = $1", topic, topic_id
    )


async def move_on(transaction: Transaction, source: str, lost: PositionLost) -> None:
    """The position in a partition that has lost its end, or its beginning, moves to what there is."""
    moved = await transaction.raw.execute(
        "UPDATE positions SET next_offset = $4 WHERE topic = $1 AND partition = $2 AND next_offset = $3",
        lost.topic,
        lost.partition,
        lost.offset,
        lost.goes_on,
    )
    if moved != "UPDATE 1":
        return  # a replica saw it first, or an operator moved it
    await _stand_still(transaction, source, lost.topic)
    await transaction.raw.execute(
        "DELETE FROM held WHERE topic = $1 AND partition = $2", lost.topic, lost.partition
    )


async def _stand_still(transaction: Transaction, source: str, topic: str) -> None:
    await transaction.raw.execute(
        "INSERT INTO followed (source, alliance_id, sequence, lost)"
        " SELECT $1, alliance_id, 0, true FROM held WHERE topic = $2 ON CONFLICT DO NOTHING",
        source,
        topic,
    )
    await transaction.raw.execute(
        "UPDATE followed SET lost = true WHERE source = $1 AND sequence > 0 AND NOT lost", source
    )
    # In place of another cause: that one shows again when the alliance goes on to it.
    await transaction.raw.execute(
        "INSERT INTO frozen (alliance_id, source, sequence, code, detail)"
        " SELECT alliance_id, source, sequence + 1, $2, $3 FROM followed WHERE source = $1 AND lost"
        " ON CONFLICT (alliance_id) DO UPDATE SET source = excluded.source, sequence = excluded.sequence,"
        " code = excluded.code, detail = excluded.detail",
        source,
        LOST,
        f"the topic {topic} was made again, or has lost records: rewind {source}",
    )


async def sent_again(transaction: Transaction, alliance: AllianceId, sources: Sequence[str]) -> bool:
    """Notes that the first event of these sources came again; True once nothing of the alliance is lost."""
    await transaction.raw.execute(
        "UPDATE followed SET lost = false WHERE alliance_id = $1 AND source = ANY($2::text[])",
        alliance,
        list(sources),
    )
    still = await transaction.raw.fetchrow(
        "SELECT source, sequence FROM followed WHERE alliance_id = $1 AND lost ORDER BY source LIMIT 1",
        alliance,
    )
    if still is None:
        return True
    await transaction.raw.execute(
        "UPDATE frozen SET source = $2, sequence = $3 WHERE alliance_id = $1",
        alliance,
        still["source"],
        still["sequence"] + 1,
    )
    return False
