"""What is published of events, and what may never be changed of it again."""

from copy import deepcopy
from typing import Any

import jsonschema
import orjson
import pytest
from pydantic import BaseModel, create_model

from events.asyncapi import breaks, document_of
from events.envelope import Event
from events.registry import Registry
from events.sealing import Confidential
from money import Money
from unit.test_events_envelope import OFFER, REGISTRY, encoded

DOCUMENT = document_of(REGISTRY, "alliance.tiny")
OFFERED = "alliance.tiny.offered.v1"


def validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    payload = document["components"]["messages"][name]["payload"]
    return jsonschema.Draft202012Validator({**payload, "components": document["components"]})


def test_the_bytes_of_an_event_keep_to_what_is_published() -> None:
    event = orjson.loads(encoded(OFFER))
    check = validator(DOCUMENT, OFFERED)
    assert [error.message for error in check.iter_errors(event)] == []
    for fault in (
        {"sequence": "42"},
        {"type": "alliance.tiny.named.v1"},
        {"data": {**event["data"], "name": 7}},
        {"data": {name: value for name, value in event["data"].items() if name != "lines"}},
        {"data": {**event["data"], "by_company": {str(OFFER.lines[0].price.owner): {"amount": "12.30"}}}},
    ):
        assert list(check.iter_errors({**event, **fault})), fault
    assert not list(check.iter_errors({**event, "data": {**event["data"], "more": 1}}))


def test_every_reference_leads_somewhere() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                target: Any = DOCUMENT
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(DOCUMENT)
    assert DOCUMENT["channels"]["tiny"]["address"] == "alliance.tiny"
    assert set(DOCUMENT["channels"]["tiny"]["messages"]) == set(REGISTRY.classes)


class Part(BaseModel):
    label: str
    figure: Confidential[Money]


def published(name: str = "alliance.tiny.done.v1", **fields: Any) -> dict[str, Any]:
    fields = {"who": (str, ...), "parts": (list[Part], ...), "note": (str | None, None), **fields}
    fields = {field: kind for field, kind in fields.items() if kind is not None}
    made = create_model("Done", __base__=Event, __cls_kwargs__={"type": name}, **fields)
    return document_of(Registry.of("tiny", [made]), "alliance.tiny")


BEFORE = published()


class Relabelled(BaseModel):
    name: str
    figure: Confidential[Money]


class Opened(BaseModel):
    label: str
    figure: Money


BREAKING: dict[str, tuple[dict[str, Any], str]] = {
    "a property taken away": ({"note": None}, "/note is gone"),
    "another type": ({"who": (int, ...)}, "/who/type has changed"),
    "a new one required": ({"more": (str, ...)}, "/more is required now"),
    "one no longer required": ({"who": (str, "x")}, "/who is no longer required"),
    "a property renamed within a list": ({"parts": (list[Relabelled], ...)}, "/parts/items/label is gone"),
    "a figure that was sealed": ({"parts": (list[Opened], ...)}, "/parts/items/figure"),
    "another figure in the seal": (
        {"note": (Confidential[str] | None, None)},
        "/note",
    ),
}


@pytest.mark.parametrize(("fields", "fault"), BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_a_published_version_is_found(fields: dict[str, Any], fault: str) -> None:
    found = breaks(BEFORE, published(**fields))
    assert any(text.startswith("alliance.tiny.done.v1") and fault in text for text in found), found


def test_a_published_version_goes_only_where_a_later_one_is_there() -> None:
    assert breaks(BEFORE, published("alliance.tiny.undone.v1")) == ["alliance.tiny.done.v1 is gone"]
    assert breaks(BEFORE, published("alliance.tiny.done.v10")) == []


def test_what_breaks_nobody_passes() -> None:
    assert breaks(BEFORE, BEFORE) == []
    assert breaks(BEFORE, published(more=(str | None, None))) == []
    reworded = deepcopy(BEFORE)
    reworded["components"]["schemas"]["alliance.tiny.done.v1"]["description"] = "better put"
    reworded["components"]["schemas"]["alliance.tiny.done.v1"]["properties"]["who"]["title"] = "Whom"
    assert breaks(BEFORE, reworded) == []
