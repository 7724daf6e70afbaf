"""Events as they arrive from the log: whose they are, and whether they follow on what was applied.

Per source and alliance `sequence == last + 1` is required; lower is a duplicate, or with other bytes a fork,
and higher a gap. Records that are no event of their topic's service belong to no alliance.

    CannotApply             the alliance cannot go past this event
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog

from events.envelope import Head, MalformedEvent, claimed, parse
from events.freezing import GAP
from events.ids import AllianceId
from events.log import Position, Received
from events.store import Transaction

FORK: Final = "fork"

UNREADABLE: Final = 0
"""In place of the sequence that could not be read."""

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


def arrived_event(record: Received, service: str) -> Arrived | None:
    """None for what is no event of the topic's service. An event that claims to be one and cannot be
    read has the sequence 0, and is never applied.
    """
    body = record.value or b""
    try:
        head = parse(body)
        if head.service != service:
            raise MalformedEvent(f"an event of {head.service}")
        if record.key != str(head.alliance).encode():
            raise MalformedEvent("the key is not its alliance")
    except MalformedEvent as error:
        claim = claimed(body)
        if claim is None or claim[0] != service or record.key != str(claim[1]).encode():
            logger.warning(
                "record_passed_over",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=str(error)[:200],
            )
            return None
        head = Head("", *claim, sequence=UNREADABLE, type="", envelope={})
    return Arrived(head, body, record.topic, record.partition, record.offset)


async def in_order(
    transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
) -> Sequence[Arrived]:
    """Those that are to be applied now, without duplicates. Raises CannotApply."""
    fresh: list[Arrived] = []
    last: dict[str, int] = {}
    for event in events:
        source = event.head.service
        if source not in last:
            last[source] = await last_applied(transaction, source, alliance)
        if event.head.sequence == UNREADABLE:
            raise CannotApply("unreadable", f"{event.topic} {event.partition}: {event.offset}")
        if event.head.sequence <= last[source]:
            await _require_same(transaction, fresh, event)
        elif event.head.sequence > last[source] + 1:
            raise CannotApply(GAP, f"{source}: {last[source] + 1} expected, {event.head.sequence} came")
        else:
            fresh.append(event)
            last[source] = event.head.sequence
    return fresh


async def last_applied(transaction: Transaction, source: str, alliance: AllianceId) -> int:
    """Locks the row: a second replica waits here, and then finds these events applied."""
    last: int = await transaction.raw.fetchval(
        "INSERT INTO followed (source, alliance_id, sequence) VALUES ($1, $2, 0)"
        " ON CONFLICT (source, alliance_id) DO UPDATE SET source = excluded.source RETURNING sequence",
        source,
        alliance,
    )
    return last


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
        raise CannotApply(FORK, f"{event.head.service}: {event.head.sequence} came twice, with other bytes")


async def note(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
    """Notes events, in order, as applied: from now on they are duplicates."""
    by_source: dict[str, list[Arrived]] = defaultdict(list)
    for event in events:
        by_source[event.head.service].append(event)
    for source, noted in by_source.items():
        await transaction.raw.execute(
            "WITH noted AS (INSERT INTO seen SELECT $1, $2, * FROM unnest($4::bigint[], $5::bytea[]))"
            " INSERT INTO followed VALUES ($1, $2, $3)"
            " ON CONFLICT (source, alliance_id) DO UPDATE SET sequence = excluded.sequence",
            source,
            alliance,
            noted[-1].head.sequence,
            [event.head.sequence for event in noted],
            [sha256(event.body).digest() for event in noted],
        )
