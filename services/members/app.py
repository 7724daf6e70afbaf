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
from members.charter import events as charter_events
from members.membership import events as membership_events
from members.permissions import RULES
from members.settings import MembersSettings
from members.tables import documents, metadata
from service.assembly import Description, assemble

REGISTRY: Final = Registry.of(
    "members", [*alliance_events.EVENTS, *charter_events.EVENTS, *membership_events.EVENTS]
)

DESCRIPTION: Final = Description(
    name="members",
    title="Members",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors={**alliance_views.PROJECTORS},
    routers=[alliance_api.founding, alliance_api.router],
    messages=[messages.MESSAGES],
    follows=(),
)

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def create(settings: MembersSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    masters = {"members": [bytes.fromhex(settings.master.get_secret_value())]}
    return assemble(DESCRIPTION, settings, log, drain, masters)
