"""The list of campaigns, and whom a campaign binds. What one campaign shows comes from its state."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Executable,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    Uuid,
    delete,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Recorded
from events.ids import AllianceId
from events.projection import Change, Projectors
from purchasing.campaign.events import (
    EVENTS,
    CampaignCancelled,
    CampaignDrafted,
    CampaignFrozen,
    CampaignSettled,
)
from purchasing.campaign.state import State, reached
from purchasing.tables import documents, metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Uuid, nullable=False),
    Column("charter_version", Integer, nullable=False),
)

bound = Table(
    "bound",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("campaign", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Index("bound_of_a_company", "alliance_id", "company"),
)
"""Members that a campaign binds: from its freezing until it is settled or cancelled."""


def _id(recorded: Recorded[Any]) -> UUID:
    return UUID(recorded.stream.removeprefix("campaign/"))


def drafted(recorded: Recorded[CampaignDrafted]) -> Sequence[Executable]:
    return [
        insert(campaigns).values(
            alliance_id=recorded.alliance,
            id=_id(recorded),
            version=recorded.version,
            state=State.DRAFT,
            title=recorded.event.title.document,
            charter_version=recorded.charter_version,
        )
    ]


_MOVED: Final = """
UPDATE campaigns SET version = $3, state = CASE
    WHEN $4::text IS NULL OR (state = 'allocated' AND $4 = 'invoiced') THEN state
    ELSE $4 END
WHERE alliance_id = $1 AND id = $2
"""
"""As in `reached`: a corrected invoice does not take an allocated campaign back."""


def moved(recorded: Recorded[Any]) -> Sequence[Change]:
    state = reached(recorded.event, None)
    return [Change(_MOVED, (recorded.alliance, _id(recorded), recorded.version, state))]


def frozen(recorded: Recorded[CampaignFrozen]) -> Sequence[Executable]:
    rows = [
        {"alliance_id": recorded.alliance, "campaign": _id(recorded), "company": row.owner}
        for row in recorded.event.rows
    ]
    return [insert(bound).values(rows)]


def ended(recorded: Recorded[Any]) -> Sequence[Executable]:
    return [delete(bound).where(bound.c.alliance_id == recorded.alliance, bound.c.campaign == _id(recorded))]


PROJECTORS: Final[Projectors] = {
    **{event: [moved] for event in EVENTS},
    CampaignDrafted: [drafted],
    CampaignFrozen: [moved, frozen],
    CampaignSettled: [moved, ended],
    CampaignCancelled: [moved, ended],
}


async def page(
    connection: AsyncConnection,
    alliance: AllianceId,
    after: UUID,
    limit: int,
    states: Sequence[State] | None,
) -> Sequence[RowMapping]:
    """(id, version, state, title or None once erased), by id: the oldest first."""
    texts = documents.documents
    query = (
        select(campaigns.c.id, campaigns.c.version, campaigns.c.state, texts.c.body.label("title"))
        .outerjoin(texts, texts.c.id == campaigns.c.title)
        .where(campaigns.c.alliance_id == alliance, campaigns.c.id > after)
        .order_by(campaigns.c.id)
        .limit(limit)
    )
    if states:
        query = query.where(campaigns.c.state.in_(states))
    return (await connection.execute(query)).mappings().all()


async def one(connection: AsyncConnection, alliance: AllianceId, campaign: UUID) -> RowMapping | None:
    query = select(campaigns).where(campaigns.c.alliance_id == alliance, campaigns.c.id == campaign)
    return (await connection.execute(query)).mappings().one_or_none()
