"""Answers the other services' `member_cleared`: noted on the membership whose notice it answers.

Known by wire name only: `alliance.<service>.member_cleared.v1 {company, notice}`, where `notice` is the id of
the `notice_given` event.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.errors import NotFound
from events.follow import Arrived
from events.ids import AllianceId
from events.store import Transaction
from members.membership.domain import MEMBER, NoteClearance
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
            command = NoteClearance(cleared.company, cleared.notice, clearing)
            # NotFound: no company of this alliance, so nothing can be waiting for it.
            with suppress(NotFound):
                await service.commands.react(
                    transaction, arrived.head, MEMBER, cleared.company, command, datetime.now(UTC)
                )
