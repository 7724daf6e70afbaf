"""The purchasing service, put together."""

import asyncio
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from events.log import Log
from events.registry import Registry
from purchasing import messages
from purchasing.permissions import RULES
from purchasing.settings import PurchasingSettings
from purchasing.tables import documents, metadata
from service.assembly import Description, assemble

REGISTRY: Final = Registry.of("purchasing", [])

DESCRIPTION: Final = Description(
    name="purchasing",
    title="Purchasing",
    registry=REGISTRY,
    metadata=metadata,
    documents=documents,
    rules=RULES,
    projectors={},
    routers=[],
    messages=[messages.MESSAGES],
)

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def create(settings: PurchasingSettings, log: Log, drain: asyncio.Event) -> FastAPI:
    masters = {"purchasing": [bytes.fromhex(settings.master.get_secret_value())]}
    return assemble(DESCRIPTION, settings, log, drain, masters)
