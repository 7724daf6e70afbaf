"""What happens at a time of its own (a quote ends, a vote closes): a row; a poller issues the command.

Projectors set and clear the rows, in the transaction of the events that they come from.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Column, DateTime, Executable, MetaData, Table, Text, Uuid, delete
from sqlalchemy.dialects.postgresql import insert

from events.decision import Call
from events.errors import DatabaseUnavailable, Forbidden, Invalid, NotFound, Refused
from events.ids import AllianceId
from events.pausing import pause
from events.store import Store

POLL_SECONDS = 1.0

logger = structlog.get_logger(__name__)

DEADLINES = Table(
    "deadlines",
    MetaData(),
    Column("alliance_id", Uuid, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
)

Due = Callable[[Call, str, str], Awaitable[None]]
"""`due(call, stream, name)` issues the command; a refusal means that it has become pointless."""

POINTLESS = (Refused, Invalid, NotFound, Forbidden)
"""What else is raised leaves the deadline for the next time: in flight elsewhere, something down, a fault."""


def set_deadline(alliance: AllianceId, stream: str, name: str, due_at: datetime) -> Executable:
    new = insert(DEADLINES).values(alliance_id=alliance, stream=stream, name=name, due_at=due_at)
    return new.on_conflict_do_update(
        index_elements=["alliance_id", "stream", "name"], set_={"due_at": new.excluded.due_at}
    )


def clear_deadline(alliance: AllianceId, stream: str, name: str) -> Executable:
    return delete(DEADLINES).where(
        DEADLINES.c.alliance_id == alliance, DEADLINES.c.stream == stream, DEADLINES.c.name == name
    )


class Deadlines:
    """Issues, as actor `system`, what is due. Several processes may: the key of the command is the
    deadline's.
    """

    def __init__(
        self, store: Store, due: Due, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._due = due
        self._clock = clock

    async def run(self, drain: asyncio.Event) -> None:
        while not drain.is_set():
            try:
                await self.step()
            except DatabaseUnavailable:
                logger.warning("deadlines_interrupted")
            await pause(drain, POLL_SECONDS)

    async def step(self) -> int:
        """Issues what is due now, each whatever becomes of the others; returns how much was done with."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            rows = await transaction.raw.fetch(
                "SELECT alliance_id, stream, name, due_at FROM deadlines WHERE due_at <= $1"
                " ORDER BY due_at LIMIT 1000",
                now,
            )
        done = 0
        for row in rows:
            alliance, stream, name = AllianceId(row["alliance_id"]), row["stream"], row["name"]
            key = f"deadline {stream} {name} {row['due_at'].isoformat()}"
            try:
                await self._due(Call.of_system(alliance, now, key=key), stream, name)
            except POINTLESS as error:
                logger.info("deadline_pointless", stream=stream, name=name, code=error.code)
            except DatabaseUnavailable:
                raise
            except Exception:
                logger.exception("deadline_left", alliance_id=str(alliance), stream=stream, name=name)
                continue
            async with self._store.transaction() as transaction:
                await transaction.raw.execute(
                    "DELETE FROM deadlines"
                    " WHERE alliance_id = $1 AND stream = $2 AND name = $3 AND due_at = $4",
                    *row.values(),
                )
            done += 1
        return done
