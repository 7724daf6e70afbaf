"""Deadlines on a real PostgreSQL: each issued once due, none lost, none holding up another."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from events.deadlines import Deadlines, clear_deadline, set_deadline
from events.decision import Call
from events.errors import DatabaseUnavailable, InFlight, Refused
from events.ids import SYSTEM
from rigs.counting import COUNTER, NOW, Count, Tiny, new_alliance, tiny_service
from rigs.postgres import Postgres

US = new_alliance()


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with tiny_service(postgres, database) as one:
        yield one


async def put(tiny: Tiny, *names: str, late: int = 1) -> None:
    async with tiny.store.transaction() as transaction:
        for name in names:
            await transaction.execute(set_deadline(US, "counter/1", name, NOW - timedelta(seconds=late)))


async def left(tiny: Tiny) -> list[str]:
    return [name for (name,) in await tiny.rows("SELECT name FROM deadlines ORDER BY name")]


async def test_what_is_due_is_issued_by_the_system_and_once(tiny: Tiny) -> None:
    counter = uuid4()

    async def due(call: Call, stream: str, name: str) -> None:
        assert (call.actor, call.alliance, stream) == (SYSTEM, US, "counter/1")
        await tiny.commands.execute(call, COUNTER, counter, Count())

    await put(tiny, "quote_ends")
    first, second = Deadlines(tiny.store, due, lambda: NOW), Deadlines(tiny.store, due, lambda: NOW)
    assert await first.step() == 1
    assert await left(tiny) == []
    # Two processes that read the row at once issue it under one key: only one is recorded.
    await put(tiny, "quote_ends")
    assert await second.step() == 1
    assert await tiny.commands.state(US, COUNTER, counter) == (1, 1)


async def test_what_is_not_due_yet_or_cleared_is_not_issued(tiny: Tiny) -> None:
    issued: list[str] = []

    async def due(call: Call, stream: str, name: str) -> None:
        issued.append(name)

    await put(tiny, "later", late=-1)
    await put(tiny, "cleared", "moved")
    async with tiny.store.transaction() as transaction:
        await transaction.execute(clear_deadline(US, "counter/1", "cleared"))
        await transaction.execute(set_deadline(US, "counter/1", "moved", NOW + timedelta(days=1)))
    assert await Deadlines(tiny.store, due, lambda: NOW).step() == 0
    assert issued == []
    assert await Deadlines(tiny.store, due, lambda: NOW + timedelta(seconds=1)).step() == 1
    assert issued == ["later"]


async def test_a_refused_deadline_is_pointless_and_goes(tiny: Tiny) -> None:
    async def due(call: Call, stream: str, name: str) -> None:
        raise Refused("campaign_frozen")

    await put(tiny, "quote_ends")
    await Deadlines(tiny.store, due, lambda: NOW).step()
    assert await left(tiny) == []


async def test_a_deadline_in_flight_or_failing_stays_and_holds_up_no_other(tiny: Tiny) -> None:
    async def due(call: Call, stream: str, name: str) -> None:
        match name:
            case "a_in_flight":
                raise InFlight
            case "b_failing":
                raise ZeroDivisionError

    await put(tiny, "a_in_flight", "b_failing", "c_good")
    assert await Deadlines(tiny.store, due, lambda: NOW).step() == 1
    assert await left(tiny) == ["a_in_flight", "b_failing"]


async def test_a_lost_database_leaves_all_for_the_next_time(tiny: Tiny) -> None:
    async def due(call: Call, stream: str, name: str) -> None:
        raise DatabaseUnavailable

    await put(tiny, "a", "b")
    with pytest.raises(DatabaseUnavailable):
        await Deadlines(tiny.store, due, lambda: NOW).step()
    assert await left(tiny) == ["a", "b"]


async def test_one_set_anew_while_it_is_issued_stays(tiny: Tiny) -> None:
    async def due(call: Call, stream: str, name: str) -> None:
        async with tiny.store.transaction() as transaction:
            await transaction.execute(set_deadline(US, stream, name, NOW + timedelta(days=1)))

    await put(tiny, "vote_closes")
    await Deadlines(tiny.store, due, lambda: NOW).step()
    assert await left(tiny) == ["vote_closes"]
