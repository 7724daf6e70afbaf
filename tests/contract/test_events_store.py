"""The event store on a real PostgreSQL: gapless, append only, one writer an alliance, nothing half done."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from events.errors import DatabaseUnavailable
from events.store import Appended, Store
from rigs.counting import Tiny, new_alliance, tiny_service, url_of
from rigs.postgres import Postgres
from rigs.proxy import Proxy


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        yield one


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """One that may be stopped."""
    server = Postgres()
    yield server
    server.close()


def new(stream: str, version: int, body: bytes = b"{}") -> Appended:
    return Appended(stream, version, str(uuid4()), "alliance.tiny.counted.v1", body)


async def test_sequences_have_no_hole_whatever_is_rolled_back(tiny: Tiny) -> None:
    us, them = new_alliance(), new_alliance()

    async def write(number: int) -> None:
        alliance = us if number % 3 else them
        try:
            async with tiny.store.transaction() as transaction:
                last = await transaction.lock_head(alliance)
                await transaction.append(alliance, last, [new(f"a/{number}", 1), new(f"b/{number}", 1)])
                if number % 4 == 0:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            return

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(write(number))
    for alliance in (us, them):
        found = [sequence for sequence, _ in await tiny.store.events(alliance, 0, 1000)]
        assert found == list(range(1, len(found) + 1))
        assert await tiny.store.last_sequence(alliance) == len(found) > 0


async def test_an_append_on_another_head_than_the_one_read_writes_nothing(tiny: Tiny) -> None:
    us = new_alliance()
    async with tiny.store.transaction() as transaction:
        await transaction.append(us, await transaction.lock_head(us), [new("a/1", 1)])
    before = await tiny.everything()
    for last in (0, 2):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            async with tiny.store.transaction() as transaction:
                await transaction.append(us, last, [new("a/1", 2)])
    with pytest.raises(asyncpg.UniqueViolationError):  # a version given out twice
        async with tiny.store.transaction() as transaction:
            await transaction.append(us, await transaction.lock_head(us), [new("a/1", 1)])
    assert await tiny.everything() == before


async def test_an_event_id_is_given_out_once_in_all_alliances(tiny: Tiny) -> None:
    us, them = new_alliance(), new_alliance()
    event = new("a/1", 1)
    async with tiny.store.transaction() as transaction:
        await transaction.append(us, await transaction.lock_head(us), [event])
    before = await tiny.everything()
    with pytest.raises(asyncpg.UniqueViolationError):
        async with tiny.store.transaction() as transaction:
            await transaction.append(them, await transaction.lock_head(them), [event])
    assert await tiny.everything() == before


async def test_the_bytes_come_back_as_they_were(tiny: Tiny) -> None:
    us = new_alliance()
    body = b'{"b": 1, "a":\xc3\xa9 , "a": 2}\x00\xff'
    async with tiny.store.transaction() as transaction:
        await transaction.append(us, await transaction.lock_head(us), [new("a/1", 1, body)])
    assert await tiny.store.events(us, 0, 10) == [(1, body)]
    async with tiny.store.single() as transaction:
        assert await transaction.stream(us, "a/1") == [body]
        assert await transaction.versions(us, ["a/1", "a/2"]) == {"a/1": 1}


async def test_one_writer_waits_for_another_in_its_alliance_and_for_none_elsewhere(tiny: Tiny) -> None:
    us = new_alliance()
    async with tiny.store.transaction() as first:
        await first.lock_head(us)
        waiting = asyncio.create_task(lock(tiny.store, us))
        async with asyncio.timeout(30):
            while not await tiny.rows(  # noqa: ASYNC110 - what it looks at is in the database
                "SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'", tiny.database
            ):
                await asyncio.sleep(0.01)
            await lock(tiny.store, new_alliance())
        assert not waiting.done()
    await waiting


async def lock(store: Store, alliance: object) -> None:
    async with store.transaction() as transaction:
        await transaction.lock_head(alliance)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
        "SET session_replication_role = replica; DELETE FROM events",
    ],
)
async def test_what_is_recorded_stays_even_against_the_superuser(tiny: Tiny, statement: str) -> None:
    us = new_alliance()
    await tiny.count(us, uuid4())
    before = await tiny.everything()
    async with tiny.connect() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="stays as it is"):
            await connection.execute(statement)
    assert await tiny.everything() == before


async def test_cancelled_anywhere_it_leaves_no_connection_in_a_transaction(tiny: Tiny) -> None:
    """A connection back in the pool within an open transaction would keep its locks, and answer for what is
    never committed.
    """
    us, dice = new_alliance(), random.Random(7)

    async def write() -> None:
        async with tiny.store.transaction() as transaction:
            last = await transaction.lock_head(us)
            await transaction.append(us, last, [new(f"a/{uuid4()}", 1)])

    for _ in range(150):
        task = asyncio.create_task(write())
        for _ in range(dice.randrange(30)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    # Every connection of the pool, at once: what each commits is seen from elsewhere.
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(write())
    found = [sequence for sequence, _ in await tiny.store.events(us, 0, 1000)]
    ((committed,),) = await tiny.rows("SELECT count(*) FROM events")
    assert found == list(range(1, committed + 1))
    assert committed >= 12
    open_transactions = await tiny.rows(
        "SELECT FROM pg_stat_activity WHERE datname = $1 AND state LIKE 'idle in transaction%'", tiny.database
    )
    assert open_transactions == []


async def test_a_pool_without_a_free_connection_is_unavailable(postgres: Postgres, database: str) -> None:
    store = Store.connect(url_of(postgres, database), pool_size=1, patience=0.05)
    try:
        async with store.transaction():
            with pytest.raises(DatabaseUnavailable):
                await store.last_sequence(new_alliance())
    finally:
        await store.close()


async def test_a_server_that_takes_no_connection_is_unavailable(postgres: Postgres, database: str) -> None:
    role = await postgres.create_role()
    connection = await postgres.connect()
    await connection.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT 0')
    await connection.close()
    url = url_of(postgres, database).replace("//postgres@", f"//{role}@")
    store = Store.connect(url)
    try:
        with pytest.raises(DatabaseUnavailable):
            await store.last_sequence(new_alliance())
    finally:
        await store.close()


async def test_the_callers_own_faults_are_not_taken_for_a_lost_database(tiny: Tiny) -> None:
    for error in (FileNotFoundError("a table of rates"), asyncpg.InterfaceError("a wrong argument")):
        with pytest.raises(type(error)):
            async with tiny.store.transaction():
                raise error
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with tiny.store.transaction() as transaction:
            await transaction.raw.execute("SELECT 1/0")


async def test_a_server_that_stops_is_unavailable_and_comes_back_by_itself(own_server: Postgres) -> None:
    database = await own_server.create_database()
    async with tiny_service(own_server, database) as tiny:
        us, counter = new_alliance(), uuid4()
        await tiny.count(us, counter)
        own_server.kill()
        with pytest.raises(DatabaseUnavailable):
            await tiny.count(us, counter)
        own_server.start()
        receipt = await tiny.count(us, counter)
        assert receipt.version == 2


@asynccontextmanager
async def by_a_way(postgres: Postgres, database: str, answer: float) -> AsyncIterator[tuple[Store, Proxy]]:
    """A store whose connections go through a proxy."""
    with tempfile.TemporaryDirectory() as folder:
        proxy = Proxy(next(Path(postgres.host).glob(".s.PGSQL.*[0-9]")), Path(folder) / ".s.PGSQL.5432")
        await proxy.open()
        url = url_of(postgres, database).replace(postgres.host, folder)
        store = Store.connect(url, pool_size=1, answer=answer)
        try:
            yield store, proxy
        finally:
            await store.close()
            await proxy.close()


@pytest.mark.parametrize("asked", ["transaction", "single", "sqlalchemy", "commit"])
async def test_a_database_that_does_not_answer_is_unavailable_and_its_connection_is_given_up(
    postgres: Postgres, database: str, asked: str
) -> None:
    """As when a network parts in two: nothing comes, and nobody is told. Waited for, it would be for ever."""

    async def ask(store: Store, proxy: Proxy) -> None:
        match asked:
            case "transaction":
                async with store.transaction() as transaction:
                    proxy.strand()
                    await transaction.raw.execute("SELECT 1")
            case "single":
                async with store.single() as transaction:
                    proxy.strand()
                    await transaction.raw.execute("SELECT 1")
            case "sqlalchemy":
                async with store.reading() as connection:
                    proxy.strand()
                    await connection.execute(text("SELECT 1"))
            case "commit":
                async with store.transaction():
                    proxy.strand()

    async with by_a_way(postgres, database, answer=0.5) as (store, proxy):
        async with asyncio.timeout(20):
            with pytest.raises(DatabaseUnavailable):
                await ask(store, proxy)
            async with store.transaction() as transaction:
                assert await transaction.raw.fetchval("SELECT 1") == 1


async def test_a_client_that_stops_in_a_transaction_keeps_no_alliance_waiting(tiny: Tiny) -> None:
    """As one does that is stopped by its operating system: its connection stays."""
    us = new_alliance()
    stopped = Store.connect(tiny.url, pool_size=1, answer=0.25)
    counted = []

    async def stop_midway() -> None:
        async with stopped.transaction() as transaction:
            await transaction.lock_head(us)
            counted.append(await tiny.count(us, uuid4()))
            await transaction.lock_head(us)

    try:
        with pytest.raises(DatabaseUnavailable):
            await stop_midway()
    finally:
        await stopped.close()
    assert counted
