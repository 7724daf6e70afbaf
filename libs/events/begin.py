"""How a command begins: its key claimed, its alliance's head locked, its stream loaded, in one round trip."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from events.ids import AllianceId
from events.store import Transaction


@dataclass(frozen=True, slots=True)
class Begun:
    """A command whose key is claimed and whose head is locked: what `command_begin` gives, and what the
    service read beside it.
    """

    row: asyncpg.Record
    beside: Any = None


Begin = Callable[[Transaction, AllianceId, Sequence[Any]], Awaitable[Begun]]
"""Runs `command_begin` on its arguments, or a function of the service's own that runs it and reads more."""


async def begin_alone(transaction: Transaction, alliance: AllianceId, arguments: Sequence[Any]) -> Begun:
    row = await transaction.raw.fetchrow("SELECT * FROM command_begin($1, $2, $3, $4, $5)", *arguments)
    assert row is not None
    return Begun(row)
