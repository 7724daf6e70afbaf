"""Holding releases and packages against the official OCDS 1.1 schema (1__1__5), kept whole in `schemas/`.

The schema lets any field pass that it does not know; those, and deprecated ones, are looked for apart.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tenders.notices.faults import Fault, child

READ_FROM_EXTENSIONS: Final = frozenset(
    {
        "classification", "deliveryAddress", "deliveryAddresses", "deliveryLocation", "lots",
        "relatedLot", "relatedLots",
    }
)  # fmt: skip
"""Fields of extensions (lots, location) that the reader knows: nothing is wrong with them."""

_formats = FormatChecker(formats=())
_DATE_TIME: Final = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.IGNORECASE | re.ASCII,
)
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE | re.ASCII)


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6."""
    return not isinstance(value, str) or _DATE_TIME.fullmatch(value) is not None


@_formats.checks("uri")
def _is_uri(value: object) -> bool:
    """RFC 3986, coarsely: a scheme, and none of the characters that are never allowed."""
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


def faults_of_release(release: Any, pointer: str) -> Iterator[Fault]:
    """What is wrong with a release or compiled release that stands at `pointer`."""
    schema = _schema("release-schema.json")
    yield from _faults(_release_validator(), release, pointer)
    yield from _unknown(schema, schema, release, pointer)


def faults_of_package(metadata: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with a package of releases or of records beside these, which are judged by themselves."""
    schema = _schema("release-package-schema.json")
    yield from _faults(_package_validator(), metadata, "")
    yield from _unknown(schema, schema, metadata, "", known=frozenset({"packages", "releases"}))


@cache
def _schema(name: str) -> dict[str, Any]:
    text = (files("tenders.notices") / "schemas" / name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _required(_: Any, names: Iterable[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    """One error for each missing field, under the path of that field, which comes from the schema."""
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("", path=[name])


def _unique_items(_: Any, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    """In linear time: the library compares each entry with each."""
    if wanted and isinstance(instance, list):
        entries = {json.dumps(entry, sort_keys=True, default=str) for entry in instance}
        if len(entries) < len(instance):
            yield ValidationError("")


_Validator = extend(Draft4Validator, {"required": _required, "uniqueItems": _unique_items})  # type: ignore[no-untyped-call]


@cache
def _release_validator() -> Any:
    return _Validator(_schema("release-schema.json"), format_checker=_formats)


@cache
def _package_validator() -> Any:
    schema = _schema("release-package-schema.json")
    metadata = {
        **schema,
        "properties": {key: value for key, value in schema["properties"].items() if key != "releases"},
        "required": [name for name in schema["required"] if name != "releases"],
    }
    return _Validator(metadata, format_checker=_formats)


def _faults(validator: Any, value: Any, pointer: str) -> Iterator[Fault]:
    for error in validator.iter_errors(value):
        place = pointer
        for step in error.absolute_path:
            place = child(place, step)
        expected = error.validator_value
        if isinstance(expected, list) and error.validator == "type":
            expected = " or ".join(expected)
        yield Fault.at(place, f"schema_{str(error.validator).lower()}", expected=expected)


def _unknown(
    schema: dict[str, Any],
    root: dict[str, Any],
    value: Any,
    pointer: str,
    known: frozenset[str] = READ_FROM_EXTENSIONS,
) -> Iterator[Fault]:
    """Fields that the schema does not know or deprecates; objects that it leaves open are passed over."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    if isinstance(value, list) and "items" in schema:
        for place, entry in enumerate(value):
            yield from _unknown(schema["items"], root, entry, child(pointer, place), known)
    if not isinstance(value, dict) or "properties" not in schema:
        return
    for key, member in value.items():
        where = child(pointer, key)
        if (described := schema["properties"].get(key)) is not None:
            if "deprecated" in described:
                yield Fault.at(where, "schema_deprecated")
            yield from _unknown(described, root, member, where, known)
        elif key not in known and not any(re.search(p, key) for p in schema.get("patternProperties", ())):
            yield Fault.at(where, "schema_unknown_field")
