"""Following other services: each event applied once, in order, in the transaction that moves the position.

Per source and alliance `sequence == last + 1` is required.
- lower: a duplicate (a relay may send twice). Same bytes → passed over; other bytes → a fork;
- higher: a gap;
- an event that cannot be read or applied is never passed over.
A fork, a gap and what cannot be applied freeze the alliance at that point, visibly (`events.freezing`); the
others go on. A topic of which something is gone freezes all that its source told of (`events.lost`). Records
that are no event of their topic's service (garbage, another source) belong to no alliance: they are reported
and passed over.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import structlog

from events.envelope import Head, MalformedEvent, parse
from events.errors import DatabaseUnavailable, Frozen, Unavailable, UnknownSource
from events.freezing import GAP, Freeze, freeze, freeze_of, hold, resume_in
from events.ids import AllianceId
from events.log import Log, Position, PositionLost, Reader, Received
from events.lost import LOST, sent_again
from events.positions import Overtaken, Positions
from events.store import Store, Transaction

SCHEMA = files(__package__).joinpath("follow.sql").read_text()
"""The tables of a follower; run once by the owner's migration."""

BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 0.5
LOOK_SECONDS = 5.0
"""How often a follower looks how far behind it is."""
STUCK_SECONDS = 20.0
"""Without a record for so long although there are some, the reader counts as stuck."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event of another service as it came: its bytes, and its envelope parsed."""

    head: Head
    body: bytes
    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> Position:
        return self.topic, self.partition


class CannotApply(Exception):
    """The event is in order and cannot be applied: the alliance freezes. `code` is shown, and no figures."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Stuck(Exception):
    """The reader gives nothing although there is something: it is to be made anew."""


Apply = Callable[[Transaction, AllianceId, Sequence[Arrived]], Awaitable[None]]
"""Applies events of one alliance, in order, inside the given transaction."""


class Follower:
    """Follows `topics` (topic → the service whose events it carries) and applies them with `apply`.

    One alliance a transaction. A database or a log that fails is waited for; whatever else `apply` raises,
    an OSError of its own too, freezes the alliance: a fault that is waited for would be seen by nobody.
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
        self._positions = Positions(store, self.topics)
        self._moved = asyncio.Event()
        self._heard_at = 0.0
        self._look_at = 0.0
        self.lag = 0
        """Records of the partitions read here that were not applied yet, as of a few seconds ago."""

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set; the batch in hand is finished first."""
        while not drain.is_set():
            self._heard_at = asyncio.get_running_loop().time()
            try:
                async with self._log.reader(list(self.topics), self._group, self._positions.start) as reader:
                    while not drain.is_set():
                        await self.step(reader)
                        await self._look(reader)
            except _Stuck:
                logger.error("reader_stuck", group=self._group, lag=self.lag)
            except (DatabaseUnavailable, OSError) as error:
                logger.warning("following_interrupted", group=self._group, error=type(error).__name__)
                await _pause(drain, RETRY_SECONDS)

    async def step(self, reader: Reader) -> int:
        """Applies one batch; returns how many records it held."""
        try:
            records = await self._poll(reader)
            if records:
                await self._apply_batch(records)
            else:
                await self._positions.check(reader.assigned())
        except PositionLost as error:
            await self._positions.lost(error)
            reader.restart()
            return 0
        except Overtaken:
            logger.info("position_moved_elsewhere", group=self._group)
            reader.restart()
            return 0
        if records:
            await reader.committed(self._positions.expected)
        return len(records)

    async def _poll(self, reader: Reader) -> Sequence[Received]:
        patience = asyncio.timeout(POLL_SECONDS + 3 * STUCK_SECONDS)
        try:
            async with patience:
                records = await reader.poll(POLL_SECONDS, self._batch)
        except TimeoutError:
            if patience.expired():
                raise _Stuck from None
            raise
        if records:
            self._heard_at = asyncio.get_running_loop().time()
        return records

    async def _look(self, reader: Reader) -> None:
        """Notices how far behind it is, and a reader that stopped: aiokafka's may, when a broker restarts."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        ends = await reader.ends()
        self.lag = sum(max(0, end - self._positions.expected.get(place, end)) for place, end in ends.items())
        if self.lag and now - self._heard_at > STUCK_SECONDS:
            raise _Stuck

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
                await self._positions.move(transaction, ends)
        self._positions.expected |= ends
        self._moved.set()
        self._moved = asyncio.Event()

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
        self, alliance: AllianceId, events: Sequence[Arrived], ends: Mapping[Position, int]
    ) -> None:
        """All at once; where that fails, one by one up to the event that fails, where it freezes."""
        try:
            async with self.store.transaction() as transaction:
                await self._positions.fence(transaction, _firsts(events))
                stands = await freeze_of(transaction, alliance)
                back: Set[Position] = frozenset()
                if stands is None:
                    await self._apply_in_order(transaction, alliance, events)
                elif closing := _firsts(await self._closing(transaction, stands, events)):
                    back = await resume_in(transaction, alliance, closing)
                    # What came before it comes again after it.
                    fresh = [event for event in events if event.offset >= closing.get(event.place, 0)]
                    await self._apply_in_order(
                        transaction, alliance, [event for event in fresh if event.place not in back]
                    )
                else:
                    await hold(transaction, alliance, _firsts(events))
                if not back:
                    await self._positions.move(transaction, ends)
        except (Overtaken, DatabaseUnavailable):
            raise
        except Exception as error:
            if len(events) == 1:
                await self._freeze(alliance, events[0], error, ends)
                return
        else:
            if back:
                raise Overtaken
            return
        for event in events[:-1]:
            await self._apply_alliance(alliance, [event], {})
        await self._apply_alliance(alliance, [events[-1]], ends)

    async def _closing(
        self, transaction: Transaction, stands: Freeze, events: Sequence[Arrived]
    ) -> Sequence[Arrived]:
        """The events that were waited for, where they have come: the relay was rewound, and what is held of
        these sources comes again after them.
        """
        if stands.code == LOST:
            again = {event.head.service: event for event in reversed(events) if event.head.sequence == 1}
            if again and await sent_again(transaction, stands.alliance, list(again)):
                return list(again.values())
        if stands.code == GAP:
            wanted = await self._last(transaction, stands.source, stands.alliance) + 1
            found = (event for event in events if event.head.service == stands.source)
            return [event for event in found if event.head.sequence == wanted][:1]
        return ()

    async def _apply_in_order(
        self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
    ) -> None:
        fresh: list[Arrived] = []
        last: dict[str, int] = {}
        for event in events:
            source = event.head.service
            if source not in last:
                last[source] = await self._last(transaction, source, alliance)
            if event.head.sequence <= last[source]:
                await self._require_same(transaction, fresh, event)
            elif event.head.sequence > last[source] + 1:
                raise CannotApply(GAP, f"{source}: {last[source] + 1} expected, {event.head.sequence} came")
            else:
                fresh.append(event)
                last[source] = event.head.sequence
        if not fresh:
            return
        await self._apply(transaction, alliance, fresh)
        await note(transaction, alliance, fresh)

    @staticmethod
    async def _last(transaction: Transaction, source: str, alliance: AllianceId) -> int:
        """Locks the row: a second replica waits here, and then finds these events applied."""
        last: int = await transaction.raw.fetchval(
            "INSERT INTO followed (source, alliance_id, sequence) VALUES ($1, $2, 0)"
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
        at = Freeze(alliance, event.head.service, event.head.sequence, code, detail[:500])
        async with self.store.transaction() as transaction:
            await self._positions.fence(transaction, _firsts([event]))
            await freeze(transaction, at)
            await hold(transaction, alliance, _firsts([event]))
            await self._positions.move(transaction, ends)

    async def wait(self, source: str, alliance: AllianceId, sequence: int, seconds: float) -> None:
        """Returns once the event is applied here: one reads one's own writes, across services.

        Raises UnknownSource, Frozen at once for a frozen alliance that has not got there, or Unavailable.
        """
        if source not in self.sources:
            raise UnknownSource(source)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            moved = self._moved  # before looking, or what comes in between is missed
            if await self._reached(source, alliance, sequence):
                return
            left = until - loop.time()
            if left <= 0:
                raise Unavailable("position_not_reached", source=source, sequence=sequence)
            try:
                # Another replica may have applied it: look again even if nothing moved in this process.
                await asyncio.wait_for(moved.wait(), min(0.1, left))
            except TimeoutError:
                continue

    async def _reached(self, source: str, alliance: AllianceId, sequence: int) -> bool:
        async with self.store.single() as transaction:
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


async def note(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
    """Notes events, in order, as applied: from now on they are duplicates."""
    await transaction.raw.execute(
        "INSERT INTO seen SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[])",
        [event.head.service for event in events],
        [alliance] * len(events),
        [event.head.sequence for event in events],
        [sha256(event.body).digest() for event in events],
    )
    for source, sequence in {event.head.service: event.head.sequence for event in events}.items():
        await transaction.raw.execute(
            "INSERT INTO followed VALUES ($1, $2, $3)"
            " ON CONFLICT (source, alliance_id) DO UPDATE SET sequence = excluded.sequence",
            source,
            alliance,
            sequence,
        )


def _firsts(events: Sequence[Arrived]) -> dict[Position, int]:
    """The first offset of each partition."""
    firsts: dict[Position, int] = {}
    for event in events:
        firsts[event.place] = min(event.offset, firsts.get(event.place, event.offset))
    return firsts


async def _pause(drain: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(drain.wait(), seconds)
    except TimeoutError:
        return
