"""The log between services, as a relay writes it and a follower reads it.

Two implementations, held to one contract test suite: `log_postgres` (one machine) and `log_kafka` (many).

    PositionLost            a topic does not reach up to the position asked for: something of it is gone
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self
from uuid import UUID

from events.ids import AllianceId

SAME_TOPIC_SECONDS: Final = 5.0
"""How often a reader looks whether its topics are still those that it began with."""


class PositionLost(Exception):
    """The topic does not reach up to the position asked for: it was emptied, or restored older.

    What to do is the follower's to decide: reading on from somewhere else unasked would hide a loss. What
    lies in the topic from `goes_on` on can be read.
    """

    def __init__(self, topic: str, partition: int, offset: int, goes_on: int) -> None:
        super().__init__(f"{topic}, partition {partition}: nothing before offset {offset}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.goes_on = goes_on


def topic_of(service: str) -> str:
    """Of the events of a service; whoever writes it is that service alone."""
    return f"alliance.{service}"


@dataclass(frozen=True, slots=True)
class Record:
    """What a relay publishes: the bytes of one event."""

    key: AllianceId
    value: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it lies in the log, garbage included. An event's key is its alliance's id as text."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


Position = tuple[str, int]
"""A topic and a partition of it."""

Start = Callable[[str, int, UUID], Awaitable[int]]
"""Gives the next offset to read of a topic's partition, as the follower keeps it; 0 where it never read.

The id is the topic's: another one where the topic was deleted and made again, and offsets count anew.
"""


class Reader(Protocol):
    """Reads what is assigned to it; an async context manager, used by one task.

    A log that is down is waited for: `poll` logs it, returns nothing and goes on when the log is back. What
    `start` raises comes out of `poll`, and `start` is asked again by the next one.
    """

    async def poll(self, seconds: float, limit: int) -> Sequence[Received]:
        """Up to `limit` records, in order within a partition; [] when none came in so many `seconds`.

        Takes longer while the readers of a group share out the partitions anew (the first time too). Raises
        PositionLost, at each call until `seek` or `start` names a position that is there.
        """
        ...

    def assigned(self) -> Set[Position]:
        """The partitions that `poll` reads now."""
        ...

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """The next `poll` reads from `offset` on. Nothing happens for a partition that is not assigned."""
        ...

    def restart(self) -> None:
        """The next `poll` asks `start` again, for all that is assigned."""
        ...

    async def ends(self) -> Mapping[Position, int]:
        """The offset after the last record, of each partition assigned; empty while the log is down."""
        ...

    async def committed(self, offsets: Mapping[Position, int]) -> None:
        """Tells the log how far the follower's database has got: for those who scale by lag, nothing else."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Log(Protocol):
    """Topics of records, in order for each key, kept for ever."""

    async def publish(self, topic: str, records: Sequence[Record]) -> int:
        """Appends records of one alliance in this order; returns how many of the leading ones are durable.

        Fewer than given means trouble, which is logged and bounded in time: repeat the rest later. The rest
        may have been written nevertheless, so a repeat may double records; but it never reorders or leaves
        out: a record appears for the first time only after all those before it. One call at a time for an
        alliance, any number for different ones.
        """
        ...

    def reader(self, topics: Sequence[str], group: str | None, start: Start) -> Reader:
        """Readers of one group share the partitions out among them, as far as the log can tell them who reads
        what: so that one reads what another reads must do no harm. Of no group, each reads everything.

        `start` is asked whenever a partition is assigned, and when its topic turns out to be another one.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connections; readers are closed by their own context, before."""
        ...
