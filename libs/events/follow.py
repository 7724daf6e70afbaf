"""Following other services: each event applied once, in order, in the transaction that moves the position.

Per source and alliance `sequence == last + 1` is required.
- lower: a duplicate (a relay may send twice). Same bytes → passed over; other bytes → a fork;
- higher: a gap;
- an event that cannot be read or applied is never passed over.
A fork, a gap and what cannot be applied freeze the alliance at that point, visibly; the others go on, and an
operator's `resume` reads on from the first record that was held back. Records that are no event of their
topic's service (garbage, another source) belong to no alliance: they are reported and passed over.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any

import asyncpg
import structlog

from events.envelope import Head, MalformedEvent, parse
from events.errors import Frozen, Unavailable, UnknownSource
from events.ids import AllianceId
from events.log import Log, PositionLost, Reader, Received
from events.store import DATABASE_LOST, Store, Transaction

SCHEMA = files(__package__).joinpath("follow.sql").read_text()
"""The tables of a follower; run once by the owner's migration."""

BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 0.5

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event of another service as it came: its bytes, and its envelope parsed."""

    head: Head
    body: bytes
    topic: str
    partition: int
    offset: int


class CannotApply(Exception):
    """The event is in order and cannot be applied: the alliance freezes. `code` is shown, and no figures."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Overtaken(Exception):
    """Somebody else moved the position meanwhile (a replica, or an operator): read it again."""


Apply = Callable[[Transaction, AllianceId, Sequence[Arrived]], Awaitable[None]]
"""Applies events of one alliance, in order, inside the given transaction."""


class Follower:
    """Follows `topics` (topic → the service whose events it carries) and applies them with `apply`.

    One alliance a transaction. Infrastructure that fails (database, log) is waited for; only what an event
    itself causes freezes its alliance.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        topics: Mapping[str, str],
        group: str,
        apply: Apply,
        *,
        batch: int = BATCH,
    ) -> None:
        self.store = store
        self.topics = dict(topics)
        self.sources = frozenset(topics.values())
        self._log = log
        self._group = group
        self._apply = apply
        self._batch = batch
        self._expected: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Condition()

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set; the batch in hand is finished first."""
        while not drain.is_set():
            try:
                async with self._log.reader(list(self.topics), self._group, self._start) as reader:
                    while not drain.is_set():
                        await self.step(reader)
            except _Overtaken:
                logger.info("position_moved_elsewhere", group=self._group)
            except PositionLost as error:
                # Reading on elsewhere would hide a loss: an operator rewinds the relay, or restores the
                # topic.
                logger.error(
                    "position_lost", topic=error.topic, partition=error.partition, offset=error.offset
                )
                await _pause(drain, RETRY_SECONDS)
            except INFRASTRUCTURE as error:
                logger.warning("following_interrupted", group=self._group, error=type(error).__name__)
                await _pause(drain, RETRY_SECONDS)

    async def step(self, reader: Reader) -> int:
        """Applies one batch; returns how many records it held."""
        records = await reader.poll(POLL_SECONDS, self._batch)
        if not records:
            await self._check_positions()
            return 0
        await self._apply_batch(records)
        await reader.committed(self._expected)
        return len(records)

    async def _start(self, topic: str, partition: int) -> int:
        async with self.store.transaction() as transaction:
            next_offset: int = await transaction.raw.fetchval(
                "INSERT INTO positions VALUES ($1, $2, 0)"
                " ON CONFLICT (topic, partition) DO UPDATE SET topic = excluded.topic RETURNING next_offset",
                topic,
                partition,
            )
        self._expected[(topic, partition)] = next_offset
        return next_offset

    async def _check_positions(self) -> None:
        """An idle follower notices that an operator moved its position back."""
        async with self.store.transaction() as transaction:
            rows = await transaction.raw.fetch("SELECT topic, partition, next_offset FROM positions")
        for row in rows:
            expected = self._expected.get((row["topic"], row["partition"]))
            if expected is not None and expected != row["next_offset"]:
                raise _Overtaken

    async def _apply_batch(self, records: Sequence[Received]) -> None:
        by_alliance: dict[AllianceId, list[Arrived]] = defaultdict(list)
        ends: dict[tuple[str, int], int] = {}
        for record in records:
            ends[(record.topic, record.partition)] = record.offset + 1
            arrived = self._arrived(record)
            if arrived is not None:
                by_alliance[arrived.head.alliance].append(arrived)
        alliances = list(by_alliance)
        for alliance in alliances[:-1]:
            await self._apply_alliance(alliance, by_alliance[alliance], {})
        if alliances:
            await self._apply_alliance(alliances[-1], by_alliance[alliances[-1]], ends)
        else:
            async with self.store.transaction() as transaction:
                await self._move(transaction, ends)
        self._expected |= ends
        async with self._moved:
            self._moved.notify_all()

    def _arrived(self, record: Received) -> Arrived | None:
        try:
            head = parse(record.value or b"")
            if head.service != self.topics[record.topic]:
                raise MalformedEvent(f"an event of {head.service}")
            if record.key != str(head.alliance).encode():
                raise MalformedEvent("the key is not its alliance")
        except MalformedEvent as error:
            logger.warning(
                "record_passed_over",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=str(error)[:200],
            )
            return None
        return Arrived(head, record.value or b"", record.topic, record.partition, record.offset)

    async def _apply_alliance(
        self, alliance: AllianceId, events: Sequence[Arrived], ends: Mapping[tuple[str, int], int]
    ) -> None:
        """All at once; where that fails, one by one up to the event that fails, where the alliance
        freezes.
        """
        try:
            async with self.store.transaction() as transaction:
                await self._apply_in_order(transaction, alliance, events)
                await self._move(transaction, ends)
            return
        except _Overtaken:
            raise
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            if len(events) == 1:
                await self._freeze(alliance, events[0], error, ends)
                return
        for event in events[:-1]:
            await self._apply_alliance(alliance, [event], {})
        await self._apply_alliance(alliance, [events[-1]], ends)

    async def _apply_in_order(
        self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
    ) -> None:
        if await transaction.raw.fetchval("SELECT true FROM frozen WHERE alliance_id = $1", alliance):
            await _hold(transaction, alliance, events)
            return
        fresh: list[Arrived] = []
        last: dict[str, int] = {}
        for event in events:
            source = event.head.service
            if source not in last:
                last[source] = await self._last(transaction, source, alliance)
            if event.head.sequence <= last[source]:
                await self._require_same(transaction, fresh, event)
            elif event.head.sequence > last[source] + 1:
                raise CannotApply("gap", f"{source}: {last[source] + 1} expected, {event.head.sequence} came")
            else:
                fresh.append(event)
                last[source] = event.head.sequence
        if not fresh:
            return
        await self._apply(transaction, alliance, fresh)
        await transaction.raw.execute(
            "INSERT INTO seen SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[])",
            [event.head.service for event in fresh],
            [alliance] * len(fresh),
            [event.head.sequence for event in fresh],
            [sha256(event.body).digest() for event in fresh],
        )
        for source, sequence in last.items():
            await transaction.raw.execute(
                "UPDATE followed SET sequence = $3 WHERE source = $1 AND alliance_id = $2",
                source,
                alliance,
                sequence,
            )

    @staticmethod
    async def _last(transaction: Transaction, source: str, alliance: AllianceId) -> int:
        """Locks the row: a second replica waits here, and then finds these events applied."""
        last: int = await transaction.raw.fetchval(
            "INSERT INTO followed VALUES ($1, $2, 0)"
            " ON CONFLICT (source, alliance_id) DO UPDATE SET source = excluded.source RETURNING sequence",
            source,
            alliance,
        )
        return last

    @staticmethod
    async def _require_same(transaction: Transaction, fresh: Sequence[Arrived], event: Arrived) -> None:
        for other in fresh:
            if (other.head.service, other.head.sequence) == (event.head.service, event.head.sequence):
                known = sha256(other.body).digest()
                break
        else:
            known = await transaction.raw.fetchval(
                "SELECT digest FROM seen WHERE source = $1 AND alliance_id = $2 AND sequence = $3",
                event.head.service,
                event.head.alliance,
                event.head.sequence,
            )
        if known != sha256(event.body).digest():
            raise CannotApply(
                "fork", f"{event.head.service}: {event.head.sequence} came twice, with other bytes"
            )

    async def _freeze(
        self, alliance: AllianceId, event: Arrived, error: Exception, ends: Mapping[tuple[str, int], int]
    ) -> None:
        code, detail = "cannot_apply", type(error).__name__
        if isinstance(error, CannotApply):
            code, detail = error.code, error.detail
        if not isinstance(error, CannotApply):
            logger.error(
                "event_not_applied", event_id=event.head.id, alliance_id=str(alliance), exc_info=error
            )
        logger.error(
            "alliance_frozen",
            alliance_id=str(alliance),
            source=event.head.service,
            sequence=event.head.sequence,
            code=code,
        )
        async with self.store.transaction() as transaction:
            await transaction.raw.execute(
                "INSERT INTO frozen (alliance_id, source, sequence, code, detail) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT DO NOTHING",
                alliance,
                event.head.service,
                event.head.sequence,
                code,
                detail[:500],
            )
            await _hold(transaction, alliance, [event])
            await self._move(transaction, ends)

    async def _move(self, transaction: Transaction, ends: Mapping[tuple[str, int], int]) -> None:
        for (topic, partition), end in ends.items():
            moved = await transaction.raw.execute(
                "UPDATE positions SET next_offset = $3"
                " WHERE topic = $1 AND partition = $2 AND next_offset = $4",
                topic,
                partition,
                end,
                self._expected[(topic, partition)],
            )
            if moved != "UPDATE 1":
                raise _Overtaken

    async def wait(self, source: str, alliance: AllianceId, sequence: int, seconds: float) -> None:
        """Returns once the event is applied here: one reads one's own writes, across services.

        Raises UnknownSource, Frozen at once for a frozen alliance that has not got there, or Unavailable.
        """
        if source not in self.sources:
            raise UnknownSource(source)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    async with self._moved:
                        if await self._reached(source, alliance, sequence):
                            return
                        # Another replica may have applied it: look again even if nothing moved in this
                        # process.
                        try:
                            await asyncio.wait_for(self._moved.wait(), 0.1)
                        except TimeoutError:
                            continue
        except TimeoutError:
            raise Unavailable("position_not_reached", source=source, sequence=sequence) from None

    async def _reached(self, source: str, alliance: AllianceId, sequence: int) -> bool:
        async with self.store.transaction() as transaction:
            row = await transaction.raw.fetchrow(
                "SELECT (SELECT sequence FROM followed WHERE source = $1 AND alliance_id = $2) AS sequence,"
                " EXISTS (SELECT FROM frozen WHERE alliance_id = $2) AS frozen",
                source,
                alliance,
            )
        assert row is not None
        if (row["sequence"] or 0) >= sequence:
            return True
        if row["frozen"]:
            raise Frozen(source)
        return False


@dataclass(frozen=True, slots=True)
class Freeze:
    """An alliance that stands still, and at which event."""

    alliance: AllianceId
    source: str
    sequence: int
    code: str
    detail: str


async def frozen(store: Store, alliance: AllianceId | None = None) -> list[Freeze]:
    async with store.transaction() as transaction:
        rows: list[Any] = await transaction.raw.fetch(
            "SELECT alliance_id, source, sequence, code, detail FROM frozen"
            " WHERE $1::uuid IS NULL OR alliance_id = $1 ORDER BY alliance_id LIMIT 1000",
            alliance,
        )
    return [Freeze(*row.values()) for row in rows]


async def resume(store: Store, alliance: AllianceId) -> bool:
    """Lets the alliance go on from the first record held back; False where it was not frozen.

    What other alliances have there comes again and is passed over as duplicates.
    """
    async with store.transaction() as transaction:
        await transaction.raw.execute(
            "UPDATE positions p SET next_offset = least(p.next_offset, h.first_offset) FROM held h"
            " WHERE h.alliance_id = $1 AND h.topic = p.topic AND h.partition = p.partition",
            alliance,
        )
        return bool(
            await transaction.raw.execute("DELETE FROM frozen WHERE alliance_id = $1", alliance) != "DELETE 0"
        )


async def _pause(drain: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(drain.wait(), seconds)
    except TimeoutError:
        return


async def _hold(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
    await transaction.raw.executemany(
        "INSERT INTO held VALUES ($1, $2, $3, $4) ON CONFLICT (alliance_id, topic, partition)"
        " DO UPDATE SET first_offset = least(held.first_offset, excluded.first_offset)",
        [(alliance, event.topic, event.partition, event.offset) for event in events],
    )


INFRASTRUCTURE: tuple[type[Exception], ...] = (
    *DATABASE_LOST,
    Unavailable,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""What says nothing about the event: to be waited for, never to freeze an alliance on."""
