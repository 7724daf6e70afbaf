"""One command, end to end, on a real PostgreSQL: all of it or nothing, and once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from events.envelope import parse
from events.errors import (
    DatabaseUnavailable,
    Forbidden,
    InFlight,
    Invalid,
    KeyReused,
    Refused,
    Stale,
    Unavailable,
)
from events.ids import NO_ALLIANCE
from events.store import Transaction
from rigs.counting import ALICE, COUNTER, NOW, Count, Given, Tiny, new_alliance, price, tiny_service
from rigs.postgres import Postgres


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        yield one


async def test_an_answered_command_is_there_whole(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    receipt = await tiny.count(us, counter, Count(by=2, times=2, price=price("4711.00")))
    assert (receipt.id, receipt.version, receipt.position, receipt.replayed) == (counter, 2, 2, False)
    bodies = [body for _, body in await tiny.store.events(us, 0, 10)]
    assert [parse(body).sequence for body in bodies] == [1, 2]
    assert [orjson.loads(body)["streamversion"] for body in bodies] == [1, 2]
    assert not any(b"4711" in body for body in bodies)
    assert await tiny.rows("SELECT stream, total FROM totals") == [(counter, 4)]
    assert await tiny.commands.state(us, COUNTER, counter) == (2, 4)
    assert await tiny.commands.state(new_alliance(), COUNTER, counter) == (0, None)


async def test_a_retry_with_the_same_key_counts_once(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    first = await tiny.count(us, counter, key="k")
    before = await tiny.everything()
    again = await tiny.count(us, counter, key="k")
    assert again.replayed
    assert (again.id, again.version, again.position, again.alliance) == (
        first.id,
        first.version,
        first.position,
        us,
    )
    assert await tiny.everything() == before


async def test_a_key_belongs_to_one_caller_one_alliance_and_one_request(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    await tiny.count(us, counter, key="k")
    before = await tiny.everything()
    with pytest.raises(KeyReused):
        await tiny.count(us, counter, key="k", fingerprint=b"another")
    assert await tiny.everything() == before
    assert not (await tiny.count(new_alliance(), uuid4(), key="k")).replayed


async def test_the_same_key_twice_at_once_runs_once(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    held, go = asyncio.Event(), asyncio.Event()

    async def wait(transaction: Transaction, state: Any, given: Given) -> Given:
        held.set()
        await go.wait()
        return given

    call = tiny.call(us, key="k")
    first = asyncio.create_task(tiny.commands.execute(call, COUNTER, counter, Count(), load=wait))
    await held.wait()
    with pytest.raises(InFlight):
        await tiny.count(us, counter, key="k")
    go.set()
    assert (await first).version == 1
    assert (await tiny.count(us, counter, key="k")).replayed


async def test_a_refusal_leaves_nothing_and_may_pass_with_the_same_key(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    before = await tiny.everything()
    for command, error in ((Count(by=0), Refused), (Count(by=-1), Invalid)):
        with pytest.raises(error):
            await tiny.count(us, counter, command, key="k")
    assert await tiny.everything() == before
    assert not (await tiny.count(us, counter, key="k")).replayed


async def test_who_may_not_leaves_nothing(postgres: Postgres, database: str) -> None:
    def never(call: Any, state: Any, command: Any, given: Any) -> None:
        raise Forbidden

    async with tiny_service(postgres, database, permit=never) as tiny:
        before = await tiny.everything()
        with pytest.raises(Forbidden):
            await tiny.count(new_alliance(), uuid4())
        assert await tiny.everything() == before


async def test_a_stale_if_match_is_refused_and_the_present_one_passes(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    await tiny.count(us, counter, Count(times=3))
    before = await tiny.everything()
    with pytest.raises(Stale) as raised:
        await tiny.count(us, counter, if_match=2)
    assert raised.value.parameters == {"current": 3}
    assert await tiny.everything() == before
    assert (await tiny.count(us, counter, if_match=3)).version == 4


async def test_a_dry_run_shows_the_events_and_writes_nothing(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    await tiny.count(us, counter)
    before = await tiny.everything()
    dry = await tiny.count(us, counter, Count(by=5), key="k", dry_run=True)
    assert [event.by for event in dry.would] == [5]
    assert await tiny.everything() == before
    assert await tiny.commands.state(us, COUNTER, counter) == (1, 1)
    assert not (await tiny.count(us, counter, Count(by=5), key="k")).replayed


async def test_a_founding_keeps_its_receipt_where_a_retry_finds_it(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()

    async def found(alliance: Any, id: UUID) -> Any:
        call = tiny.call(alliance, key="founding")
        return await tiny.commands.execute(call, COUNTER, id, Count(), founding=Given())

    first = await found(us, counter)
    assert first.position == 1
    again = await found(new_alliance(), uuid4())  # the edge makes new ids for each request
    assert again.replayed
    assert (again.id, again.alliance) == (counter, us)
    assert await tiny.rows("SELECT alliance_id FROM receipts") == [(NO_ALLIANCE,)]
    assert await tiny.rows("SELECT count(DISTINCT alliance_id) FROM events") == [(1,)]


async def test_an_event_placed_elsewhere_follows_on_that_stream(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    for _ in range(2):
        await tiny.count(us, counter, Count(beside="member/x"))
    read = [orjson.loads(body) for _, body in await tiny.store.events(us, 0, 10)]
    beside = [event for event in read if event["subject"] == "member/x"]
    assert [event["streamversion"] for event in beside] == [1, 2]
    assert {(event["charterversion"], event["project"]) for event in beside} == {(7, "life")}
    assert read[0]["project"] == f"counter/{counter}"


async def test_a_state_that_was_rolled_back_is_never_decided_on(postgres: Postgres, database: str) -> None:
    failing = True

    async def stand(transaction: Any, alliance: Any, bodies: Any) -> None:
        if failing:
            raise ZeroDivisionError

    async with tiny_service(postgres, database, follow_own=stand) as tiny:
        us, counter = new_alliance(), uuid4()
        with pytest.raises(ZeroDivisionError):
            await tiny.count(us, counter, Count(by=100))
        failing = False
        assert await tiny.commands.state(us, COUNTER, counter) == (0, None)
        assert (await tiny.count(us, counter)).version == 1
        assert await tiny.commands.state(us, COUNTER, counter) == (1, 1)


async def test_what_another_process_recorded_is_decided_on(postgres: Postgres, database: str) -> None:
    async with (
        tiny_service(postgres, database) as one,
        tiny_service(postgres, database, prepared=True) as two,
    ):
        us, counter = new_alliance(), uuid4()
        for tiny in (one, two, one, two):
            await tiny.count(us, counter)
        assert await one.commands.state(us, COUNTER, counter) == (4, 4)
        assert (await one.count(us, counter)).version == 5


async def test_a_broken_stream_is_not_decided_on(tiny: Tiny, postgres: Postgres, database: str) -> None:
    us, counter = new_alliance(), uuid4()
    await tiny.count(us, counter, Count(times=2))
    async with tiny.connect() as connection:  # only the owner of the tables can
        await connection.execute("ALTER TABLE events DISABLE TRIGGER append_only")
        await connection.execute("DELETE FROM events WHERE version = 1")
    async with tiny_service(postgres, database, prepared=True) as started_again:
        with pytest.raises(Unavailable) as raised:
            await started_again.count(us, counter)
    assert raised.value.code == "stream_broken"


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
async def test_a_lost_connection_and_a_retry_give_one_answer(tiny: Tiny, moment: str) -> None:
    us, counter = new_alliance(), uuid4()

    async def cut(transaction: Transaction, state: Any, given: Given) -> Given:
        pid = await transaction.raw.fetchval("SELECT pg_backend_pid()")
        if moment == "before the commit":
            async with tiny.connect() as connection:
                await connection.execute("SELECT pg_terminate_backend($1)", pid)
        else:
            # The commit is carried out and its answer lost: what the client sees is the same.
            execute = asyncpg.Connection.execute

            async def lose(self: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> str:
                answer = await execute(self, query, *arguments, **options)
                if query == "COMMIT;":
                    self.terminate()
                    raise ConnectionResetError
                return answer

            patch.setattr(asyncpg.Connection, "execute", lose)
        return given

    call = tiny.call(us, key="k")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DatabaseUnavailable):
        await tiny.commands.execute(call, COUNTER, counter, Count(), load=cut)
    receipt = await tiny.commands.execute(call, COUNTER, counter, Count())
    assert receipt.replayed == (moment == "after the commit")
    assert (receipt.id, receipt.version, receipt.position) == (counter, 1, 1)
    assert await tiny.rows("SELECT caller, key FROM receipts") == [(ALICE, "k")]
    assert await tiny.rows("SELECT sequence FROM events") == [(1,)]


async def test_commands_at_once_in_one_alliance_all_count(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    receipts = await asyncio.gather(*(tiny.count(us, counter) for _ in range(30)))
    assert sorted(receipt.version for receipt in receipts) == list(range(1, 31))
    assert await tiny.commands.state(us, COUNTER, counter) == (30, 30)
    assert await tiny.rows("SELECT total FROM totals") == [(30,)]


async def test_a_reaction_that_is_repeated_would_record_the_same_events(tiny: Tiny) -> None:
    us, counter = new_alliance(), uuid4()
    await tiny.count(us, uuid4())
    cause = parse((await tiny.store.events(us, 0, 1))[0][1])

    async def react() -> list[bytes]:
        async with tiny.store.transaction() as transaction:
            await tiny.commands.react(transaction, cause, COUNTER, counter, Count(times=2), NOW)
            found = await transaction.stream(us, COUNTER.stream(counter))
            if not rolled_back:
                raise _RolledBack(found)
            return found

    rolled_back: list[bytes] = []
    with pytest.raises(_RolledBack) as first:
        await react()
    rolled_back = first.value.args[0]
    recorded = await react()
    assert [parse(body).id for body in recorded] == [parse(body).id for body in rolled_back]
    for body in recorded:
        envelope = parse(body).envelope
        assert (envelope["actor"], envelope["causationid"]) == ("system", cause.id)
        assert envelope["correlationid"] == cause.envelope["correlationid"]


class _RolledBack(Exception):
    pass
