"""The events whose postings are frozen by golden files, as their services would have recorded them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from events.envelope import Context, encode
from events.ids import AllianceId, PersonId
from events.sealing import Seal
from ledger.posting.rules import sources
from samples.books import MASTERS

FOLDER: Final = Path(__file__).parents[1] / "data" / "golden"
ALLIANCE: Final = AllianceId(UUID(int=1))


@dataclass(frozen=True)
class Case:
    """An event that posts, as bytes; `companies` own its figures."""

    name: str
    service: str
    type: str
    body: bytes
    companies: frozenset[UUID]


def cases() -> Iterator[Case]:
    for service, source in sources().items():
        for case in json.loads((FOLDER / f"{service}.json").read_text(encoding="utf-8")):
            event = source.registry.classes[case["type"]].model_validate(case["data"])
            event_id = str(uuid4())
            context = Context(
                service=service,
                alliance=ALLIANCE,
                time=datetime(2025, 7, 1, tzinfo=UTC),
                actor=PersonId("0" * 32),
                correlation=event_id,
                causation=None,
                effective_on=date.fromisoformat(case["effective_on"]),
                charter_version=1,
                project=case["project"],
            )
            seal = Seal(MASTERS[service], ALLIANCE, event_id)
            body = encode(
                event, context, id=event_id, stream=case["stream"], version=1, sequence=1, seal=seal
            )
            yield Case(case["case"], service, case["type"], body, frozenset(_owners(case["data"])))


def _owners(data: Any) -> Iterator[UUID]:
    if isinstance(data, dict):
        if "open" in data:
            yield UUID(data["owner"])
        for part in data.values():
            yield from _owners(part)
    elif isinstance(data, list):
        for part in data:
            yield from _owners(part)
