"""Answers `notice_given` of the members service: at once, or once the last thing open has ended."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from events.decision import Call, Placed
from events.envelope import LIFE, Context
from events.errors import Refused
from events.follow import Arrived
from events.ids import SYSTEM, AllianceId
from events.store import Transaction
from purchasing.clearing import views
from purchasing.clearing.domain import CLEARANCE, Clear, Clearance
from service.runtime import Service
from standing import Given

NOTICE_GIVEN: Final = "alliance.members.notice_given.v1"


class _Notice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    company: UUID


async def react(
    service: Service, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
) -> None:
    """Notes the notice and answers it in the transaction that moves the position."""
    for arrived in events:
        if arrived.head.type == NOTICE_GIVEN:
            company = _Notice.model_validate(arrived.head.envelope["data"]).company
            last = await transaction.lock_head(alliance)
            await transaction.execute(views.noted(alliance, company, UUID(arrived.head.id)))
            await _answer(service, transaction, arrived, company, last)


async def _answer(
    service: Service, transaction: Transaction, cause: Arrived, company: UUID, last: int
) -> None:
    alliance, now = cause.head.alliance, datetime.now(UTC)
    call = Call.of_system(alliance, now, key=cause.head.id, causation=cause.head.id)
    given = await service.given_in(transaction, call)
    given = given.with_more(await views.standing(transaction, alliance, company))
    stream = CLEARANCE.stream(company)
    loaded = await service.commands.state_in(transaction, alliance, CLEARANCE, stream)
    version, clearance = loaded
    try:
        cleared = CLEARANCE.decide(clearance, Clear(company), given, now)
    except Refused:
        # What is open asks again when it ends.
        return
    context = Context(
        service=service.name,
        alliance=alliance,
        time=now,
        actor=SYSTEM,
        correlation=str(cause.head.envelope["correlationid"]),
        causation=cause.head.id,
        effective_on=given.effective_on,
        charter_version=given.charter_version,
        project=LIFE,
    )
    placed = [event if isinstance(event, Placed) else Placed(event) for event in cleared]
    ids = [str(uuid5(UUID(cause.head.id), new.event.type)) for new in placed]
    await service.commands.record(transaction, context, placed, last, {stream: version}, stream, ids)


async def due(service: Service, call: Call, stream: str, name: str) -> None:
    """Something of a company on notice has ended: its notice is answered if that was the last."""
    company = UUID(stream.removeprefix("member/"))

    async def load(transaction: Transaction, clearance: Clearance | None, given: Given) -> Given:
        return given.with_more(await views.standing(transaction, call.alliance, company))

    await service.commands.execute(call, CLEARANCE, company, Clear(company), load=load)
