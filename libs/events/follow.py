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
from importlib.resources import files
from weakref import WeakValueDictionary

import structlog

from events.arriving import Arrived, CannotApply, arrived_event, in_order, last_applied, note
from events.errors import DatabaseUnavailable, Frozen, Unavailable, UnknownSource
from events.freezing import GAP, Freeze, freeze, freeze_of, hold, resume_in
from events.ids import AllianceId
from events.log import Log, Position, PositionLost, Reader, Received
from events.lost import LOST, sent_again
from events.pausing import pause
from events.positions import Overtaken, Positions
from events.store import Store, Transaction

__all__ = ["SCHEMA", "Apply", "Arrived", "CannotApply", "Follower", "note"]

SCHEMA = files(__package__).joinpath("follow.sql").read_text()
"""The tables of a follower; run once by the owner's migration."""

BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 0.5
LOOK_SECONDS = 5.0
"""How often a follower looks how far behind it is."""
LOOK_AGAIN_SECONDS = 0.1
"""How soon who waits for a position looks for what another replica applied."""
STUCK_SECONDS = 20.0
"""Behind for so long without a record, the reader counts as stuck."""

logger = structlog.get_logger(__name__)


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
        self._moved: WeakValueDictionary[AllianceId, asyncio.Event] = WeakValueDictionary()
        """Of the alliances that somebody waits for."""
        self._behind_since: float | None = None
        self._look_at = 0.0
        self.lag = 0
        """Records of the partitions read here that were not applied yet, as of a few seconds ago."""

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set; the batch in hand is finished first."""
        while not drain.is_set():
            self._behind_since = None
            try:
                async with self._log.reader(list(self.topics), self._group, self._positions.start) as reader:
                    while not drain.is_set():
                        await self.step(reader)
                        await self._look(reader)
            except _Stuck:
                logger.error("reader_stuck", group=self._group, lag=self.lag)
            except (DatabaseUnavailable, OSError) as error:
                logger.warning("following_interrupted", group=self._group, error=type(error).__name__)
                await pause(drain, RETRY_SECONDS)

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
            self._behind_since = None
        return records

    async def _look(self, reader: Reader) -> None:
        """Notices how far behind it is, and a reader that stopped: aiokafka's may, when a broker restarts.
        Tells the log how far it is: after every batch that would cost the broker more than the batch.
        """
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        await reader.committed(self._positions.expected)
        ends = await reader.ends()
        self.lag = sum(max(0, end - self._positions.expected.get(place, end)) for place, end in ends.items())
        if not self.lag:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > STUCK_SECONDS:
            raise _Stuck

    async def _apply_batch(self, records: Sequence[Received]) -> None:
        by_alliance: dict[AllianceId, list[Arrived]] = defaultdict(list)
        ends: dict[tuple[str, int], int] = {}
        for record in records:
            ends[(record.topic, record.partition)] = record.offset + 1
            arrived = arrived_event(record, self.topics[record.topic])
            if arrived is not None:
                by_alliance[arrived.head.alliance].append(arrived)
        alliances = list(by_alliance)
        for alliance in alliances[:-1]:
            await self._apply_alliance(alliance, by_alliance[alliance], {})
            self._tell_moved(alliance)
        if alliances:
            await self._apply_alliance(alliances[-1], by_alliance[alliances[-1]], ends)
            self._tell_moved(alliances[-1])
        else:
            async with self.store.transaction() as transaction:
                await self._positions.move(transaction, ends)
        self._positions.expected |= ends

    def _tell_moved(self, alliance: AllianceId) -> None:
        # Those alone who wait for this one: if every batch woke all who wait, each of them would ask the
        # database each time, and so slow down what it waits for.
        if moved := self._moved.pop(alliance, None):
            moved.set()

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
                    await self._apply_fresh(transaction, alliance, events)
                elif closing := _firsts(await self._closing(transaction, stands, events)):
                    back = await resume_in(transaction, alliance, closing)
                    # What came before it comes again after it.
                    fresh = [event for event in events if event.offset >= closing.get(event.place, 0)]
                    await self._apply_fresh(
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
            wanted = await last_applied(transaction, stands.source, stands.alliance) + 1
            found = (event for event in events if event.head.service == stands.source)
            return [event for event in found if event.head.sequence == wanted][:1]
        return ()

    async def _apply_fresh(
        self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
    ) -> None:
        if fresh := await in_order(transaction, alliance, events):
            await self._apply(transaction, alliance, fresh)
            await note(transaction, alliance, fresh)

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
            sequence = (
                event.head.sequence or await last_applied(transaction, event.head.service, alliance) + 1
            )
            at = Freeze(alliance, event.head.service, sequence, code, detail[:500])
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
        began = loop.time()
        while True:
            moved = self._moved.get(alliance)  # before looking, or what comes in between is missed
            if moved is None:
                moved = self._moved[alliance] = asyncio.Event()
            if await self._reached(source, alliance, sequence):
                return
            waited = loop.time() - began
            if waited >= seconds:
                raise Unavailable("position_not_reached", source=source, sequence=sequence)
            # Another replica may have applied it: look again even if nothing moved in this process, but the
            # longer it takes the more seldom: many who wait long are a sign that there is too much to do.
            await pause(moved, min(max(LOOK_AGAIN_SECONDS, waited / 2), seconds - waited))

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


def _firsts(events: Sequence[Arrived]) -> dict[Position, int]:
    """The first offset of each partition."""
    firsts: dict[Position, int] = {}
    for event in events:
        firsts[event.place] = min(event.offset, firsts.get(event.place, event.offset))
    return firsts
