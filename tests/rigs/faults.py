"""Bodies that break an operation's schema, made from one that keeps it: one fault each, at every place."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rigs.operations import Json, Operation

JUNK: Sequence[Json] = (
    None, True, 7, 86_400, -1, 1.5, 2**60, "", "7", "86400", "20250110", "true", "nonsense", "x" * 21_000,
    "a\0b", "2025-02-30", [], [None], {}, {"x": None},
)  # fmt: skip
"""Put in the place of every value; what the schema allows there is left out."""

Place = tuple[str | int, ...]


def broken_bodies(operation: Operation, body: Json) -> Iterator[tuple[str, Json]]:
    """(JSON pointer, body) for every fault. Only the first item of a list is looked into."""
    assert operation.body is not None
    seen = set()
    for place, schema in _places(operation, operation.body, body, ()):
        pointer = "".join(f"/{step}" for step in place)
        for value in (*JUNK, *_over(schema)):
            changed = _with(body, place, value)
            if (key := (pointer, repr(value))) not in seen and not operation.validator.is_valid(changed):
                seen.add(key)
                yield pointer, changed
        if isinstance(_at(body, place), dict):
            for name in schema.get("required", ()):
                yield f"{pointer}/{name}", _without(body, (*place, name))
            if schema.get("additionalProperties") is False:
                yield f"{pointer}/misspelt", _with(body, (*place, "misspelt"), 1)


def _places(
    operation: Operation, schema: Mapping[str, Json], value: Json, place: Place
) -> Iterator[tuple[Place, Mapping[str, Json]]]:
    """Every place that the schema knows of, where the body has something or could have."""
    schema = operation.resolved(schema)
    yield place, schema
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, ()):
            yield from _places(operation, one, value, place)
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            yield from _places(operation, inner, value.get(name), (*place, name))
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict):
            for name in list(value)[:1]:
                yield from _places(operation, inner, value[name], (*place, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _places(operation, schema["items"], value[0], (*place, 0))


def _over(schema: Mapping[str, Json]) -> Iterator[Json]:
    """Values just beyond the schema's own bounds."""
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minLength" in schema:
        yield "x" * (schema["minLength"] - 1)
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maxItems" in schema:
        yield [None] * (schema["maxItems"] + 1)


def _with(body: Json, place: Place, value: Json) -> Json:
    if not place:
        return value
    changed = copy.deepcopy(body)
    _at(changed, place[:-1])[place[-1]] = value
    return changed


def _without(body: Json, place: Place) -> Json:
    changed = copy.deepcopy(body)
    _at(changed, place[:-1]).pop(place[-1], None)
    return changed


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value
