"""Reads what an entry posts four times as fast as with all of pydantic's care, and never otherwise.

Rules are the ledger's own, and what they look at accepts less than what it stands for (`lighter`). What it
does not accept, and whatever fails on the way, is read by `reading.Opener`, which says what is wrong with it.
"""

from binascii import a2b_base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta, Struct, defstruct

from events.envelope import SEQUENCE_DIGITS, Event, source
from events.ids import AllianceId
from events.sealing import NONCE_BYTES
from ledger.audit.keys import KeyFile
from ledger.audit.lighter import lighter_event, reading
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal, Rule

_TYPE: Final = b'"type":"'
_TYPE_BEFORE: Final = 300
"""In the first bytes: what stands before it is of one length, but for the source's name."""

_AS_ZERO: Final = bytes.maketrans(b"123456789abcdef", b"0" * 15)
"""Makes one text of all ids, and of all sequence numbers: looked at together they cost a third."""
_NUMBER: Final = b"0" * SEQUENCE_DIGITS
_ID: Final = str(UUID(int=0)).encode()

_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Envelope(Struct, kw_only=True, forbid_unknown_fields=True):
    """As `envelope.recorded` reads it, without what is another of each type."""

    specversion: str
    datacontenttype: str
    id: str
    subject: str
    time: str
    sequence: str
    streamversion: _Number
    actor: str
    correlationid: str
    causationid: str | None = None
    effectiveon: date
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
    numbers: Callable[[Any], Sequence[str]]
    """Of an envelope: its sequence number, and the ids in it."""
    as_zero: bytes
    """The same, a line each, where they are well-formed."""
    figures: Sequence[tuple[str, bool, Callable[[bytes], Any]]]
    """Fields with a figure, or where true a list of them, and what reads the opened one."""
    decrypt: Mapping[tuple[str, str], Callable[[bytes, bytes, bytes], bytes]]
    """By owner and fingerprint: nonce, what is sealed, what it is bound to."""
    rule: Rule | None


_Entry = tuple[_Kind, Any, list[tuple[Any, Callable[[bytes], Any], bytes]]]
"""An entry on its way: its envelope, and figures of it with what reads each and the bytes that it reads."""


class LightReader:
    """Reads the entries of one alliance with its keys."""

    def __init__(self, sources: Mapping[str, Source], keys: KeyFile, carefully: Collection[str] = ()) -> None:
        """Types that stand in `carefully` are left to be read with all care."""
        self._alliance = AllianceId(keys.alliance)
        self._unmade = {
            name.encode(): (service, event, followed.rules.get(event))
            for service, followed in sources.items()
            for name, event in followed.registry.classes.items()
            if name not in carefully
        }
        self._kinds: dict[bytes, _Kind] = {}
        self._decrypt = {
            service: {
                (str(owner), fingerprint): AESGCM(key).decrypt
                for owner, of_owner in keys.opening(service).items()
                for fingerprint, key in of_owner.items()
            }
            for service in sources
        }

    def read(self, bodies: Sequence[bytes]) -> list[LightRead | None]:
        """Of entries, each; None where it must be read with all care.

        One step is taken for all before the next one: what it works with stays in the processor's cache.
        """
        found: list[Any] = list(bodies)
        for step in (self._read, _decrypt, _open, _post):
            for index, one in enumerate(found):
                if one is not None:
                    try:
                        found[index] = step(one)
                    except Exception:
                        found[index] = None
        return found

    def _read(self, body: bytes) -> _Entry | None:
        start = body.find(_TYPE, 0, _TYPE_BEFORE) + len(_TYPE)
        name = body[start : body.find(b'"', start)]
        if name in self._unmade:
            # Once: one that cannot be made is no kind from then on.
            self._kinds[name] = self._kind(*self._unmade.pop(name))
        kind = self._kinds.get(name)
        # With a backslash come characters that parsers take one for another.
        if kind is None or b"\\" in body:
            return None
        envelope = kind.read(body)
        numbers = "\n".join(kind.numbers(envelope)).encode()
        if numbers.translate(_AS_ZERO) != kind.as_zero or not int(envelope.sequence):
            return None
        return kind, envelope, []

    def _kind(self, service: str, event: type[Event], rule: Rule | None) -> _Kind:
        """Raises NotLighter, and TypeError where msgspec does not know a field."""
        data, ids, figures = lighter_event(event)
        own = [
            ("source", Literal[source(service, self._alliance)]),
            ("type", Literal[event.type]),
            ("data", data),
        ]
        read = reading(defstruct(event.__name__, own, bases=(_Envelope,), kw_only=True))
        read_figures = [(one.name, one.several, reading(one.kind)) for one in figures]
        numbers = attrgetter("sequence", "id", *(f"data.{name}" for name in ids))
        as_zero = b"\n".join((_NUMBER, _ID, *(_ID for _ in ids)))
        return _Kind(service, read, numbers, as_zero, read_figures, self._decrypt[service], rule)


def _decrypt(entry: _Entry) -> _Entry:
    kind, envelope, opened = entry
    event, event_id, decrypt = envelope.data, envelope.id, kind.decrypt
    for name, several, read_figure in kind.figures:
        found = getattr(event, name)
        for index, figure in enumerate(found) if several else (("", found),):
            owner, closed = figure.owner, figure.sealed
            sealed = a2b_base64(closed.replace("-", "+").replace("_", "/"))
            # As `events.sealing` binds it to its place; a key that is not at hand is a KeyError.
            place = f"{event_id}{owner}/{name}/{index}" if several else f"{event_id}{owner}/{name}"
            clear = decrypt[owner, figure.key](sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
            opened.append((figure, read_figure, clear))
    return entry


def _open(entry: _Entry) -> _Entry:
    for figure, read_figure, clear in entry[2]:
        figure.open = read_figure(clear)
    return entry


def _post(entry: _Entry) -> LightRead:
    kind, envelope, _ = entry
    datetime.fromisoformat(envelope.time)
    if kind.rule is None:
        return envelope.id, kind.service, envelope.effectiveon, ()
    recorded: Any = _Recorded(kind.service, envelope.project, envelope.effectiveon, envelope.data)
    return envelope.id, kind.service, envelope.effectiveon, kind.rule(recorded)
