"""One look at the books: everything that an answer shows is of one moment, and says of which."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from events.decision import Call
from events.errors import Invalid, Unavailable
from events.ids import AllianceId
from events.store import Transaction
from ledger.balances.views import LAST_DAY, NEVER
from service.auth import Caller
from service.commands import not_modified
from service.runtime import Service
from standing import Given, Status

AsOf = Annotated[
    date | None,
    Query(description="Only what is effective up to this day, included.", examples=["2025-06-30"]),
]
AtSize = Annotated[
    int | None,
    Query(ge=0, le=NEVER, description="Only what was known when the log had so many entries."),
]


class Sealed(BaseModel):
    """In place of figures that the caller may not read."""

    sealed: Literal[True] = True
    owner: UUID


class Shown(BaseModel):
    """What every view of the books says of itself."""

    log_size: int = Field(description="The entries that it was worked out from.")
    complete: bool = Field(
        description="False while the alliance stands still here: what came later is missing."
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The books of an alliance at one moment, to one caller."""

    transaction: Transaction
    alliance: UUID
    given: Given
    log_size: int
    complete: bool

    @property
    def commodity(self) -> str:
        """The reckoning currency. Raises Unavailable while no charter has arrived."""
        if not self.given.standing.charters:
            raise Unavailable("charter_not_known_yet")
        return self.given.standing.charters[-1].currency

    @property
    def members(self) -> Sequence[UUID]:
        """Who is or was a member, by id."""
        outside = {Status.APPLIED, Status.REJECTED}
        standing = self.given.standing
        return sorted(one.company for one in standing.members.values() if one.status not in outside)

    @property
    def readable(self) -> Sequence[UUID] | None:
        """The companies whose figures the caller may read; None: all, and what is no company's."""
        return None if self.given.reads_all else sorted(self.given.companies)

    def may_read(self, company: UUID) -> bool:
        return self.given.may_read(company)

    def unchanged(self, request: Request, published: int = 0) -> Response | None:
        """304 where the caller has seen this state of the books: all that is shown follows from it, and from
        the size of the `published` checkpoint where that is shown too. Neither ever goes back.
        """
        return not_modified(request, 2 * (self.log_size + published) + (not self.complete))

    def until(self, as_of: date | None) -> date:
        return as_of or LAST_DAY

    def size(self, at_size: int | None) -> int:
        """Raises Invalid for a size that the log has not reached."""
        if at_size is None:
            return NEVER
        if at_size > self.log_size:
            raise Invalid("size_beyond_log", size=self.log_size)
        return at_size


@asynccontextmanager
async def snapshot(service: Service, caller: Caller, alliance: UUID) -> AsyncIterator[Snapshot]:
    """Raises NotFound to who has no role in the alliance."""
    async with service.store.transaction() as transaction:
        await transaction.raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        call = Call(caller.person, AllianceId(alliance), datetime.now(UTC), correlation="")
        given = await service.given_in(transaction, call)
        row = await transaction.raw.fetchrow(
            "SELECT coalesce((SELECT last_sequence FROM heads WHERE alliance_id = $1), 0) AS size,"
            " NOT EXISTS (SELECT FROM frozen WHERE alliance_id = $1) AS complete",
            alliance,
        )
        assert row is not None
        yield Snapshot(transaction, alliance, given, row["size"], row["complete"])
