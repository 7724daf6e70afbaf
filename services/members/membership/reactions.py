"""Answers the other services' `member_cleared`: noted on the membership whose notice it answers.

Known by wire name only: `alliance.<service>.member_cleared.v1 {company, notice}`, where `notice` is the id of
the `notice_given` event.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from events.decision import Call, Placed
from events.envelope import LIFE, Context
from events.errors import NotFound
from events.follow import Arrived
from events.ids import SYSTEM, AllianceId
from events.store import Transaction
from members.membership.domain import MEMBER, NoteClearance, decide
from service.runtime import Service

Clearing = Literal["purchasing", "tenders", "ledger"]

CLEARED: Final[Mapping[str, Clearing]] = {
    "alliance.purchasing.member_cleared.v1": "purchasing",
    "alliance.tenders.member_cleared.v1": "tenders",
    "alliance.ledger.member_cleared.v1": "ledger",
}


class _Cleared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    company: UUID
    notice: UUID


async def react(
    service: Service, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]
) -> None:
    """Appends in the transaction that moves the position; a repeat finds the clearance noted already."""
    for arrived in events:
        if clearing := CLEARED.get(arrived.head.type):
            cleared = _Cleared.model_validate(arrived.head.envelope["data"])
            await _note(
                service, transaction, arrived, NoteClearance(cleared.company, cleared.notice, clearing)
            )


async def _note(service: Service, transaction: Transaction, cause: Arrived, command: NoteClearance) -> None:
    alliance, commands = cause.head.alliance, service.commands
    stream = MEMBER.stream(command.company)
    last = await transaction.lock_head(alliance)
    now = datetime.now(UTC)
    call = Call.of_system(alliance, now, key=cause.head.id, causation=cause.head.id)
    given = await service.given_in(transaction, call)
    loaded = await commands.state_in(transaction, alliance, MEMBER, stream)
    version, member = loaded
    try:
        noted = decide(member, command, given, now)
    except NotFound:
        # No company of this alliance: nothing can be waiting for it.
        return
    context = Context(
        service=service.name,
        alliance=alliance,
        time=now,
        actor=SYSTEM,
        correlation=str(cause.head.envelope.get("correlationid", cause.head.id)),
        causation=cause.head.id,
        effective_on=given.effective_on,
        charter_version=given.charter_version,
        project=LIFE,
    )
    placed = [event if isinstance(event, Placed) else Placed(event) for event in noted]
    ids: Sequence[Any] = [str(uuid5(UUID(cause.head.id), placed[0].event.type))] if placed else []
    await commands.record(transaction, context, placed, last, {stream: version}, stream, ids)
