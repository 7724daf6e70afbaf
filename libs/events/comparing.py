"""Holds a service's log against its topic: whether what was published is what is recorded, byte for byte."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from events.envelope import Head, MalformedEvent, parse
from events.ids import AllianceId
from events.log import Log, Position, PositionLost, Received
from events.store import Store

BATCH: Final = 1000
POLL_SECONDS: Final = 0.2
FAULTS: Final = 20
"""So many are told: the first one says what to do, and they may be as many as there are events."""


class LogDown(Exception):
    """The log between the services did not answer in time."""


@dataclass
class Compared:
    """How many events of the topic were compared, doubles included, and what was found wrong."""

    events: int = 0
    faults: list[str] = field(default_factory=list)

    def wrong(self, fault: str) -> None:
        if len(self.faults) < FAULTS:
            self.faults.append(fault)


async def compare(
    store: Store,
    log: Log,
    topic: str,
    service: str,
    sources: Collection[str],
    progress: Callable[[int, int], None],
    *,
    patience: float = 30,
) -> Compared:
    """Reads the whole topic; events of `sources` and of the service itself are its log's, others garbage.

    `progress(records read, of how many)` is called now and then. Raises LogDown when nothing is heard for
    `patience` seconds.
    """
    one = _Comparison(store, {service, *sources})
    relayed = await one.relayed()
    at: dict[Position, int] = {}

    async def start(topic: str, partition: int, topic_id: UUID) -> int:
        return at.setdefault((topic, partition), 0)

    ends: dict[Position, int] = {}
    loop = asyncio.get_running_loop()
    heard = loop.time()
    async with log.reader([topic], None, start) as reader:
        while not ends or any(at.get(place, 0) < end for place, end in ends.items()):
            try:
                records = await reader.poll(POLL_SECONDS if ends else 0, BATCH)
            except PositionLost as lost:
                one.compared.wrong(f"{topic}, partition {lost.partition}: its beginning is gone")
                break
            ends = ends or dict(await reader.ends())
            if records:
                heard = loop.time()
            elif loop.time() - heard > patience:
                raise LogDown
            elif not ends:
                await asyncio.sleep(POLL_SECONDS)
            await one.compare(records)
            for record in records:
                at[record.topic, record.partition] = record.offset + 1
            progress(sum(at.values()), sum(ends.values()))
    for alliance, sequence in relayed.items():
        if one.reached.get(alliance, 0) < sequence:
            one.compared.wrong(
                f"{alliance}: {one.reached.get(alliance, 0) + 1} was relayed and is not in the topic"
            )
    return one.compared


class _Comparison:
    def __init__(self, store: Store, sources: Collection[str]) -> None:
        self._store = store
        self._sources = sources
        self.compared = Compared()
        self.reached: dict[AllianceId, int] = {}

    async def relayed(self) -> dict[AllianceId, int]:
        async with self._store.single() as transaction:
            rows = await transaction.raw.fetch("SELECT alliance_id, relayed_sequence FROM heads")
        return {AllianceId(row["alliance_id"]): row["relayed_sequence"] for row in rows}

    async def compare(self, records: Sequence[Received]) -> None:
        events = [
            (head, record.value or b"") for record in records if (head := self._head(record)) is not None
        ]
        if not events:
            return
        async with self._store.single() as transaction:
            rows = await transaction.raw.fetch(
                "SELECT event_id, alliance_id, sequence, sha256(body) AS digest FROM events"
                " WHERE event_id = ANY($1::text[])",
                [head.id for head, _ in events],
            )
        known = {row["event_id"]: row for row in rows}
        self.compared.events += len(events)
        for head, body in events:
            row = known.get(head.id)
            if row is None:
                self.compared.wrong(
                    f"{head.alliance}: the event {head.id} is in the topic and not in the log"
                )
                continue
            if (row["alliance_id"], row["digest"]) != (head.alliance, sha256(body).digest()):
                self.compared.wrong(f"{head.alliance}: {row['sequence']} has other bytes in the topic")
            reached = self.reached.get(head.alliance, 0)
            if row["sequence"] > reached + 1:
                self.compared.wrong(f"{head.alliance}: {row['sequence']} comes in the topic after {reached}")
            self.reached[head.alliance] = max(reached, row["sequence"])

    def _head(self, record: Received) -> Head | None:
        try:
            head = parse(record.value or b"")
        except MalformedEvent:
            return None
        mine = head.service in self._sources and record.key == str(head.alliance).encode()
        return head if mine else None
