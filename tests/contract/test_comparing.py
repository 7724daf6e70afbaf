"""A service's log against its topic, on either log: each way in which they may disagree is found."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from events import comparing
from events.comparing import Compared, LogDown, compare
from events.envelope import parse
from events.ids import AllianceId
from rigs.counting import SERVICE, MemoryLog, new_alliance
from rigs.postgres import Postgres
from rigs.restoring import Guarded, Topic, connected, guarded, prepared, topic_in_kafka, topic_in_postgres


@pytest.fixture(params=["postgres", "kafka"])
async def topic(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Topic]:
    if request.param == "postgres":
        async with topic_in_postgres(postgres) as one:
            yield one
    else:
        async with topic_in_kafka(request.getfixturevalue("kafka")) as one:
            yield one


@pytest.fixture
async def service(postgres: Postgres, database: str, topic: Topic) -> AsyncIterator[Guarded]:
    await prepared(postgres, database)
    async with guarded(postgres, database, topic) as one:
        await one.restoration.begin()
        yield one


@pytest.fixture
def us() -> AllianceId:
    return new_alliance()


async def held(service: Guarded, topic: Topic) -> Compared:
    seen: list[tuple[int, int]] = []
    found = await compare(
        service.store, topic.log, topic.name, SERVICE, (), lambda done, of: seen.append((done, of))
    )
    assert seen[-1][0] == seen[-1][1]
    return found


async def test_a_log_and_its_topic_agree_doubles_garbage_and_what_waits_included(
    service: Guarded, topic: Topic, us: AllianceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "BATCH", 4)
    them = new_alliance()
    for alliance in (us, them):
        await service.count(alliance, uuid4(), times=7)
    await service.relayed()
    bodies = await topic.bodies(us)
    await topic.publish(
        us, *bodies[2:5], b"no event", bodies[0].replace(b'"source":"/tiny', b'"source":"/other')
    )
    await service.count(us, uuid4())
    assert await held(service, topic) == Compared(7 + 7 + 3, [])


async def test_what_the_log_lacks_is_found(
    service: Guarded, topic: Topic, us: AllianceId, postgres: Postgres, database: str
) -> None:
    await service.count(us, uuid4(), times=3)
    await service.relayed()
    event = parse((await topic.bodies(us))[-1]).id
    async with connected(postgres, database) as connection:
        await connection.execute("ALTER TABLE events DISABLE TRIGGER append_only")
        await connection.execute("DELETE FROM events WHERE sequence = 3")
    assert (await held(service, topic)).faults == [
        f"{us}: the event {event} is in the topic and not in the log",
        f"{us}: 3 was relayed and is not in the topic",
    ]


async def test_an_entry_changed_in_the_database_is_found(
    service: Guarded, topic: Topic, us: AllianceId, postgres: Postgres, database: str
) -> None:
    await service.count(us, uuid4(), times=3)
    await service.relayed()
    async with connected(postgres, database) as connection:
        await connection.execute("ALTER TABLE events DISABLE TRIGGER append_only")
        await connection.execute("UPDATE events SET body = body || ' ' WHERE sequence = 2")
    assert (await held(service, topic)).faults == [f"{us}: 2 has other bytes in the topic"]


async def test_a_hole_in_the_topic_and_what_never_came_to_it_are_found(
    service: Guarded, topic: Topic, us: AllianceId
) -> None:
    await service.count(us, uuid4(), times=5)
    bodies = [body for _, body in await service.store.events(us, 0, 10)]
    await topic.publish(us, bodies[0], bodies[2])
    async with service.store.transaction() as transaction:
        await transaction.raw.execute("UPDATE heads SET relayed_sequence = 5")
    assert (await held(service, topic)).faults == [
        f"{us}: 3 comes in the topic after 1",
        f"{us}: 4 was relayed and is not in the topic",
    ]


async def test_a_log_of_which_nothing_is_heard_is_not_waited_for_for_ever(service: Guarded) -> None:
    class Down(MemoryLog):
        def reader(self, *arguments: Any) -> Any:
            reader = super().reader(*arguments)

            async def ends() -> dict[tuple[str, int], int]:
                return {}

            reader.ends = ends  # type: ignore[method-assign]
            return reader

    seen: list[tuple[int, int]] = []
    with pytest.raises(LogDown):
        await compare(
            service.store,
            Down(),
            "alliance.tiny",
            SERVICE,
            (),
            lambda done, of: seen.append((done, of)),
            patience=0.1,
        )
    assert set(seen) == {(0, 0)}
