"""What the process of one service is made of. The other services are not imported: nobody pays for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from events.log import Log
from service.settings import Settings


@dataclass(frozen=True)
class Parts:
    settings: type[Settings]
    create: Callable[[Any, Log, asyncio.Event], FastAPI]


def parts_of(service: str) -> Parts:
    settings = getattr(import_module(f"{service}.settings"), f"{service.capitalize()}Settings")
    return Parts(settings, import_module(f"{service}.app").create)


def migrations_of(service: str) -> Path:
    """Without the service itself, which takes a second to import."""
    found = find_spec(f"{service}.migrations")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0])
