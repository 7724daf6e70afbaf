"""Two commands at once, on two streams that share a limit: one person's twelve hours of a day.

The alliance's head is locked before anything is read, so the second sees what the first wrote. With the lock
moved to the end both pass, which is what the last test shows.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from declarations.domain import DeclareHours, aggregate
from declarations.events import Line
from events.decision import Call
from events.envelope import LIFE
from events.errors import Refused
from events.execute import Receipt
from events.ids import AllianceId
from events.store import SCHEMA, Transaction
from members.common_life import declarations
from rigs.product import Founded, Product, started
from standing import Given

DAY = date(2025, 3, 3)
PERSON = "5d41402abc4b2a76b9719d911017c592"


async def declare(
    product: Product,
    alliance: Founded,
    loaded: asyncio.Event | None = None,
    go: asyncio.Event | None = None,
) -> Receipt:
    """Seven hours of the one person's one day, for a company; held after loading until `go`."""
    new: UUID = uuid7()
    line = Line(person=PERSON, first_day=DAY, last_day=DAY, hours=Decimal(7))
    command = DeclareHours(new, alliance.companies[0], LIFE, "coordination", (line,))
    load = declarations.load(command)

    async def held(transaction: Transaction, state: Any, given: Given) -> Given:
        given = await load(transaction, state, given)
        if loaded is not None and go is not None:
            loaded.set()
            await go.wait()
        return given

    actor = product.person(alliance.directors[0].name)
    now = datetime.now(UTC)
    call = Call(actor, AllianceId(alliance.id), now, correlation="", key=str(new), effective_on=DAY)
    commands = product.services["members"].commands
    return await commands.execute(call, aggregate("members"), new, command, load=held)


async def waiting(product: Product) -> int:
    """How many commands of the members service wait for a lock."""
    rows = await product.rows(
        "members",
        "SELECT count(*) AS many FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = 'members' AND query LIKE '%command_begin%'",
    )
    return int(rows[0]["many"])


async def hours_that_stand(product: Product, alliance: Founded) -> list[Decimal]:
    rows = await product.rows(
        "members", "SELECT hours FROM declaration_lines WHERE alliance_id = $1 AND stands", alliance.id
    )
    return [row["hours"] for row in rows]


async def test_of_two_declarations_of_one_day_at_once_the_second_waits_and_is_refused(
    product: Product,
) -> None:
    alliance = await product.found(2)
    loaded, go = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(declare(product, alliance, loaded, go))
        await loaded.wait()
        second = group.create_task(refusal(product, alliance))
        async with asyncio.timeout(30):
            while await waiting(product) != 1:  # noqa: ASYNC110 - what it looks at is in a database
                await asyncio.sleep(0.01)
        assert not second.done()
        go.set()
    assert first.result().version == 1
    assert second.result() == "more_than_twelve_hours_a_day"
    assert await hours_that_stand(product, alliance) == [7]


async def refusal(product: Product, alliance: Founded) -> str:
    with pytest.raises(Refused) as refused:
        await declare(product, alliance)
    return refused.value.code


@asynccontextmanager
async def locked_last() -> AsyncIterator[Product]:
    """A product of the test's own, whose members service locks the head only when it appends."""
    async with started() as product:
        async with product.database("members", "members_owner") as owner:
            for function in (begin_without_lock(), append_with_lock()):
                await owner.execute(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
        yield product


def begin_without_lock() -> str:
    unlocked = "(SELECT h.last_sequence FROM heads h WHERE h.alliance_id = p_alliance)"
    return changed("command_begin", "lock_head(p_alliance)", unlocked)


def append_with_lock() -> str:
    return changed("append_events", "BEGIN\n", "BEGIN\n    p_last := lock_head(p_alliance);\n")


def changed(function: str, part: str, instead: str) -> str:
    """The definition of a function of the store, with one part of it replaced."""
    found = re.search(rf"CREATE FUNCTION {function}\(.*?^END \$\$;$", SCHEMA, re.DOTALL | re.MULTILINE)
    assert found is not None
    assert found[0].count(part) == 1
    return found[0].replace(part, instead)


async def test_with_the_lock_moved_to_the_end_both_pass() -> None:
    async with locked_last() as product:
        alliance = await product.found(2)
        loaded, go = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(declare(product, alliance, loaded, go))
            await loaded.wait()
            second = await declare(product, alliance)
            go.set()
        assert (first.result().version, second.version) == (1, 1)
        assert await hours_that_stand(product, alliance) == [7, 7]
