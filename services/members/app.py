"""The members service, put together."""

import asyncio
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from events.log import Log
from events.registry import Registry
from members import messages
from members.alliance import api as alliance_api
from members.alliance import events as alliance_events
from members.alliance import views as alliance_views
from members.charter import api as charter_api
from members.charter import events as charter_events
from members.charter import views as charter_views
from members.common_life import declarations
from members.decision import api as decision_api
from members.decision import events as decision_events
from members.decision import views as decision_views
from members.directory import api as directory_api
from members.directory import events as directory_events
from members.directory import views as directory_views
from members.dues import api as dues_api
from members.dues import events as dues_events
from members.membership import api as membership_api
from members.membership import events as membership_events
from members.membership import views as membership_views
from members.membership.reactions import react
from members.permissions import RULES
from members.settings import MembersSettings
from members.tables import documents, metadata, obligations
from service.assembly import Description, assemble
from service.document_api import document_router
from service.masters import epochs

REGISTRY: Final = Registry.of(
    "members",
    [
        *alliance_events.EVENTS,
        *charter_events.EVENTS,
        *decision_events.EVENTS,
        *directory_events.EVENTS,
        *dues_events.EVENTS,
        *membership_events.EVENTS,
        *obligations.events,
        *declarations.events,
    ],
)

OPEN_DOCUMENTS: Final = frozenset({"preamble", "decision_title", "discussion", "offers", "seeks", "goal"})
"""Kinds of texts that are meant for everybody in the alliance."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"

DESCRIPTION: Final = Description(
    name="members",
    title="Members",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors={
        **alliance_views.PROJECTORS,
        **charter_views.PROJECTORS,
        **decision_views.PROJECTORS,
        **directory_views.PROJECTORS,
        **membership_views.PROJECTORS,
        **obligations.projectors,
        **declarations.projectors,
    },
    routers=[
        alliance_api.founding,
        alliance_api.router,
        charter_api.router,
        membership_api.router,
        decision_api.router,
        directory_api.router,
        dues_api.router,
        obligations.router,
        declarations.router,
        document_router(OPEN_DOCUMENTS, RULES),
    ],
    messages=[messages.MESSAGES, obligations.messages, declarations.messages],
    migrations=MIGRATIONS,
    follows=("purchasing", "tenders"),
    react=react,
    due=decision_api.due,
)


def create(settings: MembersSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    return assemble(DESCRIPTION, settings, log, drain, {"members": epochs(settings.master)})
