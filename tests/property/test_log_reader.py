"""While writers run, who tails the log sees every event once and in order: no hole, no double, no step back.

The same check is shown to find the hole of a store whose numbers come from a sequence of the database: handed
out before the commit, a later one may be seen first, and the reader is past the earlier one when it commits.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import store
from events.errors import Refused
from events.follow import Arrived, Follower
from events.ids import AllianceId
from events.log_postgres import PostgresLog, create_topics
from events.relay import Relay
from events.store import Transaction
from rigs.counting import SERVICE, TOPIC, Count, Tiny, new_alliance, prepare, tiny_service
from rigs.postgres import Postgres

Write = tuple[int, int, int, bool]
"""(alliance, counter, how many events, whether it is refused)"""

WRITES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 3), st.booleans()), min_size=1, max_size=25
)

NUMBERS_FROM_A_SEQUENCE = """
CREATE SEQUENCE numbers;
DROP FUNCTION append_events;
CREATE FUNCTION append_events(uuid, bigint, text[], integer[], text[], text[], bytea[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO events (alliance_id, sequence, stream, version, event_id, type, body)
        SELECT $1, nextval('numbers'), stream, version, event_id, type, body
        FROM unnest($3, $4, $5, $6, $7) AS new (stream, version, event_id, type, body)
$$
"""
"""The store as most build it: no lock, and numbers handed out before the commit."""


class Tail:
    """What a reader has seen. `faults` says in words what must never be."""

    def __init__(self) -> None:
        self.seen: dict[UUID, list[int]] = {}

    def note(self, alliance: UUID, sequence: int) -> None:
        self.seen.setdefault(alliance, []).append(sequence)

    def faults(self) -> list[str]:
        found = []
        for alliance, seen in self.seen.items():
            for before, after in zip([0, *seen], seen, strict=False):
                if after == before + 1:
                    continue
                kind = "hole" if after > before + 1 else "double" if after == before else "step back"
                found.append(f"{kind} in {alliance}: {before}, then {after}")
        return found


async def poll(tiny: Tiny, tail: Tail, alliances: Sequence[AllianceId]) -> None:
    """As a reader polls the store itself: everything after the last number seen."""
    for alliance in alliances:
        last = tail.seen.get(alliance, [0])[-1]
        for sequence, _ in await tiny.store.events(alliance, last, 1000):
            tail.note(alliance, sequence)


@pytest.fixture
async def topic(postgres: Postgres) -> str:
    """The address of a log with the service's topic, for the owner of both ends."""
    database = await postgres.create_database()
    owner = await postgres.connect(database)
    await create_topics(owner, {TOPIC: "postgres"}, ["postgres"])
    await owner.close()
    return f"postgresql://postgres@/{database}?host={postgres.host}"


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(writes=WRITES, writers=st.integers(1, 5))
async def test_a_reader_that_tails_the_log_sees_every_event_once_and_in_order(
    postgres: Postgres, database: str, topic: str, writes: list[Write], writers: int
) -> None:
    await empty(postgres, database)
    log, tail, read = PostgresLog(topic), Tail(), Tail()
    alliances = [new_alliance() for _ in range(3)]
    counters = [uuid4() for _ in range(3)]
    expected = [0, 0, 0]

    async def apply(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        for event in events:
            tail.note(alliance, event.head.sequence)

    async with tiny_service(postgres, database, prepared=True) as tiny:
        relay = Relay(tiny.store, log, TOPIC)
        follower = Follower(tiny.store, log, {TOPIC: SERVICE}, "group", apply)
        drain, waiting = asyncio.Event(), list(writes)

        async def write() -> None:
            while waiting:
                alliance, counter, times, refused = waiting.pop()
                # Each counter of its own alliance; the streams of one alliance share its head.
                command = Count(by=0 if refused else 1, times=times)
                try:
                    await tiny.count(alliances[alliance], UUID(int=counters[counter].int ^ alliance), command)
                except Refused:
                    continue
                expected[alliance] += times
                relay.wake()

        async def tail_store() -> None:
            while not drain.is_set():
                await poll(tiny, read, alliances)

        async with asyncio.TaskGroup() as group:
            for loop in (relay.run(drain), follower.run(drain), tail_store()):
                group.create_task(loop)
            async with asyncio.TaskGroup() as writing:
                for _ in range(writers):
                    writing.create_task(write())
            for alliance, count in zip(alliances, expected, strict=True):
                await follower.wait(SERVICE, alliance, count, 30)
            drain.set()
        await poll(tiny, read, alliances)
        await log.close()
    for seen in (tail, read):
        assert seen.faults() == []
        assert [len(seen.seen.get(alliance, [])) for alliance in alliances] == expected


async def empty(postgres: Postgres, database: str) -> None:
    """The service's tables anew for each example; the log goes on, as logs do."""
    connection = await postgres.connect(database)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    await prepare(postgres, database)


@pytest.mark.parametrize(("wrong", "faults"), [("", []), (NUMBERS_FROM_A_SEQUENCE, ["hole"])])
async def test_numbers_from_a_sequence_leave_a_hole_and_the_head_leaves_none(
    postgres: Postgres, database: str, wrong: str, faults: list[str]
) -> None:
    """One transaction appends and is held; a second one appends, and commits first if it can."""
    us, tail = new_alliance(), Tail()
    async with tiny_service(postgres, database) as tiny, tiny.connect() as connection:
        if wrong:
            await connection.execute(wrong)
        async with tiny.store.transaction() as held:
            await append(held, us, lock=not wrong)
            second = asyncio.create_task(append_alone(tiny, us, lock=not wrong))
            await until_done_or_waiting(connection, second)
            await poll(tiny, tail, [us])
        await second
        await poll(tiny, tail, [us])
    assert [fault.split()[0] for fault in tail.faults()] == faults
    assert tail.seen[us] == ([2] if wrong else [1, 2])


async def append(transaction: Transaction, alliance: AllianceId, *, lock: bool) -> None:
    last = await transaction.lock_head(alliance) if lock else 0
    new = store.Appended(f"counter/{uuid4()}", 1, str(uuid4()), "alliance.tiny.counted.v1", b"{}")
    await transaction.append(alliance, last, [new])


async def append_alone(tiny: Tiny, alliance: AllianceId, *, lock: bool) -> None:
    async with tiny.store.transaction() as transaction:
        await append(transaction, alliance, lock=lock)


async def until_done_or_waiting(connection: asyncpg.Connection, task: asyncio.Task[None]) -> None:
    """Until the task has committed, or PostgreSQL has it wait for a lock."""
    async with asyncio.timeout(20):
        while not task.done():
            waiting = await connection.fetch(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if waiting:
                return
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("seen", "fault"), [([1, 3], "hole"), ([1, 1], "double"), ([1, 2, 1], "step")])
def test_the_check_finds_what_must_never_be(seen: list[int], fault: str) -> None:
    tail = Tail()
    for sequence in seen:
        tail.note(UUID(int=1), sequence)
    assert tail.faults()[0].startswith(fault)
