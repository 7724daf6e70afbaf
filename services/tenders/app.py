"""The tenders service, put together."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from events.envelope import Event
from events.log import Log
from events.projection import Projector, Projectors
from events.registry import Registry
from service.assembly import Description, assemble
from service.document_api import document_router
from service.masters import epochs
from tenders import messages
from tenders.bid import api as bid_api
from tenders.bid import events as bid_events
from tenders.bid import views as bid_views
from tenders.clearing import events as clearing_events
from tenders.clearing import reactions as clearing_reactions
from tenders.clearing import views as clearing_views
from tenders.consortium import api as consortium_api
from tenders.consortium import events as consortium_events
from tenders.consortium import views as consortium_views
from tenders.contract import api as contract_api
from tenders.contract import events as contract_events
from tenders.contract import views as contract_views
from tenders.contributions import DECLARATIONS, OBLIGATIONS
from tenders.opportunity import api as opportunity_api
from tenders.opportunity import events as opportunity_events
from tenders.opportunity import views as opportunity_views
from tenders.permissions import RULES
from tenders.publication import api as publication_api
from tenders.publication import events as publication_events
from tenders.settings import TendersSettings
from tenders.tables import documents, metadata

REGISTRY: Final = Registry.of(
    "tenders",
    [
        *publication_events.EVENTS,
        *opportunity_events.EVENTS,
        *consortium_events.EVENTS,
        *bid_events.EVENTS,
        *contract_events.EVENTS,
        *clearing_events.EVENTS,
        *DECLARATIONS.events,
        *OBLIGATIONS.events,
    ],
)


def _together(*several: Projectors) -> Projectors:
    """The projectors of each event, those of the concepts named first before the others."""
    found: dict[type[Event], Sequence[Projector]] = {}
    for projectors in several:
        for event, added in projectors.items():
            found[event] = [*found.get(event, ()), *added]
    return found


MIGRATIONS: Final = Path(__file__).parent / "migrations"

DESCRIPTION: Final = Description(
    name="tenders",
    title="Tenders",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors=_together(
        opportunity_views.PROJECTORS,
        consortium_views.PROJECTORS,
        bid_views.PROJECTORS,
        contract_views.PROJECTORS,
        DECLARATIONS.projectors,
        OBLIGATIONS.projectors,
        clearing_views.PROJECTORS,
    ),
    routers=[
        publication_api.router,
        opportunity_api.router,
        consortium_api.router,
        bid_api.router,
        contract_api.router,
        DECLARATIONS.router,
        OBLIGATIONS.router,
        document_router({"notice", "notice_reading", "notice_faults", "description", "reason"}, RULES),
    ],
    messages=[messages.MESSAGES, DECLARATIONS.messages, OBLIGATIONS.messages],
    migrations=MIGRATIONS,
    react=clearing_reactions.react,
    due=clearing_reactions.due,
    bodies=publication_api.BODIES,
)


def create(settings: TendersSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    return assemble(DESCRIPTION, settings, log, drain, {"tenders": epochs(settings.master)})
