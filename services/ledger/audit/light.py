"""Reads what an entry posts ten times as fast as with all of pydantic's care, and never otherwise.

Rules are the ledger's own, and what they look at accepts less than what it stands for (`lighter`). What it
does not accept, and whatever fails on the way, is read by `reading.Opener`, which says what is wrong with it.
"""

from binascii import a2b_base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, get_type_hints

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field, StringConstraints, TypeAdapter
from pydantic_core import CoreConfig, SchemaValidator
from typing_extensions import TypedDict

from events.envelope import source
from events.ids import AllianceId
from events.sealing import NONCE_BYTES
from ledger.audit.keys import KeyFile
from ledger.audit.lighter import Identifier, NotLighter, lighter_event
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal, Rule

_TYPE: Final = b'"type":"'
_TYPE_BEFORE: Final = 300
"""In the first bytes: what stands before it is of one length, but for the source's name."""


_Number = Annotated[int, Field(strict=True, ge=0, lt=2**64)]
"""Beyond, orjson reads a float, which is no number of an event."""


class _Envelope(TypedDict):
    """As `envelope.recorded` reads it, without what is another of each type."""

    specversion: str
    datacontenttype: str
    id: Identifier
    subject: str
    time: str
    sequence: Annotated[
        str, StringConstraints(strict=True, pattern=r"^0*[1-9][0-9]*$", min_length=12, max_length=12)
    ]
    streamversion: _Number
    actor: str
    correlationid: str
    causationid: NotRequired[str | None]
    effectiveon: str
    charterversion: _Number
    project: str


LightRead = tuple[str, str, date, Sequence[Line | Reversal]]
"""An entry's id, service, effective date and what it posts: ids in its lines are text, amounts those of
`lighter`.
"""


@dataclass(slots=True)
class _Recorded:
    """What rules look at."""

    service: str
    project: str
    effective_on: date
    event: Any


class _Kind(NamedTuple):
    """A type of events, and how it is read."""

    service: str
    read: Callable[[bytes], Any]
    figures: Sequence[tuple[str, bool, Callable[[bytes], Any]]]
    """Fields with a figure, or where true a list of them, and what reads the opened one."""
    decrypt: Mapping[tuple[str, str], Callable[[bytes, bytes, bytes], bytes]]
    """By owner and fingerprint: nonce, what is sealed, what it is bound to."""
    rule: Rule | None


class LightReader:
    """Reads the entries of one alliance with its keys."""

    def __init__(self, sources: Mapping[str, Source], keys: KeyFile, carefully: Collection[str] = ()) -> None:
        """Types that stand in `carefully` are left to be read with all care."""
        self._alliance = AllianceId(keys.alliance)
        self._events = {
            name.encode(): (service, event, followed.rules.get(event))
            for service, followed in sources.items()
            for name, event in followed.registry.classes.items()
            if name not in carefully
        }
        self._kinds: dict[bytes, _Kind | None] = {}
        self._decrypt = {
            service: {
                (str(owner), fingerprint): AESGCM(key).decrypt
                for owner, of_owner in keys.opening(service).items()
                for fingerprint, key in of_owner.items()
            }
            for service in sources
        }

    def read(self, body: bytes) -> LightRead | None:
        """None where the entry must be read with all care."""
        start = body.find(_TYPE, 0, _TYPE_BEFORE) + len(_TYPE)
        name = body[start : body.find(b'"', start)]
        try:
            kind = self._kinds[name]
        except KeyError:
            kind = self._kinds[name] = self._kind(name)
        # With a backslash come characters that parsers take one for another.
        if kind is None or b"\\" in body:
            return None
        try:
            return self._read(kind, body)
        except Exception:
            return None

    def _read(self, kind: _Kind, body: bytes) -> LightRead:
        service, read, figures, decrypt, rule = kind
        envelope = read(body)
        event, event_id = envelope["data"], envelope["id"]
        for name, several, read_figure in figures:
            found = getattr(event, name)
            for index, figure in enumerate(found) if several else (("", found),):
                owner, closed = figure.owner, figure.sealed
                sealed = a2b_base64(closed.replace("-", "+").replace("_", "/"))
                # As `events.sealing` binds it to its place; a key that is not at hand is a KeyError.
                place = f"{event_id}{owner}/{name}/{index}" if several else f"{event_id}{owner}/{name}"
                figure.open = read_figure(
                    decrypt[owner, figure.key](sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
                )
        datetime.fromisoformat(envelope["time"])
        day = _day(envelope["effectiveon"])
        if rule is None:
            return event_id, service, day, ()
        recorded: Any = _Recorded(service, envelope["project"], day, event)
        return event_id, service, day, rule(recorded)

    def _kind(self, name: bytes) -> _Kind | None:
        """None for a type that is not known, or whose events are read with all care."""
        if name not in self._events:
            return None
        service, event, rule = self._events[name]
        try:
            data, figures = lighter_event(event)
        except NotLighter:
            return None
        own = {"source": Literal[source(service, self._alliance)], "type": Literal[event.type], "data": data}
        made: Any = TypedDict  # while it runs
        envelope = made(event.__name__, {**get_type_hints(_Envelope, include_extras=True), **own})
        reads = [(one.name, one.several, _reading(one.kind)) for one in figures]
        return _Kind(service, _reading(envelope), reads, self._decrypt[service], rule)


def _reading(kind: Any) -> Callable[[bytes], Any]:
    """Reads JSON. Texts of values are not looked up to be shared: hardly any comes twice."""
    schema = TypeAdapter(kind).core_schema
    config = CoreConfig(extra_fields_behavior="forbid", cache_strings="keys")
    return SchemaValidator(schema, config).validate_json


_day = cache(date.fromisoformat)
