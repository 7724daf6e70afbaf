"""Where a follower stands: kept beside what it projects, in the same transactions, and fenced.

Overtaken               somebody else moved a position meanwhile (a replica, or an operator): read it again
"""

from collections.abc import Iterable, Mapping, Set
from uuid import UUID

import structlog

from events.errors import DatabaseUnavailable
from events.log import Position, PositionLost
from events.lost import begin_again, move_on
from events.store import Store, Transaction

logger = structlog.get_logger(__name__)


class Overtaken(Exception):
    """The position is not where this follower left it: what it holds may be applied, or out of turn."""


class Positions:
    """The positions in `topics` (topic → its source), shared with the other replicas of the service."""

    def __init__(self, store: Store, topics: Mapping[str, str]) -> None:
        self._store = store
        self._topics = topics
        self.expected: dict[Position, int] = {}
        """The next offset of every partition that was read from here."""

    async def start(self, topic: str, partition: int, topic_id: UUID) -> int:
        """`events.log.Start`. A topic that was made again is read from its beginning."""
        position = await self._kept(topic, partition, topic_id)
        if position is None:
            logger.error("topic_made_again", topic=topic)
            async with self._store.transaction() as transaction:
                await begin_again(transaction, self._topics[topic], topic, topic_id)
            position = await self._kept(topic, partition, topic_id)
            if position is None:
                raise DatabaseUnavailable  # a replica saw yet another one
        self.expected[topic, partition] = position
        return position

    async def _kept(self, topic: str, partition: int, topic_id: UUID) -> int | None:
        """None where it counts in another topic of that name."""
        async with self._store.transaction() as transaction:
            row = await transaction.raw.fetchrow(
                "INSERT INTO positions (topic, partition, next_offset, topic_id) VALUES ($1, $2, 0, $3)"
                " ON CONFLICT (topic, partition)"
                " DO UPDATE SET topic_id = coalesce(positions.topic_id, excluded.topic_id)"
                " RETURNING next_offset, topic_id",
                topic,
                partition,
                topic_id,
            )
        assert row is not None
        return row["next_offset"] if row["topic_id"] == topic_id else None

    async def lost(self, error: PositionLost) -> None:
        """Goes on where something can be read, with all that the source told of standing still."""
        logger.error("position_lost", topic=error.topic, partition=error.partition, offset=error.offset)
        async with self._store.transaction() as transaction:
            await move_on(transaction, self._topics[error.topic], error)

    async def check(self, assigned: Set[Position]) -> None:
        """An idle follower notices that an operator moved its position back. Raises Overtaken."""
        async with self._store.single() as transaction:
            rows = await transaction.raw.fetch("SELECT topic, partition, next_offset FROM positions")
        now = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        # Others' partitions, though they were this one's before, are moved by others.
        if any(self.expected[place] != now.get(place) for place in assigned):
            raise Overtaken

    async def fence(self, transaction: Transaction, places: Iterable[Position]) -> None:
        """What was read from elsewhere than where the position now stands is not applied: after a `resume`
        the alliance is to go on from its first record held, and from no later one. Raises Overtaken.
        """
        for topic, partition in sorted(places):
            now = await transaction.raw.fetchval(
                "SELECT next_offset FROM positions WHERE topic = $1 AND partition = $2 FOR UPDATE",
                topic,
                partition,
            )
            if now != self.expected[topic, partition]:
                raise Overtaken

    async def move(self, transaction: Transaction, ends: Mapping[Position, int]) -> None:
        """To the ends of a batch; `expected` follows once the transaction is committed. Raises Overtaken."""
        for (topic, partition), end in ends.items():
            moved = await transaction.raw.execute(
                "UPDATE positions SET next_offset = $3"
                " WHERE topic = $1 AND partition = $2 AND next_offset = $4",
                topic,
                partition,
                end,
                self.expected[topic, partition],
            )
            if moved != "UPDATE 1":
                raise Overtaken
