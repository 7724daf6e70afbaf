"""What every log between services promises, shown on each: on a real PostgreSQL and a real Kafka broker."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import UUID, uuid4

import pytest

from events.ids import AllianceId
from events.log import Log, PositionLost, Reader, Received, Record
from rigs.logs import Rig, Starts, log_in_kafka, log_in_postgres
from rigs.postgres import Postgres


@pytest.fixture(scope="module")
def crash_postgres() -> Iterator[Postgres]:
    """A server that may be killed: the one of the test run has other users."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(params=["postgres", "kafka", "kafka, in no group"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "postgres":
        making = log_in_postgres(request.getfixturevalue("crash_postgres"))
    else:
        making = log_in_kafka(request.getfixturevalue("kafka"), grouped=request.param == "kafka")
    async with making as one:
        yield one


def alliance() -> AllianceId:
    return AllianceId(uuid4())


def records(of: AllianceId, count: int, first: int = 0) -> list[Record]:
    return [Record(of, f"{of}/{number}".encode()) for number in range(first, first + count)]


async def read(reader: Reader, count: int, limit: int = 100) -> list[Received]:
    """Polls until `count` records came; the test's timeout ends it if they never do."""
    found: list[Received] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            batch = await reader.poll(1, limit)
            assert len(batch) <= limit
            found += batch
    assert len(found) == count
    return found


async def publish_all(log: Log, topic: str, wanted: Sequence[Record]) -> None:
    """As a relay does: the rest again, until all are acknowledged."""
    async with asyncio.timeout(60):
        done = 0
        while done < len(wanted):
            done += await log.publish(topic, wanted[done:])


async def test_a_reader_gets_all_of_an_alliance_in_order_with_its_key_and_bytes(rig: Rig) -> None:
    us = alliance()
    sent = records(us, 250)
    assert await rig.log.publish(rig.topic, sent) == 250
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        found = await read(reader, 250)
    assert [record.value for record in found] == [record.value for record in sent]
    assert {record.key for record in found} == {str(us).encode()}
    assert {record.topic for record in found} == {rig.topic}
    assert len({record.partition for record in found}) == 1
    assert [record.offset for record in found] == list(range(250))


async def test_values_come_back_byte_for_byte_whatever_their_size(rig: Rig) -> None:
    values = [b"", b"\x00", bytes(range(256)), b"\x00\xff" * 30_000, "é€".encode()]
    us = alliance()
    assert await rig.log.publish(rig.topic, [Record(us, value) for value in values]) == len(values)
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        assert [record.value for record in await read(reader, len(values))] == values


async def test_more_than_a_batch_takes_is_published_in_order(rig: Rig) -> None:
    us = alliance()
    sent = [Record(us, number.to_bytes(4) + bytes(50_000)) for number in range(40)]
    assert await rig.log.publish(rig.topic, sent) == 40
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        assert [record.value for record in await read(reader, 40)] == [record.value for record in sent]


async def test_nothing_to_publish_is_no_trouble(rig: Rig) -> None:
    assert await rig.log.publish(rig.topic, []) == 0


async def test_alliances_published_at_once_each_keep_their_order_and_offsets_have_no_hole(
    rig: Rig,
) -> None:
    alliances = [alliance() for _ in range(20)]

    async def publish(of: AllianceId) -> None:
        for round_ in range(10):
            assert await rig.log.publish(rig.topic, records(of, 5, first=5 * round_)) == 5

    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader, asyncio.TaskGroup() as group:
        for of in alliances:
            group.create_task(publish(of))
        found = await read(reader, 20 * 50)
    by_key: dict[bytes | None, list[bytes | None]] = defaultdict(list)
    by_partition: dict[int, list[int]] = defaultdict(list)
    for record in found:
        by_key[record.key].append(record.value)
        by_partition[record.partition].append(record.offset)
    assert by_key == {str(of).encode(): [record.value for record in records(of, 50)] for of in alliances}
    for offsets in by_partition.values():
        assert offsets == list(range(len(offsets)))


async def test_two_writers_of_a_topic_leave_no_hole_and_no_double(rig: Rig) -> None:
    one, two = rig.writer(), rig.writer()
    try:
        async with asyncio.TaskGroup() as group:
            for log in (one, two) * 10:
                group.create_task(log.publish(rig.topic, records(alliance(), 10)))
        async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
            found = await read(reader, 200)
    finally:
        await one.close()
        await two.close()
    assert len({record.value for record in found}) == 200
    assert len({(record.partition, record.offset) for record in found}) == 200


async def test_groups_read_independently_and_a_late_one_reads_everything(rig: Rig) -> None:
    us = alliance()
    await publish_all(rig.log, rig.topic, records(us, 10))
    async with rig.log.reader([rig.topic], rig.group, Starts()) as early:
        assert len(await read(early, 10)) == 10
        await publish_all(rig.log, rig.topic, records(us, 10, first=10))
        async with rig.log.reader([rig.topic], rig.group and f"{rig.group}-late", Starts()) as late:
            everything = [record.value for record in records(us, 20)]
            assert [record.value for record in await read(late, 20)] == everything
        assert [record.value for record in await read(early, 10)] == everything[10:]


async def test_a_reader_starts_where_its_follower_stands_whatever_was_committed(rig: Rig) -> None:
    await publish_all(rig.log, rig.topic, records(us := alliance(), 10))
    starts = Starts()
    async with rig.log.reader([rig.topic], rig.group, starts) as reader:
        found = await read(reader, 10)
        place = (rig.topic, found[0].partition)
        await reader.committed({place: 10})
    assert place in starts.asked
    again = Starts({place: 7})
    async with rig.log.reader([rig.topic], rig.group, again) as reader:
        assert [record.value for record in await read(reader, 3)] == [
            record.value for record in records(us, 3, first=7)
        ]
    assert place in again.asked


async def test_what_the_follower_cannot_say_comes_out_of_poll_and_nothing_is_read_meanwhile(
    rig: Rig,
) -> None:
    await publish_all(rig.log, rig.topic, records(alliance(), 3))
    broken = True

    async def start(topic: str, partition: int, topic_id: UUID) -> int:
        if broken:
            raise ConnectionError("the follower's database is down")
        return 0

    async with rig.log.reader([rig.topic], rig.group, start) as reader:
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await reader.poll(5, 100)
        broken = False
        assert [record.offset for record in await read(reader, 3)] == [0, 1, 2]


async def test_seeking_back_reads_again(rig: Rig) -> None:
    await publish_all(rig.log, rig.topic, records(alliance(), 10))
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        found = await read(reader, 10)
        reader.seek(rig.topic, found[0].partition, 4)
        assert await read(reader, 6) == found[4:]
        reader.seek("alliance.unknown", 0, 0)


async def test_a_position_past_the_end_is_reported_and_not_read_on_from_elsewhere(rig: Rig) -> None:
    await publish_all(rig.log, rig.topic, records(alliance(), 3))
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        found = await read(reader, 3)
        partition = found[0].partition
        reader.seek(rig.topic, partition, 9)
        for _ in range(2):
            with pytest.raises(PositionLost) as lost:
                await reader.poll(10, 100)
            assert (lost.value.topic, lost.value.partition, lost.value.offset) == (rig.topic, partition, 9)
            assert lost.value.goes_on == 3
        reader.seek(rig.topic, partition, 2)
        assert await read(reader, 1) == found[2:]


async def test_restarted_a_reader_asks_again_where_its_follower_stands(rig: Rig) -> None:
    await publish_all(rig.log, rig.topic, records(alliance(), 10))
    starts = Starts()
    async with rig.log.reader([rig.topic], rig.group, starts) as reader:
        found = await read(reader, 10)
        starts.offsets[rig.topic, found[0].partition] = 7
        reader.restart()
        assert await read(reader, 3) == found[7:]
    assert len(set(starts.ids)) == 1


async def test_a_topic_made_again_is_told_apart_though_it_has_grown_past_the_position(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("log_postgres", "reader_kafka"):
        monkeypatch.setattr(f"events.{module}.SAME_TOPIC_SECONDS", 0.2)
    us = alliance()
    starts = Starts()
    async with rig.log.reader([rig.topic], rig.group, starts) as reader:
        await publish_all(rig.log, rig.topic, records(us, 5))
        await read(reader, 5)
        await rig.make_again()
        log = rig.writer()
        await publish_all(log, rig.topic, records(us, 8, first=100))
        await log.close()
        seen: list[Received] = []
        async with asyncio.timeout(60):
            while len(set(starts.ids)) < 2 or len(seen) < 8:
                asked = len(set(starts.ids))
                batch = list(await reader.poll(0.2, 100))
                # What the reader gave before it looked is read again from the beginning.
                seen = batch if len(set(starts.ids)) > asked else [*seen, *batch]
    assert [record.value for record in seen] == [record.value for record in records(us, 8, first=100)]


async def test_an_idle_poll_gives_nothing_when_its_time_is_over(rig: Rig) -> None:
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        await reader.poll(0.1, 100)
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert await reader.poll(0.3, 100) == []
        assert 0.25 < loop.time() - before < 2


async def test_a_waiting_reader_is_told_at_once(rig: Rig) -> None:
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        await publish_all(rig.log, rig.topic, records(alliance(), 1))
        await read(reader, 1)
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(reader.poll(30, 100))
            while not waiting.done():
                before = loop.time()
                await publish_all(rig.log, rig.topic, records(alliance(), 1))
                await waiting
        assert loop.time() - before < 1


async def test_several_topics_are_read_by_one_reader_and_none_starves(rig: Rig) -> None:
    ours, theirs = records(alliance(), 300), records(alliance(), 10)
    await publish_all(rig.log, rig.topic, ours)
    await publish_all(rig.log, rig.other_topic, theirs)
    async with rig.log.reader([rig.topic, rig.other_topic], rig.group, Starts()) as reader:
        found = await read(reader, 310, limit=50)
    for topic, sent in ((rig.topic, ours), (rig.other_topic, theirs)):
        assert [record.value for record in found if record.topic == topic] == [
            record.value for record in sent
        ]


async def test_the_ends_tell_the_lag(rig: Rig) -> None:
    await publish_all(rig.log, rig.topic, records(alliance(), 12))
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        found = await read(reader, 12)
        ends = await reader.ends()
    assert ends[(rig.topic, found[0].partition)] == 12
    assert sum(ends.values()) == 12


async def test_garbage_is_delivered_as_it_was_found(rig: Rig) -> None:
    await rig.garbage(b"\xff\xfe no event {")
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        [record] = await read(reader, 1)
    assert record.value == b"\xff\xfe no event {"
    assert record.key in (b"\xff no id", str(UUID(int=1)).encode())


async def test_what_was_acknowledged_outlives_a_killed_server_and_all_go_on_after_it(rig: Rig) -> None:
    us = alliance()
    assert await rig.log.publish(rig.topic, records(us, 50)) == 50
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        found = await read(reader, 50)
        rig.server.kill()
        assert await reader.poll(0.2, 100) == []
        rig.server.start()
        await publish_all(rig.log, rig.topic, records(us, 50, first=50))
        found += await read(reader, 50)
    assert [record.value for record in found] == [record.value for record in records(us, 100)]


async def test_publishing_while_the_server_is_down_acknowledges_nothing_and_ends(rig: Rig) -> None:
    us = alliance()
    assert await rig.log.publish(rig.topic, records(us, 1)) == 1
    log = rig.writer()
    assert await log.publish(rig.topic, records(us, 1, first=1)) == 1
    rig.server.kill()
    try:
        async with asyncio.timeout(30):
            assert await log.publish(rig.topic, records(us, 2, first=2)) == 0
    finally:
        rig.server.start()
    await publish_all(log, rig.topic, records(us, 2, first=2))
    await log.close()
    async with rig.log.reader([rig.topic], rig.group, Starts()) as reader:
        first_seen: dict[bytes | None, None] = {}
        async with asyncio.timeout(60):
            while len(first_seen) < 4:
                first_seen |= dict.fromkeys(record.value for record in await reader.poll(1, 100))
    assert list(first_seen) == [record.value for record in records(us, 4)]
