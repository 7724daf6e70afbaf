"""Reading the log: its entries are the rows of the ledger's own event store."""

from dataclasses import dataclass
from uuid import UUID

import orjson

from events.store import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `index` counts from 0."""

    index: int
    body: bytes


async def entry(transaction: Transaction, alliance: UUID, index: int) -> Entry | None:
    body = await transaction.raw.fetchval(
        "SELECT body FROM events WHERE alliance_id = $1 AND sequence = $2", alliance, index + 1
    )
    return None if body is None else Entry(index, body)


async def origin(transaction: Transaction, alliance: UUID) -> str | None:
    """The name of the log; None where it has no entry yet."""
    first = await entry(transaction, alliance, 0)
    return None if first is None else str(orjson.loads(first.body)["data"]["origin"])
