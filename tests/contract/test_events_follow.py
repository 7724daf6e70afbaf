"""Following on a real PostgreSQL: each event once, in order, or the alliance visibly stands still."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from events import follow as follow_module
from events.errors import DatabaseUnavailable, Frozen, Unavailable, UnknownSource
from events.follow import Arrived, CannotApply
from events.freezing import frozen, resume
from events.ids import AllianceId
from events.positions import Overtaken
from events.store import Store, Transaction
from rigs.counting import TOPIC, MemoryLog, Tiny, counted_event, new_alliance, url_of
from rigs.following import OTHER, Rig, followed_by, running, until
from rigs.postgres import Postgres


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with followed_by(postgres, database) as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "RETRY_SECONDS", 0.02)


@pytest.fixture
def rig(tiny: Tiny) -> Rig:
    return Rig(tiny)


async def test_each_event_is_applied_once_and_reading_goes_on_where_it_ended(rig: Rig) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2)
    rig.put(them, 1)
    rig.put(us, 1, topic=OTHER)
    await rig.read()
    rig.put(us, 3)
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3]
    assert await rig.applied(us, "other") == [1]
    assert await rig.applied(them) == [1]
    assert await rig.tiny.rows("SELECT topic, next_offset FROM positions ORDER BY topic") == [
        (OTHER, 1),
        (TOPIC, 4),
    ]


async def test_a_duplicate_is_passed_over(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2, 2, 1)  # within one batch
    await rig.read()
    rig.put(us, 1, 2, 3)  # and over two, as a relay that was rewound sends them
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3]
    assert await rig.stands(us) is None


@pytest.mark.parametrize("batches", [1, 2])
async def test_the_same_number_with_other_bytes_is_a_fork(rig: Rig, batches: int) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2)
    if batches == 2:
        await rig.read()
    rig.put(us, 2, by=99)
    rig.put(us, 3)
    rig.put(them, 1)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 2, "fork")
    assert await rig.applied(us) == [1, 2]
    assert await rig.applied(them) == [1]


async def test_a_gap_freezes_there_and_the_others_go_on(rig: Rig) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2, 4, 5)
    rig.put(them, 1)
    await rig.read()
    rig.put(us, 6)
    rig.put(us, 1, topic=OTHER)
    rig.put(them, 2)
    await rig.read()
    assert await rig.applied(us) == [1, 2]
    assert await rig.applied(us, "other") == []
    assert await rig.stands(us) == ("tiny", 4, "gap")
    assert await rig.applied(them) == [1, 2]


async def test_a_gap_closes_by_itself_once_the_relay_was_rewound(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2, 4, 5)
    rig.put(us, 1, 2, topic=OTHER)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 4, "gap")
    rig.put(us, 3, topic=OTHER)
    await rig.read()
    rig.put(us, 1, 2, 3, 4, 5, 6)
    await rig.read(6)
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3, 4, 5, 6]
    assert await rig.applied(us, "other") == [1, 2, 3]


@pytest.mark.parametrize("batch", [1, 3, 50])
async def test_a_gap_and_what_closes_it_may_come_at_once(rig: Rig, batch: int) -> None:
    rig.follower._batch = batch
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2, 4)
    rig.put(us, 1, topic=OTHER)
    rig.put(them, 1, 3, 1, 2, 3)
    rig.put(us, 1, 2, 3, 4, 5)
    rig.put(us, 2, topic=OTHER)
    rig.put(them, 4)
    await rig.read(40 // batch + 8)
    assert await frozen(rig.store) == []
    assert await rig.applied(us) == [1, 2, 3, 4, 5]
    assert await rig.applied(us, "other") == [1, 2]
    assert await rig.applied(them) == [1, 2, 3, 4]


async def test_a_gap_resumed_by_hand_before_anything_was_sent_again_is_seen_again(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 3)
    await rig.read()
    assert await resume(rig.store, us)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 3, "gap")
    assert await rig.applied(us) == [1]


@pytest.mark.parametrize(
    "fault",
    [
        ZeroDivisionError("a fault of the rule"),
        CannotApply("unknown_event", "no rule for it"),
        FileNotFoundError("a fault of the rule too"),
        Unavailable("stream_broken", stream="x"),
    ],
)
async def test_what_cannot_be_applied_freezes_at_that_event(rig: Rig, fault: Exception) -> None:
    us, them = new_alliance(), new_alliance()
    rig.faults[us, 3] = fault
    rig.put(us, 1, 2, 3, 4)
    rig.put(them, 1)
    await rig.read()
    rig.put(us, 5)
    rig.put(them, 2)
    await rig.read()
    code = fault.code if isinstance(fault, CannotApply) else "cannot_apply"
    assert await rig.stands(us) == ("tiny", 3, code)
    assert await rig.applied(us) == [1, 2]
    assert await rig.applied(them) == [1, 2]


async def test_resumed_it_reads_on_from_the_first_record_held_of_every_source(rig: Rig) -> None:
    us, them = new_alliance(), new_alliance()
    rig.faults[us, 2] = ZeroDivisionError()
    rig.put(us, 1, 2)
    await rig.read()
    rig.put(us, 1, topic=OTHER)
    rig.put(us, 3)
    rig.put(them, 1, 2)
    await rig.read()
    rig.faults.clear()
    assert await resume(rig.store, us)
    assert not await resume(rig.store, us)
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3]
    assert await rig.applied(us, "other") == [1]
    assert await rig.applied(them) == [1, 2]


@pytest.mark.parametrize("later", [[], [4, 5]])
async def test_an_operator_who_resumes_while_records_are_in_hand_is_heard(rig: Rig, later: list[int]) -> None:
    us, them = new_alliance(), new_alliance()
    rig.faults[us, 2] = ZeroDivisionError()
    rig.put(us, 1, 2, 3)
    await rig.read()
    assert await rig.stands(us) is not None
    rig.faults.clear()
    rig.put(us, *later)
    rig.put(them, 1)
    resumed: list[bool] = []

    async with rig.log.reader([TOPIC, OTHER], "group", rig.follower._positions.start) as reader:
        records = await reader.poll(0, 50)
        resumed.append(await resume(rig.store, us))
        with pytest.raises(Overtaken):
            await rig.follower._apply_batch(records)
    assert resumed == [True]
    assert await rig.stands(us) is None, "what was in hand froze it again"
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3, *later]


async def test_junk_in_hand_does_not_move_the_position_past_what_was_resumed(rig: Rig) -> None:
    us = new_alliance()
    rig.faults[us, 2] = ZeroDivisionError()
    rig.put(us, 1, 2)
    await rig.read()
    rig.faults.clear()
    rig.log.records[TOPIC].append((b"x", b"no event"))
    async with rig.log.reader([TOPIC, OTHER], "group", rig.follower._positions.start) as reader:
        records = await reader.poll(0, 50)
        await resume(rig.store, us)
        with pytest.raises(Overtaken):
            await rig.follower._apply_batch(records)
    await rig.read()
    assert await rig.applied(us) == [1, 2]


async def test_an_idle_follower_that_runs_hears_of_a_resume(rig: Rig) -> None:
    us = new_alliance()
    rig.faults[us, 2] = ZeroDivisionError()
    rig.put(us, 1, 2)
    async with running(rig.follower):
        await until(lambda: rig.stands(us))
        rig.faults.clear()
        await resume(rig.store, us)
        await rig.follower.wait("tiny", us, 2, 10)
    assert await rig.applied(us) == [1, 2]


GARBAGE: dict[str, tuple[bytes | None, bytes | None]] = {
    "nothing": (None, None),
    "no event": (b"x", b"no event"),
    "another source": (b"x", counted_event(new_alliance(), 1, service="other")),
    "another key": (str(uuid4()).encode(), counted_event(new_alliance(), 1)),
    "no number a column holds": (
        b"x",
        counted_event(new_alliance(), 1).replace(b'"sequence":"0000', b'"sequence":"99999999999999999999'),
    ),
}


@pytest.mark.parametrize("record", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_passed_over(rig: Rig, record: tuple[bytes | None, bytes | None]) -> None:
    us = new_alliance()
    rig.log.records[TOPIC] = [record, record]
    await rig.read()
    rig.put(us, 1)
    await rig.read()
    assert await rig.applied(us) == [1]
    assert await frozen(rig.store) == []


@pytest.mark.parametrize(
    "damage",
    [
        (b'"sequence":"0000', b'"sequence":"99999999999999999999'),
        (b'"type":', b'"kind":'),
        (b'"data":{', b'"more":{'),
        (b'"id":"', b'"id":1,"x":"'),
    ],
)
async def test_an_event_of_the_service_that_cannot_be_read_is_not_passed_over(
    rig: Rig, damage: tuple[bytes, bytes]
) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1)
    whole = counted_event(us, 2)
    assert damage[0] in whole
    rig.log.records[TOPIC].append((str(us).encode(), whole.replace(*damage)))
    rig.put(us, 3)
    rig.put(them, 1)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 2, "unreadable")
    assert await rig.applied(us) == [1]
    assert await rig.applied(them) == [1]
    rig.log.records[TOPIC][1] = (str(us).encode(), whole)  # as a program that can read it sees it
    assert await resume(rig.store, us)
    await rig.read()
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3]


async def test_a_database_that_is_lost_freezes_nobody(rig: Rig) -> None:
    us = new_alliance()
    lost = [DatabaseUnavailable(), DatabaseUnavailable()]

    async def apply(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        if lost:
            raise lost.pop()
        await rig.apply(transaction, alliance, events)

    rig.follower._apply = apply
    rig.put(us, 1, 2)
    async with running(rig.follower):
        await rig.follower.wait("tiny", us, 2, 10)
        async with rig.tiny.connect() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        rig.put(us, 3)
        await until(lambda: reached(rig, us, 3))
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3]


async def reached(rig: Rig, alliance: AllianceId, sequence: int) -> bool:
    return sequence in await rig.applied(alliance)


async def test_two_followers_of_one_database_never_apply_twice(tiny: Tiny) -> None:
    stores = [Store.connect(url_of(tiny.postgres, tiny.database), pool_size=3) for _ in range(2)]
    log = MemoryLog()
    rigs = [Rig(tiny, store, log) for store in stores]
    alliances = [new_alliance() for _ in range(5)]
    try:
        async with running(*(rig.follower for rig in rigs)):
            for sequence in range(1, 41):
                for alliance in alliances:
                    rigs[0].put(alliance, sequence)
                await asyncio.sleep(0)
            for alliance in alliances:
                await rigs[1].follower.wait("tiny", alliance, 40, 30)
        for alliance in alliances:
            assert await rigs[0].applied(alliance) == list(range(1, 41))
        assert await frozen(stores[0]) == []
    finally:
        for store in stores:
            await store.close()


async def test_partitions_that_another_replica_has_now_are_none_of_its_business(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1)

    async with rig.log.reader([TOPIC, OTHER], "group", rig.follower._positions.start) as reader:
        await rig.follower.step(reader)
        async with rig.tiny.connect() as connection:
            await connection.execute("UPDATE positions SET next_offset = 9 WHERE topic = $1", OTHER)
        reader._ids.pop(OTHER)
        reader._topics.remove(OTHER)
        before = rig.log.starts
        for _ in range(3):
            await rig.follower.step(reader)
        assert rig.log.starts == before
        rig.put(us, 2)
        assert await rig.follower.step(reader) == 1
    assert await rig.applied(us) == [1, 2]


async def test_one_waits_until_the_event_is_applied_and_no_longer(rig: Rig) -> None:
    us = new_alliance()
    with pytest.raises(UnknownSource):
        await rig.follower.wait("weather", us, 1, 1)
    with pytest.raises(Unavailable) as raised:
        await rig.follower.wait("tiny", us, 1, 0)
    assert raised.value.code == "position_not_reached"
    async with running(rig.follower):
        waiting = [asyncio.create_task(rig.follower.wait("tiny", us, 2, 20)) for _ in range(20)]
        rig.put(us, 1)
        await rig.follower.wait("tiny", us, 1, 10)
        assert not any(task.done() for task in waiting)
        rig.put(us, 2)
        await asyncio.gather(*waiting)


async def test_who_waits_for_a_frozen_alliance_is_told_at_once(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 3)
    await rig.read()
    await rig.follower.wait("tiny", us, 1, 0)
    with pytest.raises(Frozen):
        await rig.follower.wait("tiny", us, 2, 60)
