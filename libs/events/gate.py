"""Whether a store may be written: only on a PostgreSQL on which it was held against what its topic has.

A database that was put back to an earlier state gives numbers out that followers have seen with other events,
and nothing in it says so. But it is reached by new connections alone, and the server behind them was started
anew, or has another timeline or system identifier. `events.restore` opens the gate.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

from events.errors import NotRestored, Restoring
from events.ids import AllianceId

# The timeline as it is now: that of the control file is only set right by the checkpoint after a promotion.
_SERVER = """
SELECT system_identifier AS system_id, pg_postmaster_start_time() AS started_at,
    CASE WHEN NOT pg_is_in_recovery()
        THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END AS timeline
FROM pg_control_system()
"""


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL behind a connection, since its last start."""

    system_id: int
    timeline: int
    """Another one after every promotion and every recovery to a point in time."""
    started_at: datetime

    @classmethod
    async def behind(cls, connection: asyncpg.Connection) -> "Server":
        """Raises CannotConnectNowError for a standby: promoted, it has another timeline than now."""
        row = await connection.fetchrow(_SERVER)
        assert row is not None
        if row["timeline"] is None:
            raise asyncpg.CannotConnectNowError("a standby takes nothing")
        return cls(row["system_id"], row["timeline"], row["started_at"])


class Gate:
    """Closed until `checked` is the server that a connection leads to."""

    def __init__(self) -> None:
        self.checked: Server | None = None
        self.not_restored: Mapping[AllianceId, str] = {}
        """Alliances whose lost events could not be appended again, and why: these alone stay closed."""
        self.restored: dict[AllianceId, int] = {}
        """Up to which sequence lost events were appended again: so much of an alliance was shown before."""
        self.knocked = asyncio.Event()
        """Set by who was refused."""
        self._behind: WeakKeyDictionary[asyncpg.Connection, Server] = WeakKeyDictionary()

    def connected(self, connection: Any, record: Any) -> None:
        """A listener for SQLAlchemy's `connect`: no connection is used before it is known where it leads."""
        raw = connection.driver_connection
        try:
            self._behind[raw] = connection.run_async(Server.behind)
        except BaseException:
            raw.terminate()
            raise

    def behind(self, connection: asyncpg.Connection) -> Server | None:
        return self._behind.get(connection)

    def require(self, connection: asyncpg.Connection, alliance: AllianceId | None = None) -> None:
        """Raises Restoring, or NotRestored for an alliance that stays closed."""
        if self.checked is None or self._behind.get(connection) != self.checked:
            self.knocked.set()
            raise Restoring
        if alliance in self.not_restored:
            raise NotRestored
