"""The purchasing service, put together."""

import asyncio
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from events.log import Log
from events.projection import Projectors
from events.registry import Registry
from purchasing import messages
from purchasing.campaign import api as campaign_api
from purchasing.campaign import carrying_out_api, participation_api
from purchasing.campaign import events as campaign_events
from purchasing.campaign import views as campaign_views
from purchasing.clearing import events as clearing_events
from purchasing.clearing import views as clearing_views
from purchasing.clearing.reactions import due, react
from purchasing.contributions import declarations
from purchasing.permissions import RULES
from purchasing.settings import PurchasingSettings
from purchasing.tables import documents, metadata, obligations
from service.assembly import Description, assemble
from service.document_api import document_router
from service.masters import epochs

REGISTRY: Final = Registry.of(
    "purchasing",
    [*campaign_events.EVENTS, *clearing_events.EVENTS, *obligations.events, *declarations.events],
)

OPEN_DOCUMENTS: Final = frozenset({"title", "specification", "reason"})
"""Kinds of texts that are meant for everybody in the alliance."""


def _together(*parts: Projectors) -> Projectors:
    """Several concepts may project one event."""
    return {
        event: [projector for part in parts for projector in part.get(event, ())]
        for event in {event: None for part in parts for event in part}
    }


MIGRATIONS: Final = Path(__file__).parent / "migrations"

DESCRIPTION: Final = Description(
    name="purchasing",
    title="Purchasing",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors=_together(
        campaign_views.PROJECTORS, clearing_views.PROJECTORS, obligations.projectors, declarations.projectors
    ),
    routers=[
        campaign_api.router,
        participation_api.router,
        carrying_out_api.router,
        obligations.router,
        declarations.router,
        document_router(OPEN_DOCUMENTS, RULES),
    ],
    messages=[messages.MESSAGES, obligations.messages, declarations.messages],
    migrations=MIGRATIONS,
    react=react,
    due=due,
)


def create(settings: PurchasingSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    return assemble(DESCRIPTION, settings, log, drain, {"purchasing": epochs(settings.master)})
