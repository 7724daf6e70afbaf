"""The vocabulary of decisions: who asks (`Call`), what it rests on (`Given`), what decides (`Aggregate`).
Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from events.envelope import Event, Recorded
from events.ids import SYSTEM, AllianceId, PersonId

S = TypeVar("S")
G = TypeVar("G", bound="Given")


class Given(Protocol):
    """What a decision rests on beside its own stream; a service adds its own."""

    @property
    def effective_on(self) -> date: ...
    @property
    def charter_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for a command, when and how often: what HTTP (or a deadline, or a reaction) knows of it."""

    actor: PersonId
    alliance: AllianceId
    now: datetime
    correlation: str
    key: str | None = None
    """Idempotency-Key; None only for what repeats itself harmlessly."""
    fingerprint: bytes = b""
    """SHA-256 over method, path, query and raw body of the request."""
    if_match: int | None = None
    effective_on: date | None = None
    causation: str | None = None
    dry_run: bool = False

    @classmethod
    def of_system(
        cls, alliance: AllianceId, now: datetime, *, key: str, causation: str | None = None
    ) -> "Call":
        return cls(SYSTEM, alliance, now, correlation=key, key=key, causation=causation)


@dataclass(frozen=True, slots=True)
class Placed:
    """An event whose place is not the default: another stream, project, charter or date than the
    command's.
    """

    event: Event
    stream: str | None = None
    project: str | None = None
    charter_version: int | None = None
    effective_on: date | None = None


@dataclass(frozen=True)
class Aggregate(Generic[S, G]):
    """A concept with a life of its own: one stream an instance, `<name>/<id>`."""

    name: str
    evolve: Callable[[S | None, Recorded[Any]], S]
    decide: Callable[[S | None, Any, G, datetime], Sequence[Event | Placed]]
    project: Callable[[str], str] = lambda stream: stream
    """The project of its events, from the stream's name; by default the stream is the project."""

    def stream(self, id: UUID) -> str:
        return f"{self.name}/{id}"
