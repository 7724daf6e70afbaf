"""The documents that front ends, auditors and operators build on: made from the code, committed, compared."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from sqlalchemy import URL
from starlette.routing import Mount

import ledger.app
import ledger.permissions
import members.app
import members.permissions
import purchasing.app
import purchasing.permissions
import tenders.app
import tenders.permissions
from embedded.app import SERVICES, assemble
from embedded.secrets import Secrets
from events import asyncapi
from events.log import topic_of
from events.registry import Registry
from service.openapi import text_of
from service.permissions import Rule, table

_REGISTRIES: Final[Mapping[str, Registry]] = {
    "members": members.app.REGISTRY,
    "purchasing": purchasing.app.REGISTRY,
    "tenders": tenders.app.REGISTRY,
    "ledger": ledger.app.REGISTRY,
}
_RULES: Final[Mapping[str, Mapping[type, Rule]]] = {
    "members": members.permissions.RULES,
    "purchasing": purchasing.permissions.RULES,
    "tenders": tenders.permissions.RULES,
    "ledger": ledger.permissions.RULES,
}


def made() -> dict[str, str]:
    """Every document by its path in the folder, as text. Needs neither a database nor data."""
    app = _application()
    found = {"openapi/alliance.json": text_of(app.openapi())}
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            found[f"openapi/{route.path.strip('/')}.json"] = text_of(route.app.openapi())
    for name, registry in _REGISTRIES.items():
        found[f"asyncapi/{name}.json"] = text_of(asyncapi.document_of(registry, topic_of(name)))
    found["permissions.md"] = _permissions()
    return found


def _application() -> FastAPI:
    nothing = bytes(32)
    secrets = Secrets(
        issuer=Path(), deployment=nothing, sealing={name: [nothing] for name in SERVICES}, passwords={}
    )
    return assemble(
        secrets, "jwks.json", lambda database, role: URL.create("postgresql+asyncpg"), asyncio.Event()
    )


def _permissions() -> str:
    parts = [
        "# Who may do what",
        "",
        "Made from each service's permissions.py, which is what is enforced.",
        "",
    ]
    for name, rules in _RULES.items():
        parts += [f"## {name}", "", table(rules)]
    return "\n".join(parts)


def broken(folder: Path, documents: Mapping[str, str]) -> list[str]:
    """In words, what breaks a version of an event that the folder has published."""
    found = []
    for path, text in documents.items():
        if path.startswith("asyncapi/") and (folder / path).exists():
            published: dict[str, Any] = json.loads((folder / path).read_text(encoding="utf-8"))
            found += [f"{path}: {fault}" for fault in asyncapi.breaks(published, json.loads(text))]
    return found


def differing(folder: Path, documents: Mapping[str, str]) -> list[str]:
    """The paths whose file is missing, is another, or is made no more."""
    here = {
        file.relative_to(folder).as_posix()
        for kind in ("openapi", "asyncapi")
        for file in (folder / kind).glob("*.json")
    }
    return sorted(
        path
        for path in here | documents.keys()
        if path not in documents
        or not (folder / path).exists()
        or (folder / path).read_text(encoding="utf-8") != documents[path]
    )


def publish(folder: Path, *, check: bool) -> list[str]:
    """Writes them all, or with `check` compares; returns what stands against it: then nothing is written."""
    present = made()
    faults = broken(folder, present)
    if check:
        faults += [f"{path} is not what the code makes of it" for path in differing(folder, present)]
    elif not faults:
        for path, text in present.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    return faults
