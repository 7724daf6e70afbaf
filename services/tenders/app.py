"""The tenders service, put together."""

import asyncio
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from events.log import Log
from events.registry import Registry
from service.assembly import Description, assemble
from tenders import messages
from tenders.permissions import RULES
from tenders.settings import TendersSettings
from tenders.tables import documents, metadata

REGISTRY: Final = Registry.of("tenders", [])

DESCRIPTION: Final = Description(
    name="tenders",
    title="Tenders",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors={},
    routers=[],
    messages=[messages.MESSAGES],
)

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def create(settings: TendersSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    masters = {"tenders": [bytes.fromhex(settings.master.get_secret_value())]}
    return assemble(DESCRIPTION, settings, log, drain, masters)
