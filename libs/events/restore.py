"""A service reads its own topic: what was published and its database lost is appended again, byte for byte.

A database that was put back (recovered to a point in time, a standby promoted, a copy) would otherwise give
numbers out twice, and followers would rightly freeze. At each start, and whenever its connections lead to
another PostgreSQL or to one started anew, the service reads its topic from where it last did to the end:
- known events, by id and bytes: nothing to do;
- unknown ones that follow on: lost; appended and projected as they were at first, and counted as relayed;
- anything else (the number was given to another event: a fork) closes the alliance and alarms.
Meanwhile the gate is closed (`events.gate`): commands, deadlines, followers and the relay wait, reading goes
on.

A log that is down is waited for without end where the mark says that the database is another one, or an
operator does. Else for `PATIENCE_SECONDS`: a command shall not fail because the log is down.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from uuid import UUID

import structlog

from events.again import Again, CannotRestore
from events.envelope import MalformedEvent, parse
from events.errors import DatabaseUnavailable, Restoring
from events.follow import Arrived
from events.gate import Gate, Server
from events.ids import AllianceId
from events.log import Log, Position, PositionLost, Reader, Received
from events.pausing import pause
from events.store import Store, Transaction

SCHEMA = files(__package__).joinpath("restore.sql").read_text()
"""The table of the mark; run once by the owner's migration."""

START_SECONDS = 15.0
"""How long a start waits for the gate to open before it takes requests all the same."""
PATIENCE_SECONDS = 5.0
SWEEP_SECONDS = 60.0
"""How often the topic is read to its end later on, so that the next start has little to read."""
TOLD_SECONDS = 1.0
"""How often a running service looks whether an operator has told it to restore."""
RETRY_SECONDS = 0.5
POLL_SECONDS = 0.2
BATCH = 1000

logger = structlog.get_logger(__name__)


class _Interrupted(Exception):
    """The service ends, or its connections lead to another server by now than the one being restored."""


class Restoration:
    """Opens the gate of `store` once the store has all that `topic` has of it."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        log: Log,
        topic: str,
        service: str,
        again: Again,
        *,
        sources: Collection[str] = (),
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        """`sources`: the services whose events lie in the topic beside its own, as in the ledger's. `forget`
        drops what the process remembers of the database as it was.
        """
        self._store = store
        self._gate = gate
        self._log = log
        self._topic = topic
        self._sources = frozenset({service, *sources})
        self._again = again
        self._forget = forget
        self._at: dict[Position, int] = {}
        """The next offset of each partition that was read from where the database says (`_ids`)."""
        self._ids: dict[Position, UUID] = {}
        self._restored: dict[AllianceId, int] = {}

    def standing(self) -> Mapping[str, object]:
        """For an operator: whether commands are taken, and which alliances' are not."""
        left_out = {str(alliance): code for alliance, code in self._gate.not_restored.items()}
        return {"done": self._gate.checked is not None, "not_restored": left_out}

    def gauges(self) -> Mapping[str, float]:
        """The same as numbers."""
        return {
            "restoring": float(self._gate.checked is None),
            "not_restored_alliances": float(len(self._gate.not_restored)),
        }

    async def begin(self) -> None:
        """Before the first request: opens the gate where that takes no longer than `START_SECONDS`."""
        try:
            async with asyncio.timeout(START_SECONDS), self._reader() as reader:
                await self._round(reader)
        except (TimeoutError, DatabaseUnavailable, OSError, PositionLost, _Interrupted) as error:
            logger.warning("not_restored_yet", topic=self._topic, error=type(error).__name__)

    async def run(self, drain: asyncio.Event) -> None:
        """Until `drain` is set: closes the gate and opens it again whenever that is called for."""
        while not drain.is_set():
            try:
                async with self._reader() as reader:
                    verified = True
                    while not drain.is_set():
                        if self._gate.checked is not None and verified:
                            await self._rest(drain)
                        if drain.is_set():
                            break
                        verified = await self._round(reader, drain)
            except (DatabaseUnavailable, OSError, PositionLost, _Interrupted) as error:
                logger.warning("restoration_interrupted", topic=self._topic, error=type(error).__name__)
                await pause(drain, RETRY_SECONDS)

    def _reader(self) -> Reader:
        self._ids.clear()
        return self._log.reader([self._topic], None, self._start)

    async def _start(self, topic: str, partition: int, topic_id: UUID) -> int:
        place = (topic, partition)
        if self._ids.get(place) != topic_id:
            async with self._store.single() as transaction:
                kept = await transaction.raw.fetchval(
                    "SELECT next_offset FROM positions WHERE topic = $1 AND partition = $2 AND topic_id = $3",
                    topic,
                    partition,
                    topic_id,
                )
            # 0 also where the topic was made again: a rewound relay has filled it with what is known.
            self._at[place] = kept or 0
            # Not before: cut short in between (a poll has its time), the same reader begins here again.
            self._ids[place] = topic_id
        return self._at[place]

    async def _rest(self, drain: asyncio.Event) -> None:
        """Until something calls for the next round."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SWEEP_SECONDS
        while not drain.is_set() and loop.time() < until:
            await _either(drain, self._gate.knocked, TOLD_SECONDS)
            self._gate.knocked.clear()
            server, marked = await self._standing()
            if server != self._gate.checked or not marked:
                return

    async def _standing(self) -> tuple[Server, bool]:
        """The server that connections lead to now, and whether the mark is of it."""
        async with self._store.single() as transaction:
            server = await Server.behind(transaction.raw)
            return server, await _is_marked(transaction, server)

    async def _round(self, reader: Reader, drain: asyncio.Event | None = None) -> bool:
        """Reads to the end and opens the gate; False where it was opened though the log was down."""
        self._gate.knocked.clear()
        server, marked = await self._standing()
        if server != self._gate.checked or not marked:
            self._gate.checked = None
            self._gate.not_restored = {}
            # What was read before was held against the database as it was before.
            self._ids.clear()
            reader.restart()
        self._restored.clear()
        verified = await self._catch_up(reader, server, PATIENCE_SECONDS if marked else None, drain)
        if verified:
            await self._keep(server, marked)
        if self._gate.checked is None:
            self._forget()
            self._gate.checked = server
        if self._restored:
            events = sum(self._restored.values())
            logger.warning("restored", topic=self._topic, count=events)
        return verified

    async def _catch_up(
        self, reader: Reader, server: Server, patience: float | None, drain: asyncio.Event | None
    ) -> bool:
        """Until the end of the topic as it is now; False where the log is silent for `patience` seconds."""
        deadline = None if patience is None else asyncio.get_running_loop().time() + patience
        ends: dict[Position, int] = {}
        while not ends or any(place not in self._ids or self._at[place] < end for place, end in ends.items()):
            if drain is not None and drain.is_set():
                raise _Interrupted
            waiting = asyncio.timeout_at(None if ends else deadline)
            try:
                async with waiting:
                    records = await reader.poll(POLL_SECONDS if ends else 0, BATCH)
                    if not ends and not (ends := dict(await reader.ends())):
                        await asyncio.sleep(POLL_SECONDS)
            except TimeoutError:
                if not waiting.expired():
                    raise
                logger.warning("own_topic_not_read", topic=self._topic)
                self._ids.clear()  # what was read and not compared is read again
                reader.restart()
                return False
            except PositionLost as lost:
                # What is gone of it is here, or lost; what there is may have come since, from the first on.
                place = (lost.topic, lost.partition)
                logger.warning("own_topic_lost", topic=place[0], partition=place[1], offset=lost.offset)
                self._at[place] = 0 if self._at[place] else lost.goes_on
                ends.clear()
                reader.restart()
                continue
            if records:
                await self._compare(records, server)
        return True

    async def _compare(self, records: Sequence[Received], server: Server) -> None:
        events = [arrived for record in records if (arrived := self._arrived(record)) is not None]
        async with self._store.single() as transaction:
            self._same(transaction, server)
            known = await _known(transaction, events)
        lacking: dict[AllianceId, list[Arrived]] = defaultdict(list)
        for event in events:
            if known.get(event.head.id) != _identity(event):
                lacking[event.head.alliance].append(event)
        for alliance, lost in lacking.items():
            if alliance not in self._gate.not_restored:
                await self._restore(alliance, lost, server)
        for record in records:
            self._at[record.topic, record.partition] = record.offset + 1

    def _arrived(self, record: Received) -> Arrived | None:
        try:
            head = parse(record.value or b"")
            if head.service not in self._sources:
                raise MalformedEvent(f"an event of {head.service}")
            if record.key != str(head.alliance).encode():
                raise MalformedEvent("the key is not its alliance")
        except MalformedEvent as error:
            logger.warning(
                "record_passed_over", topic=record.topic, offset=record.offset, reason=str(error)[:200]
            )
            return None
        return Arrived(head, record.value or b"", record.topic, record.partition, record.offset)

    async def _restore(self, alliance: AllianceId, events: Sequence[Arrived], server: Server) -> None:
        if self._gate.checked is not None:
            logger.error("database_lacks_published_events", topic=self._topic, alliance_id=str(alliance))
            self._gate.checked = None
        try:
            async with self._store.transaction(gated=False) as transaction:
                self._same(transaction, server)
                last = await transaction.lock_head(alliance)
                lost = await _lost(transaction, events)
                if lost:
                    await self._again(transaction, alliance, lost)
                    await self._count_as_relayed(transaction, alliance, last + len(lost))
        except (DatabaseUnavailable, _Interrupted):
            raise
        except Exception as error:
            code = error.code if isinstance(error, CannotRestore) else "cannot_append"
            logger.exception("alliance_not_restored", alliance_id=str(alliance), code=code)
            self._gate.not_restored = {**self._gate.not_restored, alliance: code}
        else:
            self._restored[alliance] = self._restored.get(alliance, 0) + len(lost)
            if lost:
                self._gate.restored[alliance] = last + len(lost)

    @staticmethod
    async def _count_as_relayed(transaction: Transaction, alliance: AllianceId, last: int) -> None:
        """They came from the topic, and the topic has no event without those before it."""
        await transaction.raw.execute(
            "UPDATE heads SET relayed_sequence = $2 WHERE alliance_id = $1", alliance, last
        )

    def _same(self, transaction: Transaction, server: Server) -> None:
        if self._gate.behind(transaction.raw) != server:
            raise _Interrupted

    async def _keep(self, server: Server, marked: bool) -> None:
        """Where reading begins next time: not moved while an alliance's events wait there for a person."""
        async with self._store.transaction(gated=False) as transaction:
            self._same(transaction, server)
            if not self._gate.not_restored:
                await transaction.raw.execute(
                    "INSERT INTO positions (topic, partition, next_offset, topic_id)"
                    " SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[])"
                    " ON CONFLICT (topic, partition)"
                    " DO UPDATE SET next_offset = excluded.next_offset, topic_id = excluded.topic_id"
                    " WHERE (positions.next_offset, positions.topic_id)"
                    "  IS DISTINCT FROM (excluded.next_offset, excluded.topic_id)",
                    [topic for topic, _ in self._ids],
                    [partition for _, partition in self._ids],
                    [self._at[place] for place in self._ids],
                    list(self._ids.values()),
                )
            if not marked:
                await transaction.raw.execute(
                    "INSERT INTO mark (system_id, timeline) VALUES ($1, $2) ON CONFLICT (single)"
                    " DO UPDATE SET system_id = excluded.system_id, timeline = excluded.timeline",
                    server.system_id,
                    server.timeline,
                )


Identity = tuple[AllianceId, bytes]


def _identity(event: Arrived) -> Identity:
    return event.head.alliance, sha256(event.body).digest()


async def _known(transaction: Transaction, events: Sequence[Arrived]) -> dict[str, Identity]:
    """By event id, those that the store has: whose they are and the digest of their bytes."""
    rows = await transaction.raw.fetch(
        "SELECT event_id, alliance_id, sha256(body) AS digest FROM events WHERE event_id = ANY($1::text[])",
        [event.head.id for event in events],
    )
    return {row["event_id"]: (AllianceId(row["alliance_id"]), row["digest"]) for row in rows}


async def _lost(transaction: Transaction, events: Sequence[Arrived]) -> Sequence[Arrived]:
    """Those that the store does not have, each once. Raises CannotRestore for one that it has otherwise."""
    known = await _known(transaction, events)
    lost = []
    for event in events:
        identity = known.get(event.head.id)
        if identity is None:
            known[event.head.id] = _identity(event)
            lost.append(event)
        elif identity != _identity(event):
            raise CannotRestore("fork", f"{event.head.id} has other bytes here")
    return lost


async def require_mark(transaction: Transaction) -> None:
    """For a program that records beside the service. Raises Restoring where the database was not held against
    its topic, or is another one by now.
    """
    if not await _is_marked(transaction, await Server.behind(transaction.raw)):
        raise Restoring


async def _is_marked(transaction: Transaction, server: Server) -> bool:
    marked = await transaction.raw.fetchval(
        "SELECT EXISTS (SELECT FROM mark WHERE system_id = $1 AND timeline = $2)",
        server.system_id,
        server.timeline,
    )
    return bool(marked)


async def tell(store: Store) -> None:
    """An operator's `restore`: the database was put back, whatever the mark says."""
    async with store.transaction() as transaction:
        await transaction.raw.execute("DELETE FROM mark")


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
