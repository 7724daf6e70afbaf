"""A service on `events` alone, for commands without HTTP: counters with a private price and a read model."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, MetaData, Table, Uuid
from uuid_utils.compat import uuid7

from events.begin import Begun
from events.decision import Aggregate, Call
from events.envelope import Event, Recorded
from events.execute import Commands
from events.ids import AllianceId, PersonId
from events.projection import Change, upsert
from events.registry import Registry
from events.sealing import Confidential, Masters
from events.store import Store, Transaction
from money import Money

SERVICE: Final = "bench"
ACTOR: Final = PersonId(uuid4().hex)


class Counted(Event, type="alliance.bench.counted.v1"):
    by: int
    total: int
    price: Confidential[Money]


@dataclass(frozen=True)
class Count:
    owner: UUID
    times: int = 1
    """So many events."""


@dataclass(frozen=True)
class Given:
    effective_on: date = date(2026, 1, 1)
    charter_version: int = 1


def _decide(total: int | None, command: Count, given: Given, now: datetime) -> Sequence[Event]:
    price = Confidential[Money](owner=command.owner, open=Money.of("9.50", "EUR"))
    return [Counted(by=1, total=(total or 0) + number, price=price) for number in range(1, command.times + 1)]


def _evolve(total: int | None, recorded: Recorded[Any]) -> int:
    return recorded.event.total


COUNTER: Final[Aggregate[int, Any]] = Aggregate("counter", _evolve, _decide)
TOTALS: Final = Table(
    "totals",
    MetaData(),
    Column("stream", Uuid, primary_key=True),
    Column("total", BigInteger, nullable=False),
)


def _counted(recorded: Recorded[Counted]) -> Sequence[Change]:
    return [upsert(TOTALS, stream=UUID(recorded.stream.split("/")[1]), total=recorded.event.total)]


async def _given(transaction: Transaction, call: Call, begun: Begun | None) -> Given:
    return Given()


@dataclass(frozen=True)
class Counter:
    alliance: AllianceId
    id: UUID
    owner: UUID


class Counters:
    """`read_model` off: events and receipts alone."""

    def __init__(self, store: Store, *, read_model: bool = True) -> None:
        self._commands = Commands(
            store,
            Registry.of(SERVICE, [Counted]),
            Masters((b"m" * 32,)),
            given=_given,
            permit=lambda call, state, command, given: None,
            projectors={Counted: [_counted]} if read_model else {},
        )

    async def count(self, counters: Sequence[Counter], seconds: float, times: int = 1) -> float:
        """Events a second, in a task for each counter; so many in each transaction."""
        end = time.perf_counter() + seconds
        done = 0

        async def one(counter: Counter) -> None:
            nonlocal done
            while time.perf_counter() < end:
                call = Call(
                    ACTOR,
                    counter.alliance,
                    datetime.now(UTC),
                    correlation="bench",
                    key=uuid4().hex,
                    fingerprint=b"f" * 32,
                )
                await self._commands.execute(call, COUNTER, counter.id, Count(counter.owner, times))
                done += times

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for counter in counters:
                group.create_task(one(counter))
        return done / (time.perf_counter() - began)


def counters(number: int) -> Sequence[Counter]:
    """Each of an alliance of its own."""
    return [Counter(AllianceId(uuid7()), uuid7(), uuid7()) for _ in range(number)]
