"""What only the log in PostgreSQL promises: rights held by the database, no holes, and no changes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from events.ids import AllianceId
from events.log import Received, Record
from events.log_postgres import Arrivals, PostgresLog, create_topics
from rigs.postgres import Postgres

PURCHASING, TENDERS = "alliance.purchasing", "alliance.tenders"


@dataclass
class Roles:
    """A database with two topics, a writer for each, and a role that only reads."""

    database: str
    purchasing: str
    tenders: str
    reader: str

    async def prepare(self, postgres: Postgres) -> None:
        owner = await postgres.connect(self.database)
        await create_topics(owner, {PURCHASING: self.purchasing, TENDERS: self.tenders}, [self.reader])
        await owner.close()


@pytest.fixture
async def roles(postgres: Postgres, database: str) -> Roles:
    roles = Roles(database, *[await postgres.create_role() for _ in range(3)])
    await roles.prepare(postgres)
    return roles


@pytest.fixture
async def logs(postgres: Postgres, roles: Roles) -> AsyncIterator[dict[str, PostgresLog]]:
    """A log for each role; they share their arrivals as in one process."""
    arrivals = Arrivals()
    logs = {
        role: PostgresLog(f"postgresql://{role}@/{roles.database}?host={postgres.host}", arrivals)
        for role in (roles.purchasing, roles.tenders, roles.reader)
    }
    yield logs
    for log in logs.values():
        await log.close()


def event(value: bytes = b"{}") -> Record:
    return Record(AllianceId(uuid4()), value)


async def beginning(topic: str, partition: int, topic_id: UUID) -> int:
    return 0


async def everything(log: PostgresLog, topic: str) -> list[Received]:
    found: list[Received] = []
    async with log.reader([topic], "test", beginning) as reader:
        while batch := await reader.poll(0, 1000):
            found += batch
    return found


async def test_a_topic_takes_events_from_its_own_writer_alone(
    logs: dict[str, PostgresLog], roles: Roles
) -> None:
    assert await logs[roles.tenders].publish(PURCHASING, [event()]) == 0
    assert await logs[roles.reader].publish(PURCHASING, [event()]) == 0
    assert await everything(logs[roles.reader], PURCHASING) == []
    assert await logs[roles.purchasing].publish(PURCHASING, [event()]) == 1
    assert len(await everything(logs[roles.reader], PURCHASING)) == 1


async def test_a_writer_does_not_read_and_nobody_else_connects(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres
) -> None:
    await logs[roles.purchasing].publish(PURCHASING, [event()])
    assert await everything(logs[roles.purchasing], PURCHASING) == []
    stranger = await postgres.create_role()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await postgres.connect(roles.database, stranger)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {topic} SET value = ''",
        "DELETE FROM {topic}",
        "TRUNCATE {topic}",
        "INSERT INTO {topic} (\"offset\", key, value) VALUES (99, gen_random_uuid(), '')",
        "DROP TABLE {topic}",
        "ALTER TABLE {topic} DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE TABLE mine ()",
    ],
)
async def test_no_writer_changes_what_is_written(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres, statement: str
) -> None:
    await logs[roles.purchasing].publish(PURCHASING, [event(b"kept")])
    connection = await postgres.connect(roles.database, roles.purchasing)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.replace("{topic}", f'"{PURCHASING}"'))
    finally:
        await connection.close()
    assert [record.value for record in await everything(logs[roles.reader], PURCHASING)] == [b"kept"]


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize(
    "change", ["UPDATE {topic} SET value = ''", "DELETE FROM {topic}", "TRUNCATE {topic}"]
)
async def test_not_even_the_owner_changes_it_by_mistake(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres, change: str, mode: str
) -> None:
    await logs[roles.purchasing].publish(PURCHASING, [event(b"kept")])
    owner = await postgres.connect(roles.database)
    try:
        await owner.execute(f"SET session_replication_role = {mode}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="the log only grows"):
            await owner.execute(change.replace("{topic}", f'"{PURCHASING}"'))
    finally:
        await owner.close()
    assert [record.value for record in await everything(logs[roles.reader], PURCHASING)] == [b"kept"]


async def test_a_reader_never_steps_over_a_record_that_commits_late(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres
) -> None:
    slow = await postgres.connect(roles.database, roles.purchasing)
    watcher = await postgres.connect(roles.database)
    insert = f'INSERT INTO "{PURCHASING}" (key, value) VALUES (gen_random_uuid(), $1)'
    try:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(insert, b"first")
        async with asyncio.TaskGroup() as group:
            second = group.create_task(logs[roles.purchasing].publish(PURCHASING, [event(b"second")]))
            while not await watcher.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ):
                assert not second.done()
            assert await everything(logs[roles.reader], PURCHASING) == []
            await transaction.commit()
        assert second.result() == 1
    finally:
        await slow.close()
        await watcher.close()
    found = await everything(logs[roles.reader], PURCHASING)
    assert [(record.offset, record.value) for record in found] == [(0, b"first"), (1, b"second")]


async def test_what_is_rolled_back_leaves_no_hole(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres
) -> None:
    connection = await postgres.connect(roles.database, roles.purchasing)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        f'INSERT INTO "{PURCHASING}" (key, value) VALUES (gen_random_uuid(), $1)', b"never"
    )
    await transaction.rollback()
    await connection.close()
    await logs[roles.purchasing].publish(PURCHASING, [event(b"kept")])
    assert [record.offset for record in await everything(logs[roles.reader], PURCHASING)] == [0]


async def test_publishing_wakes_the_readers_of_the_process_through_whichever_log(
    logs: dict[str, PostgresLog], roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.log_postgres.IDLE_SECONDS", 3600)
    async with logs[roles.reader].reader([PURCHASING, TENDERS], "test", beginning) as reader:
        assert await reader.poll(0, 10) == []
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            waiting = group.create_task(reader.poll(3600, 10))
            await asyncio.sleep(0)
            await logs[roles.tenders].publish(TENDERS, [event(b"woken")])
            [record] = await waiting
    assert record.value == b"woken"


async def test_making_topics_again_keeps_what_is_in_them(
    logs: dict[str, PostgresLog], roles: Roles, postgres: Postgres
) -> None:
    await logs[roles.purchasing].publish(PURCHASING, [event(b"kept")])
    await roles.prepare(postgres)
    await logs[roles.purchasing].publish(PURCHASING, [event(b"next")])
    found = await everything(logs[roles.reader], PURCHASING)
    assert [(record.offset, record.value) for record in found] == [(0, b"kept"), (1, b"next")]


@pytest.mark.parametrize("name", ["", "Alliance", 'a"b', "a b", "a" * 60])
async def test_a_name_that_is_no_topic_is_refused(postgres: Postgres, database: str, name: str) -> None:
    owner = await postgres.connect(database)
    try:
        with pytest.raises(ValueError, match="not the name of a topic"):
            await create_topics(owner, {name: "postgres"}, [])
    finally:
        await owner.close()
