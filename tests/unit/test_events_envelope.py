"""The event's bytes: one form for ever, read back whole, refused in any other."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import jsonschema
import orjson
import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.envelope import (
    LARGEST_EVENT,
    Context,
    Event,
    EventTooLarge,
    MalformedEvent,
    encode,
    instant,
    parse,
    plain,
)
from events.ids import AllianceId, PersonId
from events.registry import Registry
from events.sealing import Confidential, Masters, Seal
from money import Money, Rate

US = AllianceId(UUID(int=1))
OWNER = UUID(int=2)
ID = "018f0000-0000-7000-8000-000000000001"
RING = Masters((b"m" * 32,))


class Kind(StrEnum):
    FIXED = "fixed"


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(max_length=10)]
    price: Confidential[Money]
    quantity: Annotated[int, Field(ge=0)] = 1


class Offered(Event, type="alliance.tiny.offered.v1"):
    name: str
    day: date
    at: datetime
    kind: Kind
    rate: Rate
    lines: tuple[Line, ...]
    by_company: Mapping[UUID, Confidential[Money]] = {}
    note: str | None = None


class Named(Event, type="alliance.tiny.named.v1"):
    name: str


REGISTRY = Registry.of("tiny", [Offered, Named])
MONEY = Money(amount="12.30", currency="EUR")
OFFER = Offered(
    name="Été",
    day=date(2025, 3, 1),
    at=datetime(2025, 3, 1, 12, tzinfo=UTC),
    kind=Kind.FIXED,
    rate=Decimal("3.65"),
    lines=(Line(label="a", price=Confidential(owner=OWNER, open=MONEY)),),
    by_company={OWNER: Confidential(owner=OWNER, open=MONEY)},
)


def context(**changes: Any) -> Context:
    values: dict[str, Any] = {
        "service": "tiny",
        "alliance": US,
        "time": datetime(2025, 3, 1, 12, 0, 0, 5, tzinfo=UTC),
        "actor": PersonId("a" * 32),
        "correlation": "request",
        "causation": None,
        "effective_on": date(2025, 2, 28),
        "charter_version": 3,
        "project": "campaign/1",
    }
    return Context(**{**values, **changes})


def encoded(event: Event = OFFER, sequence: int = 42, **changes: Any) -> bytes:
    return encode(
        event,
        context(**changes),
        id=ID,
        stream="campaign/1",
        version=7,
        sequence=sequence,
        seal=Seal(RING, US, ID),
    )


def test_the_bytes_of_an_event_are_these_for_ever() -> None:
    assert encoded(Named(name="Été"), causation="cause") == (
        b'{"specversion":"1.0","id":"018f0000-0000-7000-8000-000000000001",'
        b'"source":"/tiny/alliances/00000000-0000-0000-0000-000000000001",'
        b'"type":"alliance.tiny.named.v1","subject":"campaign/1","time":"2025-03-01T12:00:00.000005Z",'
        b'"datacontenttype":"application/json","sequence":"000000000042","streamversion":7,'
        b'"actor":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","correlationid":"request","causationid":"cause",'
        b'"effectiveon":"2025-02-28","charterversion":3,"project":"campaign/1",'
        b'"data":{"name":"\xc3\x89t\xc3\xa9"}}'
    )
    assert b"causationid" not in encoded(Named(name="x"))


def test_an_event_is_read_back_whole() -> None:
    read = REGISTRY.read(encoded(), RING)
    event = read.event
    assert isinstance(event, Offered)
    assert event.lines[0].price.value == MONEY
    assert event.by_company[OWNER].value == MONEY
    assert (event.name, event.day, event.at, event.kind, event.rate) == (
        OFFER.name,
        OFFER.day,
        OFFER.at,
        OFFER.kind,
        OFFER.rate,
    )
    assert (read.id, read.stream, read.version, read.sequence) == (ID, "campaign/1", 7, 42)
    assert (read.alliance, read.service, read.actor, read.correlation) == (US, "tiny", "a" * 32, "request")
    assert (read.effective_on, read.charter_version, read.project) == (date(2025, 2, 28), 3, "campaign/1")
    assert read.time == datetime(2025, 3, 1, 12, 0, 0, 5, tzinfo=UTC)


def test_figures_are_nowhere_in_the_bytes() -> None:
    assert b"12.30" not in encoded()
    assert encoded().count(b'"sealed"') == 2


def test_a_value_is_written_alike_with_and_without_figures_beside_it() -> None:
    class Bare(Event, type="alliance.tiny.bare.v1"):
        day: date
        at: datetime
        rate: Rate

    bare = Bare(day=OFFER.day, at=OFFER.at, rate=OFFER.rate)
    written = plain(OFFER, Seal(RING, US, ID))
    assert {name: written[name] for name in ("day", "at", "rate")} == plain(bare, None)


def test_the_data_keeps_to_the_published_schema() -> None:
    data = orjson.loads(encoded())["data"]
    validator = jsonschema.Draft202012Validator(Offered.model_json_schema())
    assert list(validator.iter_errors(data)) == []
    opened = {**data, "lines": [{**data["lines"][0], "price": {"amount": "12.30", "currency": "EUR"}}]}
    assert list(validator.iter_errors(opened))


def test_an_event_too_large_is_refused() -> None:
    room = LARGEST_EVENT - len(encoded(Named(name="")))
    assert len(encoded(Named(name="x" * room))) == LARGEST_EVENT
    with pytest.raises(EventTooLarge) as raised:
        encoded(Named(name="y" * (room + 1)))
    assert "yyy" not in str(raised.value)


def test_times_are_utc_and_of_one_length() -> None:
    east = datetime(2025, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert instant(east) == "2025-03-01T12:00:00.000000Z"


def test_an_unknown_field_is_refused_on_writing_and_tolerated_on_reading() -> None:
    with pytest.raises(ValidationError):
        Named(name="x", more=1)  # type: ignore[call-arg]
    envelope = orjson.loads(encoded())
    envelope["data"]["more"] = 1
    envelope["data"]["lines"][0]["more"] = {"of": "this"}
    envelope["later"] = "extension"
    assert REGISTRY.read(orjson.dumps(envelope), RING).event.name == "Été"  # type: ignore[attr-defined]


def with_(**changes: Any) -> bytes:
    envelope = orjson.loads(encoded(Named(name="x")))
    return orjson.dumps({name: value for name, value in {**envelope, **changes}.items() if value != "gone"})


SOURCE = "/tiny/alliances/00000000-0000-0000-0000-000000000001"
MALFORMED = {
    "no JSON": b"{",
    "no bytes": b"",
    "a list": b"[]",
    "text": b'"x"',
    "no id": with_(id="gone"),
    "an id that is no text": with_(id=7),
    "no source": with_(source="gone"),
    "a source of another form": with_(source="/tiny/alliance/x"),
    "no alliance": with_(source="/tiny/alliances/x"),
    "another spelling of the alliance": with_(source=SOURCE.replace("-", "")),
    "a short sequence": with_(sequence="42"),
    "a sequence that is a number": with_(sequence=42),
    "a sequence that no column holds": with_(sequence="9" * 30),
    "a negative sequence": with_(sequence="-00000000042"),
    "sequence zero": with_(sequence="0" * 12),
    "other digits": with_(sequence="٠٠٠٠٠٠٠٠٠٠٤٢"),
    "no type": with_(type="gone"),
    "a type that no column holds": with_(type="alliance.tiny\0.x.v1"),
    "no data": with_(data="gone"),
    "data that is no object": with_(data=[1]),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(body)


ENVELOPES = {
    "no stream": with_(subject="gone"),
    "a version that is text": with_(streamversion="7"),
    "a negative version": with_(streamversion=-1),
    "a version that is true": with_(streamversion=True),
    "no time": with_(time="gone"),
    "no day": with_(effectiveon="2025-02-30"),
    "no project": with_(project=None),
    "no charter": with_(charterversion=None),
}


@pytest.mark.parametrize("body", ENVELOPES.values(), ids=ENVELOPES)
def test_an_envelope_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        REGISTRY.read(body, RING)
