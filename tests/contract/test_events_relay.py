"""The relay on a real PostgreSQL: nothing passed over, whatever is down, and one active a database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from events import relay as relay_module
from events.envelope import parse
from events.errors import DatabaseUnavailable
from events.relay import ACTIVE_RELAY, Relay, rewind
from rigs.counting import TOPIC, Count, MemoryLog, Tiny, new_alliance, tiny_service
from rigs.postgres import Postgres

COUNTED = uuid4()


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "RETRY_SECONDS", 0.02)


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[asyncio.Event]:
    drain = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for relay in relays:
            group.create_task(relay.run(drain))
        try:
            yield drain
        finally:
            drain.set()


async def until(holds: Callable[[], Awaitable[Any]] | Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while True:
            held = holds()
            if await held if isinstance(held, Awaitable) else held:
                return
            await asyncio.sleep(0.005)


def sequences(log: MemoryLog, alliance: Any) -> list[int]:
    heads = [
        parse(value or b"") for key, value in log.records.get(TOPIC, []) if key == str(alliance).encode()
    ]
    return [head.sequence for head in heads]


async def marks(tiny: Tiny, alliance: Any) -> tuple:
    return (
        await tiny.rows("SELECT relayed_sequence, last_sequence FROM heads WHERE alliance_id = $1", alliance)
    )[0]


async def test_every_event_is_sent_in_order_with_its_bytes_and_key(tiny: Tiny) -> None:
    us, them, log = new_alliance(), new_alliance(), MemoryLog()
    async with running(Relay(tiny.store, log, TOPIC)):
        for alliance in (us, them, us):
            await tiny.count(alliance, uuid4(), Count(times=3))
        await until(lambda: len(log.records.get(TOPIC, [])) == 9)
    assert sequences(log, us) == [1, 2, 3, 4, 5, 6]
    sent = [value for key, value in log.records[TOPIC] if key == str(us).encode()]
    assert sent == [body for _, body in await tiny.store.events(us, 0, 100)]
    assert await marks(tiny, us) == (6, 6)


async def test_only_what_the_log_took_counts_as_sent(tiny: Tiny) -> None:
    us, log = new_alliance(), MemoryLog()
    await tiny.count(us, uuid4(), Count(times=5))
    relay = Relay(tiny.store, log, TOPIC)
    log.takes = 2
    assert await relay.step() == 2
    assert await marks(tiny, us) == (2, 5)
    log.takes = None
    assert await relay.step() == 3
    assert sequences(log, us) == [1, 2, 3, 4, 5]
    assert await relay.step() == 0


async def test_a_mark_that_moved_meanwhile_is_not_moved_over(tiny: Tiny) -> None:
    us = new_alliance()
    await tiny.count(us, uuid4(), Count(times=5))

    class Rewinding(MemoryLog):
        async def publish(self, topic: str, records: Any) -> int:
            async with tiny.connect() as connection:
                await connection.execute("UPDATE heads SET relayed_sequence = 1")
            return await super().publish(topic, records)

    await Relay(tiny.store, Rewinding(), TOPIC).step()
    assert await marks(tiny, us) == (1, 5)


async def test_a_relay_killed_before_its_mark_sends_twice_and_leaves_nothing_out(tiny: Tiny) -> None:
    us, log = new_alliance(), MemoryLog()
    await tiny.count(us, uuid4(), Count(times=3))

    class Killed(MemoryLog):
        records = log.records

        def __init__(self) -> None:
            super().__init__()
            self.records = log.records

        async def publish(self, topic: str, records: Any) -> int:
            await super().publish(topic, records)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Relay(tiny.store, Killed(), TOPIC).step()
    await Relay(tiny.store, log, TOPIC).step()
    assert sequences(log, us) == [1, 2, 3, 1, 2, 3]
    assert await marks(tiny, us) == (3, 3)


async def test_while_the_log_is_down_commands_go_on_and_events_wait(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "RETRY_SECONDS", 1.0)
    us, log = new_alliance(), MemoryLog()
    log.down = True
    relay = Relay(tiny.store, log, TOPIC)
    async with running(relay):
        for _ in range(12):
            await tiny.count(us, uuid4())
            relay.wake()
        assert 1 <= log.publishing <= 3, "not each command has it try again"
        assert await marks(tiny, us) == (0, 12)
        log.down = False
        await until(lambda: sequences(log, us) == list(range(1, 13)))


async def test_a_drained_relay_sends_what_still_waits(tiny: Tiny) -> None:
    us, log = new_alliance(), MemoryLog()
    async with running(Relay(tiny.store, log, TOPIC)) as drain:
        await until(lambda: active(tiny))
        await tiny.count(us, uuid4(), Count(times=4))
        drain.set()
    assert sequences(log, us) == [1, 2, 3, 4]


async def active(tiny: Tiny) -> list[tuple]:
    return await tiny.rows(
        "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND d.datname = current_database()"
        " AND ((classid::bigint << 32) | objid::bigint) = $1",
        ACTIVE_RELAY,
    )


async def held_by_another(tiny: Tiny, before: list[tuple]) -> bool:
    return await active(tiny) not in ([], before)


async def test_a_second_relay_stands_by_and_takes_over(tiny: Tiny) -> None:
    us, first, second = new_alliance(), MemoryLog(), MemoryLog()
    standby = Relay(tiny.store, second, TOPIC)
    async with running(Relay(tiny.store, first, TOPIC)) as drain:
        await until(lambda: active(tiny))
        before = await active(tiny)
        async with running(standby):
            for _ in range(3):
                await tiny.count(us, uuid4())
                standby.wake()  # as its own process's commands do
            await until(lambda: sequences(first, us) == [1, 2, 3])
            assert sequences(second, us) == []
            drain.set()
            await tiny.count(us, uuid4())
            await until(lambda: 4 in sequences(first, us) + sequences(second, us))
            await until(lambda: held_by_another(tiny, before))


async def repeated(tiny: Tiny, alliance: Any, key: str) -> bool:
    try:
        await tiny.count(alliance, COUNTED, key=key)
    except DatabaseUnavailable:
        return False
    return True


async def test_a_database_lost_for_a_moment_does_not_end_the_relay(tiny: Tiny) -> None:
    us, log = new_alliance(), MemoryLog()
    async with running(Relay(tiny.store, log, TOPIC)):
        for number in range(1, 4):
            await until(lambda at=number: repeated(tiny, us, f"command {at}"))
            await until(lambda at=number: at in sequences(log, us))
            async with tiny.connect() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
    assert sorted(set(sequences(log, us))) == [1, 2, 3]


async def test_one_alliance_that_is_always_busy_does_not_starve_another(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "ALLIANCES", 1)
    monkeypatch.setattr(relay_module, "BATCH", 1)
    alliances, log = [new_alliance() for _ in range(4)], MemoryLog()
    for alliance in alliances:
        await tiny.count(alliance, uuid4(), Count(times=10))
    relay = Relay(tiny.store, log, TOPIC)
    for _ in range(6):
        await relay.step()
    assert all(sequences(log, alliance) for alliance in alliances)


async def test_a_rewound_alliance_is_sent_again_from_its_first_event(tiny: Tiny) -> None:
    us, them, log = new_alliance(), new_alliance(), MemoryLog()
    for alliance in (us, them):
        await tiny.count(alliance, uuid4(), Count(times=2))
    relay = Relay(tiny.store, log, TOPIC)
    await relay.step()
    async with tiny.store.transaction() as transaction:
        assert await rewind(transaction, us) == 1
    await relay.step()
    assert sequences(log, us) == [1, 2, 1, 2]
    assert sequences(log, them) == [1, 2]
    async with tiny.store.transaction() as transaction:
        assert await rewind(transaction, None) == 2
