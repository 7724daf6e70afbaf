"""The registry: contradictions end the start, old versions are lifted, faults show no figures."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from cryptography.exceptions import InvalidTag

from events.envelope import Context, Event, MalformedEvent, encode
from events.ids import AllianceId, PersonId
from events.registry import Registry, RegistryError, UnknownEvent
from events.sealing import Confidential, Masters, Seal
from money import Money

US = AllianceId(UUID(int=1))
ID = "018f0000-0000-7000-8000-000000000001"
RING = Masters((b"m" * 32,))


class First(Event, type="alliance.tiny.priced.v1"):
    price: Confidential[Money]


class Third(Event, type="alliance.tiny.priced.v3"):
    cost: Confidential[Money]
    kind: str


def no_change(data: dict[str, Any]) -> dict[str, Any]:
    return data


def body(event: Event) -> bytes:
    around = Context(
        "tiny",
        US,
        datetime(2025, 1, 1, tzinfo=UTC),
        PersonId("a" * 32),
        "r",
        None,
        date(2025, 1, 1),
        1,
        "life",
    )
    return encode(event, around, id=ID, stream="s/1", version=1, sequence=1, seal=Seal(RING, US, ID))


PRICED = First(price=Confidential(owner=UUID(int=2), open=Money(amount="4711.00", currency="EUR")))


def test_an_old_event_is_lifted_through_every_version() -> None:
    registry = Registry.of(
        "tiny",
        [Third],
        {
            "alliance.tiny.priced.v1": lambda data: {"cost": data["price"]},
            "alliance.tiny.priced.v2": lambda data: {**data, "kind": "fixed"},
        },
    )
    event = registry.read(body(PRICED), RING).event
    assert isinstance(event, Third)
    assert event.cost.value == Money(amount="4711.00", currency="EUR")
    assert event.kind == "fixed"


class Stranger(Event, type="alliance.other.stranger.v1"):
    pass


class Nameless(Event):
    pass


class BadVersion(Event, type="alliance.tiny.bad.v0"):
    pass


class BadName(Event, type="alliance.tiny.Bad.v1"):
    pass


class Twin(Event, type="alliance.tiny.priced.v1"):
    pass


REFUSED: dict[str, tuple[list[type[Event]], dict[str, Any]]] = {
    "two events of one name": ([First, Twin], {}),
    "another service's event": ([Stranger], {}),
    "an event without a name": ([Nameless], {}),
    "version zero": ([BadVersion], {}),
    "a name in capitals": ([BadName], {}),
    "a chain that ends at no class": ([First], {"alliance.tiny.other.v1": no_change}),
    "a chain with a gap": ([Third], {"alliance.tiny.priced.v1": no_change}),
    "a fork: a class and an upcaster": (
        [First, Third],
        {"alliance.tiny.priced.v1": no_change, "alliance.tiny.priced.v2": no_change},
    ),
    "an upcaster of no wire name": ([Third], {"priced": no_change}),
}


@pytest.mark.parametrize(("events", "upcasters"), REFUSED.values(), ids=REFUSED)
def test_a_registry_that_contradicts_itself_is_refused(
    events: list[type[Event]], upcasters: dict[str, Any]
) -> None:
    with pytest.raises(RegistryError):
        Registry.of("tiny", events, upcasters)


def test_an_event_that_no_class_stands_for_is_unknown() -> None:
    with pytest.raises(UnknownEvent):
        Registry.of("tiny", [Third]).read(body(PRICED), RING)


def test_a_fault_of_the_content_shows_no_figure() -> None:
    registry = Registry.of("tiny", [Third], {
        "alliance.tiny.priced.v1": lambda data: {"cost": {**data["price"], "open": {"amount": "4711.001"}}},
        "alliance.tiny.priced.v2": lambda data: {**data, "kind": "fixed"},
    })  # fmt: skip
    with pytest.raises(MalformedEvent) as raised:
        registry.read(body(PRICED), RING)
    assert "4711" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "change",
    [{"owner": "nobody"}, {"owner": 7}, {"owner": None}, {"sealed": "€"}, {"sealed": ""}, {"key": 7}],
)
def test_a_seal_in_another_form_is_malformed(change: dict[str, Any]) -> None:
    envelope = orjson.loads(body(PRICED))
    envelope["data"]["price"] |= change
    with pytest.raises((MalformedEvent, InvalidTag)):
        Registry.of("tiny", [First]).read(orjson.dumps(envelope), RING)


def test_a_seal_of_another_key_stays_closed() -> None:
    read = Registry.of("tiny", [First]).read(body(PRICED), Masters((b"n" * 32,)))
    assert isinstance(read.event, First)
    assert read.event.price.open is None


def test_an_event_nested_too_deeply_to_look_for_its_seals_is_malformed() -> None:
    spoilt = body(PRICED)[:-2] + b',"more":' + b"[" * 900 + b"]" * 900 + b"}}"
    with pytest.raises(MalformedEvent):
        Registry.of("tiny", [First]).read(spoilt, RING)
