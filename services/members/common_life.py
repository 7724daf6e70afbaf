"""Hours declared in the common life: those of officers, meetings and administration."""

from typing import Final
from uuid import UUID

from declarations.api import Declarations
from declarations.project import Project
from events.envelope import LIFE
from events.errors import NotFound
from events.store import Transaction
from members.tables import documents, metadata
from standing import Given

KINDS: Final = frozenset({"administration", "coordination", "meeting"})


async def find(transaction: Transaction, given: Given, project: str, company: UUID) -> Project:
    """The common life is the one project of this service; its hours go by the charter of their day."""
    if project != LIFE:
        raise NotFound("project_unknown")
    return Project(LIFE, "officers", KINDS)


declarations: Final = Declarations("members", metadata, documents, find, means=False)
