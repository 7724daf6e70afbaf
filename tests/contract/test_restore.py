"""A database that was put back takes back what its topic has, and gives nothing out twice: on either log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from events import restore as restore_module
from events.envelope import parse
from events.errors import NotRestored, Restoring
from events.follow import Arrived, Follower
from events.ids import AllianceId
from events.log import Received
from events.relay import rewind
from events.restore import tell
from events.store import Transaction
from rigs.counting import COUNTER, NOW, SERVICE, Count, MemoryLog
from rigs.postgres import Postgres
from rigs.restoring import (
    LAST,
    Guarded,
    Held,
    Past,
    Topic,
    connected,
    guarded,
    recorded,
    rows_of,
    topic_in_kafka,
    topic_in_postgres,
)


@pytest.fixture(params=["postgres", "kafka"])
async def topic(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Topic]:
    if request.param == "postgres":
        async with topic_in_postgres(postgres) as one:
            yield one
    else:
        async with topic_in_kafka(request.getfixturevalue("kafka")) as one:
            yield one


@pytest.fixture
async def local(postgres: Postgres) -> AsyncIterator[Topic]:
    """For what does not depend on the log."""
    async with topic_in_postgres(postgres) as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(restore_module, "TOLD_SECONDS", 0.05)


@pytest.fixture
async def past(postgres: Postgres, database: str, topic: Topic) -> AsyncIterator[Past]:
    past = Past(postgres, database, topic)
    await past.live()
    yield past
    await postgres.drop_database(past.copy)


@pytest.fixture
async def local_past(postgres: Postgres, database: str, local: Topic) -> AsyncIterator[Past]:
    past = Past(postgres, database, local)
    await past.live()
    yield past
    await postgres.drop_database(past.copy)


async def numbers(topic: Topic, alliance: AllianceId) -> list[int]:
    """Asserts that no number stands for two events."""
    found = await topic.bodies(alliance)
    bodies = {parse(body).sequence: body for body in found}
    assert all(bodies[parse(body).sequence] == body for body in found)
    return sorted(bodies)


async def test_what_was_lost_and_published_is_there_again_byte_for_byte(past: Past) -> None:
    async with past.again() as service:
        await service.restoration.begin()
        assert await recorded(past.postgres, past.copy) == past.before
        assert len(past.before["events"]) == LAST + 7
        await service.count(past.us, past.counters[0], times=2)
        await service.count(past.them, past.counters[2])
        await service.relayed()
        for alliance in (past.us, past.them):
            last = await service.store.last_sequence(alliance)
            assert await numbers(past.topic, alliance) == list(range(1, last + 1))
        assert sum([await service.store.last_sequence(one) for one in (past.us, past.them)]) == LAST + 10


async def test_nothing_is_recorded_before_it_is_compared_and_reading_goes_on(local_past: Past) -> None:
    past = local_past
    held = Held(past.topic.log)
    async with past.again(log=held) as service, asyncio.TaskGroup() as group:
        restoring = group.create_task(service.restoration.begin())
        with pytest.raises(Restoring):
            await service.count(past.us, past.counters[0])
        with pytest.raises(Restoring):
            await service.relay.step()
        async with service.store.transaction() as transaction:
            with pytest.raises(Restoring):
                await transaction.lock_head(past.us)
        assert len(await service.store.events(past.us, 0, 100)) == await service.store.last_sequence(past.us)
        assert await service.commands.state(past.us, COUNTER, past.counters[0]) == (2, 2)
        assert not service.restoration.standing()["done"]
        held.let_go.set()
        await restoring
        assert service.restoration.standing() == {"done": True, "not_restored": {}}
        await service.count(past.us, past.counters[0])
    assert await rows_of(past.postgres, past.copy, "SELECT count(*) FROM events") == [(LAST + 8,)]


@pytest.mark.parametrize("after", [1, 3])
async def test_killed_in_the_middle_it_is_done_by_the_next_start(
    local_past: Past, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = local_past
    monkeypatch.setattr(restore_module, "BATCH", 10)
    async with past.again() as service:
        appended = service.restoration._again
        done: list[int] = []

        async def killed(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
            await appended(transaction, alliance, events)
            done.append(len(events))
            if len(done) > after:
                raise asyncio.CancelledError

        service.restoration._again = killed
        with pytest.raises(asyncio.CancelledError):
            await service.restoration.begin()
        assert not service.restoration.standing()["done"]
    assert 7 < (await past.rows("SELECT count(*) FROM events"))[0][0] < LAST + 7
    async with past.again() as service:
        await service.restoration.begin()
    assert await recorded(past.postgres, past.copy) == past.before


async def test_two_processes_that_restore_at_once_append_once(local_past: Past) -> None:
    past = local_past
    async with past.again() as one, past.again() as other:
        await asyncio.gather(one.restoration.begin(), other.restoration.begin())
        await asyncio.gather(*(service.count(past.us, past.counters[0]) for service in (one, other)))
    assert (await past.rows("SELECT count(*) FROM events")) == [(LAST + 9,)]


async def test_what_no_topic_has_is_lost_and_its_number_free(local_past: Past) -> None:
    past = local_past
    async with guarded(past.postgres, past.database, past.topic) as service:
        await service.restoration.begin()
        await service.count(past.us, past.counters[0], times=5)
    async with past.again() as service:
        await service.restoration.begin()
        assert await recorded(past.postgres, past.copy) == past.before
        await service.count(past.us, past.counters[0])
        await service.relayed()
    assert len(await numbers(past.topic, past.us)) == 81 + 1


async def test_doubles_and_garbage_in_the_topic_change_nothing(past: Past) -> None:
    bodies = await past.topic.bodies(past.us)
    await past.topic.publish(
        past.us, *bodies, b"no event", bodies[3].replace(b'"source":"/tiny', b'"source":"/other')
    )
    async with past.again() as service:
        await service.restoration.begin()
        assert await recorded(past.postgres, past.copy) == past.before
        await service.count(past.us, past.counters[0])


@pytest.mark.parametrize("other", ["id", "bytes of a lost one", "bytes of one that is there"])
async def test_a_number_given_to_another_event_closes_its_alliance_and_no_other(
    past: Past, other: str
) -> None:
    if other == "id":
        # Without a gate, as a database put back used to: the number is given out again.
        async with past.again() as service:
            service.store.gate = None
            await service.count(past.us, past.counters[0])
    else:
        body = (await past.topic.bodies(past.us))[-1 if "lost" in other else 0]
        forged = body.replace(b'"by":1', b'"by":2')
        assert forged != body
        await past.topic.publish(past.us, forged)
    async with past.again() as service:
        await service.restoration.begin()
        assert service.restoration.standing() == {"done": True, "not_restored": {str(past.us): "fork"}}
        with pytest.raises(NotRestored):
            await service.count(past.us, past.counters[0])
        await service.count(past.them, past.counters[0])
    # The next start finds it again: reading does not go on past it.
    async with past.again() as service:
        await service.restoration.begin()
        with pytest.raises(NotRestored):
            await service.count(past.us, past.counters[0])


async def test_a_topic_with_a_hole_closes_its_alliance(local_past: Past) -> None:
    past = local_past
    last = (await past.topic.bodies(past.us))[-1]
    sequence = parse(last).sequence
    beyond = last.replace(f"{sequence:012d}".encode(), f"{sequence + 2:012d}".encode()).replace(
        parse(last).id.encode(), str(uuid4()).encode()
    )
    await past.topic.publish(past.us, beyond)
    async with past.again() as service:
        await service.restoration.begin()
        assert service.restoration.standing()["not_restored"] == {str(past.us): "gap"}


async def test_an_event_that_cannot_be_appended_closes_its_alliance(
    local_past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = local_past
    monkeypatch.setattr(restore_module, "BATCH", 10)
    async with past.again() as service:
        appended = service.restoration._again

        async def broken(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
            if alliance == past.us:
                raise ZeroDivisionError
            await appended(transaction, alliance, events)

        service.restoration._again = broken
        await service.restoration.begin()
        assert service.restoration.standing()["not_restored"] == {str(past.us): "cannot_append"}
        await service.count(past.them, past.counters[0])
    async with past.again() as service:  # once the cause is removed
        await service.restoration.begin()
        await service.count(past.us, past.counters[0])


async def test_the_next_start_reads_on_where_the_last_one_ended(past: Past) -> None:
    async with past.again() as service:
        await service.restoration.begin()
        await service.count(past.us, past.counters[0])
        await service.relayed()
    async with past.again() as service:
        compared: list[int] = []
        compare = service.restoration._compare

        async def counting(records: Sequence[Received], server: Any) -> None:
            compared.append(len(records))
            await compare(records, server)

        service.restoration._compare = counting
        await service.restoration.begin()
        assert sum(compared) == 1


async def test_a_topic_that_was_made_again_and_filled_gives_back_what_was_lost(past: Past) -> None:
    await past.topic.make_again()
    async with guarded(past.postgres, past.database, past.topic) as service:
        await service.restoration.begin()
        async with service.store.transaction() as transaction:
            await rewind(transaction, None)
        await service.relayed()
    async with past.again() as service:
        await service.restoration.begin()
        assert await recorded(past.postgres, past.copy) == past.before
        await service.count(past.us, past.counters[0])


@pytest.mark.parametrize("mark", ["of another timeline", "of another system", "none"])
async def test_on_another_server_nothing_is_recorded_while_the_log_is_down(
    local_past: Past, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = local_past
    monkeypatch.setattr(restore_module, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(restore_module, "START_SECONDS", 1.0)
    change = {
        "of another timeline": "UPDATE mark SET timeline = timeline + 1",
        "of another system": "UPDATE mark SET system_id = system_id + 1",
        "none": "DELETE FROM mark",
    }
    async with connected(past.postgres, past.copy) as connection:
        assert (await connection.execute(change[mark])).endswith(" 1")
    drain = asyncio.Event()
    async with past.again(log=Down()) as service:
        await service.restoration.begin()
        with pytest.raises(Restoring):
            await service.count(past.us, past.counters[0])
        service.restoration._log = past.topic.log
        async with asyncio.TaskGroup() as group:
            group.create_task(service.restoration.run(drain))
            await until_open(service)
            drain.set()
    assert await recorded(past.postgres, past.copy) == past.before
    assert len(await past.rows("SELECT FROM mark")) == 1


async def test_on_the_same_server_commands_do_not_wait_for_a_log_that_is_down(
    local_past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = local_past
    monkeypatch.setattr(restore_module, "PATIENCE_SECONDS", 0.1)
    async with guarded(past.postgres, past.database, past.topic, log=Down()) as service:
        await service.restoration.begin()
        await service.count(past.us, past.counters[0])


class Down(MemoryLog):
    """Of which nothing is heard."""

    def reader(self, *arguments: Any) -> Any:
        reader = super().reader(*arguments)

        async def ends() -> dict[tuple[str, int], int]:
            return {}

        async def poll(seconds: float, limit: int) -> Sequence[Received]:
            return []

        reader.ends = ends  # type: ignore[method-assign]
        reader.poll = poll  # type: ignore[method-assign]
        return reader


async def until_open(service: Guarded, opens: bool = True) -> None:
    async with asyncio.timeout(20):
        while service.restoration.standing()["done"] is not opens:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.005)


async def test_a_running_service_restores_when_an_operator_says_so(local_past: Past) -> None:
    past = local_past
    drain, held = asyncio.Event(), Held(past.topic.log)
    held.let_go.set()
    async with past.again(log=held) as service, asyncio.TaskGroup() as group:
        group.create_task(service.restoration.run(drain))
        await until_open(service)
        held.let_go.clear()
        await tell(service.store)
        await until_open(service, opens=False)
        with pytest.raises(Restoring):
            await service.count(past.us, past.counters[0])
        held.let_go.set()
        await until_open(service)
        await service.count(past.us, past.counters[0])
        drain.set()
    assert len(await past.rows("SELECT FROM mark")) == 1


async def test_a_reaction_that_the_topic_has_is_not_made_again(local_past: Past) -> None:
    """The follower went back with its database and hears of its causes once more."""
    past = local_past
    causes = MemoryLog()
    cause = (await past.topic.bodies(past.us))[0].replace(b'"source":"/tiny', b'"source":"/other')
    causes.records["alliance.other"] = [(str(past.us).encode(), cause)]

    def follower(service: Guarded) -> Follower:
        async def react(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
            for event in events:
                await service.commands.react(
                    transaction, event.head, COUNTER, past.counters[0], Count(times=2), NOW
                )

        return Follower(service.store, causes, {"alliance.other": "other"}, SERVICE, react)

    async def follow(service: Guarded) -> None:
        following = follower(service)
        async with causes.reader(["alliance.other"], SERVICE, following._positions.start) as reader:
            await following.step(reader)

    async with guarded(past.postgres, past.database, past.topic) as service:
        await service.restoration.begin()
        await follow(service)
        await service.relayed()
    before = await recorded(past.postgres, past.database)
    assert len(before["events"]) == LAST + 9
    async with past.again() as service:
        with pytest.raises(Restoring):  # before it is restored, the number would be another event's
            await follow(service)
        await service.restoration.begin()
        await follow(service)
        assert await recorded(past.postgres, past.copy) == before
        assert await past.rows("SELECT sequence FROM followed WHERE source = 'other'") == [(1,)]
        assert await past.rows("SELECT FROM frozen") == []
