"""The event: one JSON object, CloudEvents 1.0 in structured mode, whose bytes are made once.

The same bytes lie in the event store, travel through the log between services and are the leaf of the
ledger's Merkle log: a hash covers them, so nobody serialises an event again. Their order of members is
fixed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from events.ids import AllianceId, PersonId
from events.sealing import Confidential, Seal

LARGEST_EVENT = 60_000
"""Bytes. Tile formats end at 65,535; a larger list becomes several events with a closing one."""

SEQUENCE_DIGITS = 12
LIFE = "life"
"""The project of what belongs to no project: dues, meetings, officers' hours."""


class Event(BaseModel):
    """A fact in the past tense. Subclasses name their stable wire type: `class Founded(Event, type="…v1")`.

    Frozen; unknown fields are forbidden on writing and tolerated on reading (a newer version may add some).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if type is not None:
            cls.type = type

    def __init_subclass__(cls, *, type: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a new event in its envelope."""

    service: str
    alliance: AllianceId
    time: datetime
    actor: PersonId
    correlation: str
    causation: str | None
    effective_on: date
    charter_version: int
    """The charter whose rules the event goes by; 0 before there is one."""
    project: str
    """`life`, or the subject of the project (`campaign/<id>`)."""


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E]):
    """An event as it was recorded, with what its envelope says of it."""

    id: str
    service: str
    alliance: AllianceId
    stream: str
    version: int
    sequence: int
    time: datetime
    actor: PersonId
    correlation: str
    causation: str | None
    effective_on: date
    charter_version: int
    project: str
    event: E


class MalformedEvent(ValueError):
    """The bytes are no event in the form above."""


class EventTooLarge(ValueError):
    """The event would be over `LARGEST_EVENT` bytes."""


def encode(
    event: Event, context: Context, *, id: str, stream: str, version: int, sequence: int, seal: Seal
) -> bytes:
    """The bytes of an event, figures sealed. Raises `EventTooLarge`."""
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": id,
        "source": source(context.service, context.alliance),
        "type": event.type,
        "subject": stream,
        "time": instant(context.time),
        "datacontenttype": "application/json",
        "sequence": f"{sequence:0{SEQUENCE_DIGITS}d}",
        "streamversion": version,
        "actor": context.actor,
        "correlationid": context.correlation,
    }
    if context.causation is not None:
        envelope["causationid"] = context.causation
    envelope["effectiveon"] = context.effective_on.isoformat()
    envelope["charterversion"] = context.charter_version
    envelope["project"] = context.project
    envelope["data"] = plain(event, seal)
    body = orjson.dumps(envelope)
    if len(body) > LARGEST_EVENT:
        raise EventTooLarge(f"{event.type} would be {len(body)} bytes, over {LARGEST_EVENT}")
    return body


class Closer(Protocol):
    """What becomes of a confidential figure: sealed in an event, shown or withheld in an answer."""

    def close(self, owner: UUID, path: str, figure: Any) -> Any: ...


def plain(value: Any, seal: Closer | None, path: str = "") -> Any:
    """`value` as JSON-ready data; the one place in which figures are sealed. Without a seal they stay
    open.
    """
    match value:
        case Confidential():
            figure = plain(value.open, seal, path)
            return seal.close(value.owner, path, figure) if seal else figure
        case BaseModel() if not _holds_figures(type(value)):
            return value.model_dump(mode="json")
        case BaseModel():
            # What holds no figure is written by the model itself, as in a model without any.
            open_parts = value.model_dump(mode="json", exclude=set(_figures(type(value))))
            return {
                name: open_parts[name]
                if name in open_parts
                else plain(getattr(value, name), seal, f"{path}/{name}")
                for name in type(value).model_fields
            }
        case Mapping():
            return {str(name): plain(part, seal, f"{path}/{name}") for name, part in value.items()}
        case list() | tuple():
            return [plain(part, seal, f"{path}/{index}") for index, part in enumerate(value)]
        case Decimal():
            return f"{value:f}"
        case Enum():
            return value.value
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case None | bool() | int() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no form in an event")


@cache
def _figures(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model in which a confidential figure may stand."""
    return frozenset(name for name, field in model.model_fields.items() if _holds_figures(field.annotation))


def _holds_figures(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return issubclass(kind, Confidential) or bool(_figures(kind))
    return any(_holds_figures(part) for part in get_args(kind))


@dataclass(frozen=True, slots=True)
class Head:
    """What a reader needs of an event before it knows its type."""

    id: str
    service: str
    alliance: AllianceId
    sequence: int
    type: str
    envelope: Mapping[str, Any]


def parse(body: bytes) -> Head:
    """Raises `MalformedEvent` where the bytes are no event."""
    try:
        envelope = orjson.loads(body)
        service, alliance = _source(envelope["source"])
        head = Head(
            id=_text(envelope, "id"),
            service=service,
            alliance=alliance,
            sequence=_sequence(envelope["sequence"]),
            type=_text(envelope, "type"),
            envelope=envelope,
        )
        if not isinstance(envelope["data"], dict):
            raise TypeError("data is no object")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedEvent(f"no event: {error!r}") from error
    return head


def claimed(body: bytes) -> tuple[str, AllianceId] | None:
    """Of which service and alliance the bytes say that they are an event, though they may be none."""
    try:
        return _source(orjson.loads(body)["source"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def recorded(head: Head, event: E) -> Recorded[E]:
    """Raises `MalformedEvent` where an attribute of the envelope is missing or of another form."""
    envelope = head.envelope
    try:
        return Recorded(
            id=head.id,
            service=head.service,
            alliance=head.alliance,
            stream=_text(envelope, "subject"),
            version=_number(envelope, "streamversion"),
            sequence=head.sequence,
            time=datetime.fromisoformat(envelope["time"]),
            actor=PersonId(_text(envelope, "actor")),
            correlation=_text(envelope, "correlationid"),
            causation=envelope.get("causationid"),
            effective_on=date.fromisoformat(envelope["effectiveon"]),
            charter_version=_number(envelope, "charterversion"),
            project=_text(envelope, "project"),
            event=event,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedEvent(f"envelope: {error!r}") from error


def source(service: str, alliance: AllianceId) -> str:
    return f"/{service}/alliances/{alliance}"


def _source(text: str) -> tuple[str, AllianceId]:
    empty, service, alliances, alliance = text.split("/")
    if empty or alliances != "alliances":
        raise ValueError(f"source {text!r}")
    return service, _alliance(alliance)


@lru_cache(maxsize=4096)
def _alliance(text: str) -> AllianceId:
    found = UUID(text)
    if str(found) != text:  # one id has one spelling: the key of a record is compared with it
        raise ValueError(f"alliance {text!r}")
    return AllianceId(found)


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == SEQUENCE_DIGITS) or int(text) == 0:
        raise ValueError("sequence")  # a number that no column holds would stop its follower for good
    return int(text)


def _text(envelope: Mapping[str, Any], name: str) -> str:
    value = envelope[name]
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"{name} is no text")
    return value


def _number(envelope: Mapping[str, Any], name: str) -> int:
    value = envelope[name]
    if type(value) is not int or value < 0:
        raise TypeError(f"{name} is no number")
    return value


def instant(time: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond: always of one length, so that it sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
