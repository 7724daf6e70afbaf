"""Answers `notice_given` of the members service: at once, or once the last thing open has ended."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.decision import Call
from events.envelope import Head
from events.errors import Refused
from events.follow import Arrived
from events.ids import AllianceId
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
            await _answer(service, transaction, arrived.head)


async def _answer(service: Service, transaction: Transaction, cause: Head) -> None:
    company = _Notice.model_validate(cause.envelope["data"]).company

    async def load(transaction: Transaction, clearance: Clearance | None, given: Given) -> Given:
        await transaction.execute(views.noted(cause.alliance, company, UUID(cause.id)))
        return given.with_more(await views.standing(transaction, cause.alliance, company))

    # Refused: what is still open asks again when it ends.
    with suppress(Refused):
        await service.commands.react(
            transaction, cause, CLEARANCE, company, Clear(company), datetime.now(UTC), load=load
        )


async def due(service: Service, call: Call, stream: str, name: str) -> None:
    """Something of a company on notice has ended: its notice is answered if that was the last."""
    company = UUID(stream.removeprefix("member/"))

    async def load(transaction: Transaction, clearance: Clearance | None, given: Given) -> Given:
        return given.with_more(await views.standing(transaction, call.alliance, company))

    await service.commands.execute(call, CLEARANCE, company, Clear(company), load=load)
