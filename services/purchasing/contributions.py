"""Hours and means declared for campaigns: coordination, storage."""

from typing import Final
from uuid import UUID

from declarations.api import Declarations
from declarations.project import Project
from events.errors import NotFound, Refused
from events.ids import AllianceId
from events.store import Transaction
from purchasing.campaign import views
from purchasing.campaign.state import State
from purchasing.tables import documents, metadata
from standing import Given

KINDS: Final = frozenset({"coordination"})
MEANS: Final = frozenset({"storage"})


async def find(transaction: Transaction, given: Given, project: str, company: UUID) -> Project:
    """Any member may have worked for a campaign, and may say so after its end; its hours go by the charter in
    force when it was made.
    """
    try:
        campaign = UUID(project.removeprefix("campaign/"))
    except ValueError:
        raise NotFound("project_unknown") from None
    row = await views.one(transaction.connection, AllianceId(given.standing.alliance), campaign)
    if row is None or project != f"campaign/{campaign}":
        raise NotFound("project_unknown")
    if row["state"] == State.CANCELLED:
        raise Refused("campaign_cancelled")
    if row["state"] == State.DRAFT:
        raise Refused("campaign_state", state=State.DRAFT)
    return Project(project, "purchasing", KINDS, charter_version=row["charter_version"], means=MEANS)


declarations: Final = Declarations("purchasing", metadata, documents, find)
