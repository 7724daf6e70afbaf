"""What a service publishes, as an AsyncAPI 3.0 document; and whether a new one breaks what was published.

Schemas are those of the bytes: figures in their sealed shape. Readers tolerate what they do not know, so
unlike the models that write, they allow further properties.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from events.envelope import SEQUENCE_DIGITS, Event
from events.registry import Registry

Document = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_MESSAGES: Final = "#/components/messages/"
_SAYING_NOTHING: Final = frozenset({"title", "description", "examples", "default"})
"""Of a schema: what may be put better at any time."""

ENVELOPE: Final[Document] = {
    "type": "object",
    "description": "CloudEvents 1.0, structured mode.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"type": "string", "description": "/<service>/alliances/<id>"},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "The stream: <concept>/<id>."},
        "time": {"type": "string", "format": "date-time", "description": "UTC, to the microsecond."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": f"^[0-9]{{{SEQUENCE_DIGITS}}}$",
            "description": "Per source, from 1 and without a hole.",
        },
        "streamversion": {"type": "integer", "minimum": 1},
        "actor": {"type": "string", "description": "A person's id, or `system`."},
        "correlationid": {"type": "string"},
        "causationid": {"type": "string"},
        "effectiveon": {"type": "string", "format": "date"},
        "charterversion": {"type": "integer", "minimum": 0},
        "project": {"type": "string", "description": "`life`, or the subject of the project."},
        "data": {"type": "object"},
    },
    "required": [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence",
        "streamversion", "actor", "correlationid", "effectiveon", "charterversion", "project", "data",
    ],
}  # fmt: skip


def document_of(registry: Registry, topic: str) -> Document:
    """The document of one service, whose events travel on `topic` with the alliance's id as the key."""
    service = registry.service
    events = dict(sorted(registry.classes.items()))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Events of {service}", "version": "1"},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            service: {
                "address": topic,
                "description": "All events of the service, in order for each alliance. The key is its id.",
                "messages": {name: {"$ref": _MESSAGES + name} for name in events},
            }
        },
        "operations": {
            "publish": {"action": "send", "channel": {"$ref": f"#/channels/{service}"}},
        },
        "components": {
            "messages": {name: _message(name, event) for name, event in events.items()},
            "schemas": {
                "Envelope": ENVELOPE,
                **{name: _schema(name, event) for name, event in events.items()},
            },
        },
    }


def _message(name: str, event: type[Event]) -> Document:
    return {
        "name": name,
        "title": event.__name__,
        "summary": " ".join((event.__doc__ or "").split()),
        "payload": {
            "allOf": [
                {"$ref": _SCHEMAS + "Envelope"},
                {"properties": {"type": {"const": name}, "data": {"$ref": _SCHEMAS + name}}},
            ]
        },
    }


def _schema(name: str, event: type[Event]) -> Document:
    schema = event.model_json_schema(ref_template=f"{_SCHEMAS}{name}/$defs/{{model}}")
    read: Document = _for_readers(schema)
    return read


def _for_readers(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _for_readers(part)
            for key, part in node.items()
            if not (key == "additionalProperties" and part is False)
        }
    return [_for_readers(part) for part in node] if isinstance(node, list) else node


def breaks(published: Document, present: Document) -> list[str]:
    """In words, what in `present` breaks a published version of an event; empty where nothing does.

    A published version keeps its properties, their types and which are required; new ones may only be
    optional. It goes only where a later version of the event is there, to which it is then lifted.
    """
    old, new = published["components"]["schemas"], present["components"]["schemas"]
    found = []
    for name in sorted(old):
        if name in new:
            changes = _changes(_whole(old[name], published), _whole(new[name], present))
            found += [f"{name}{change}" for change in changes]
        elif not _followed(name, new):
            found.append(f"{name} is gone")
    return found


def _followed(name: str, schemas: Mapping[str, Any]) -> bool:
    event, version = name.rsplit(".v", 1)
    return any(
        other.startswith(f"{event}.v") and int(other.rsplit(".v", 1)[1]) > int(version) for other in schemas
    )


def _whole(node: Any, document: Document, within: tuple[str, ...] = ()) -> Any:
    """A schema with what it refers to in its place, and without what says nothing to a program."""
    if isinstance(node, list):
        return [_whole(part, document, within) for part in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference in within:
            return {"again": reference.rsplit("/", 1)[-1]}
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        return _whole(target, document, (*within, reference))
    return {
        key: {name: _whole(part, document, within) for name, part in value.items()}
        if key == "properties"
        else _whole(value, document, within)
        for key, value in node.items()
        if key not in _SAYING_NOTHING and key != "$defs"
    }


def _changes(old: Any, new: Any, path: str = "") -> Iterator[str]:
    if not (isinstance(old, dict) and isinstance(new, dict) and "properties" in old and "properties" in new):
        yield from _differences(old, new, path)
        return
    for name, part in old["properties"].items():
        if name not in new["properties"]:
            yield f"{path}/{name} is gone"
        else:
            yield from _changes(part, new["properties"][name], f"{path}/{name}")
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    yield from (f"{path}/{name} is required now" for name in sorted(after - before))
    yield from (f"{path}/{name} is no longer required" for name in sorted(before - after))
    rest = {"properties", "required"}
    yield from _differences(
        {key: value for key, value in old.items() if key not in rest},
        {key: value for key, value in new.items() if key not in rest},
        path,
    )


def _differences(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _changes(old[key], new[key], f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, other, f"{path}/{index}")
    elif old != new:
        yield f"{path} has changed"
