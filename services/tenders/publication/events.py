"""What is published of imports. The publication itself names people: it stands in documents."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event


class ProcessImported(BaseModel):
    """What became of one contracting process; `reading` where something new was read of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ocid: str
    opportunity: UUID
    outcome: Literal["detected", "amended", "unchanged", "older"]
    reading: Digest | None


class PublicationImported(Event, type="alliance.tenders.publication_imported.v1"):
    """One file, and what it came to; `faults` lists why nothing was made of `refused` parts of it."""

    original: Digest
    processes: tuple[ProcessImported, ...]
    refused: int
    faults: Digest | None


EVENTS = (PublicationImported,)
