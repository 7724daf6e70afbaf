"""The OpenAPI 3.1 documents: every operation with its errors, one merged for the gateway, stable text."""

import json
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.commands import DryRun
from service.limits import Limits
from service.parameters import read_by
from service.problems import PROBLEM_JSON, Problem

Document = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_RESPONSES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequest", "The request cannot be read: malformed JSON, a missing key, a foreign cursor."),
    401: ("NotAuthenticated", "No token, or one that is not accepted."),
    403: ("NotAllowed", "The caller has no right to this."),
    404: ("NotFound", "There is no such thing for this caller."),
    409: ("Refused", "The rules refuse it in the present state, or the same key is in work."),
    412: ("AnotherVersion", "If-Match names another version than the present one."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body is not application/json."),
    422: ("Invalid", "The content is wrong: see errors; or the key belongs to another request."),
    428: ("PreconditionRequired", "If-Match is missing."),
    429: ("TooManyRequests", "Wait as Retry-After says."),
    500: ("InternalError", "Something failed here."),
    503: ("Unavailable", "Try again as Retry-After says; a frozen alliance needs an operator first."),
}
_ALWAYS: Final = (400, 429, 500, 503)
_HEADERS: Final[Mapping[str, Document]] = {
    "ETag": {"description": "The version, in quotes: for If-Match and If-None-Match.", "example": '"3"'},
    "Location": {"description": "Of what was created.", "required": True},
    "Alliance-Position": {"description": "Give it as `after` to read this write.", "example": "members=42"},
    "Idempotent-Replayed": {"description": "`true` where the request had been carried out before."},
    "Retry-After": {"description": "Seconds.", "required": True},
    "WWW-Authenticate": {"description": "Which token is wanted (RFC 6750).", "required": True},
}
_OF_ERRORS: Final[Mapping[int, str]] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_IF_NONE_MATCH: Final[Document] = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "The ETag last seen: where it still holds, the answer is 304 without a body.",
}


def _errors_of(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[int]:
    yield from _ALWAYS
    if operation.get("security"):
        yield from (401, 403)
    if "{" in path:
        yield 404
    if operation.get("parameters") or "requestBody" in operation:
        yield 422
    if method not in {"get", "head"}:
        yield from (409, 412, 413, 415)
    if method in {"put", "patch"}:
        yield 428


def document_of(app: FastAPI) -> Document:
    """The document of one application. Raises ValueError when two operations share an id."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate Operation ID")  # an error below
        document: Document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            description=app.description,
            routes=app.routes,
            separate_input_output_schemas=app.separate_input_output_schemas,
        )
    for route in app.routes:
        if isinstance(route, APIRoute) and (shared := read_by(route.dependant)):
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation.setdefault("parameters", []).extend(one.document() for one in shared)
    limits: Limits = getattr(app.state, "limits", Limits())
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    models: list[type[BaseModel]] = (
        [Problem, DryRun] if '"dry_run"' in json.dumps(document["paths"]) else [Problem]
    )
    _, definitions = models_json_schema(
        [(model, "serialization") for model in models], ref_template=_SCHEMAS + "{model}"
    )
    schemas.update(definitions["$defs"])
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    seen: set[str] = set()
    used: set[int] = set()
    for path, method, operation in _operations(document):
        if operation["operationId"] in seen:
            raise ValueError(f"two operations are called {operation['operationId']}")
        seen.add(operation["operationId"])
        answers = operation["responses"]
        _describe(method, path, operation)
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "limit":
                parameter["schema"].setdefault("maximum", limits.page)
        if "HTTPValidationError" in json.dumps(answers.get("422", {})):
            del answers["422"]
        for status in _errors_of(method, path, operation):
            used.add(status)
            answers.setdefault(str(status), {"$ref": f"#/components/responses/{_RESPONSES[status][0]}"})
    problem_content = {PROBLEM_JSON: {"schema": {"$ref": _SCHEMAS + "Problem"}}}
    components["responses"] = {
        name: {"description": description, "content": problem_content, **_headers(_OF_ERRORS.get(status))}
        for status, (name, description) in _RESPONSES.items()
        if status in used
    }
    text = json.dumps([document["paths"], components["responses"]])
    components["headers"] = {
        name: {"schema": {"type": "string"}, **header}
        for name, header in _HEADERS.items()
        if f'"#/components/headers/{name}"' in text
    }
    return document


def _headers(*names: str | None) -> Document:
    found = {name: {"$ref": f"#/components/headers/{name}"} for name in names if name is not None}
    return {"headers": found} if found else {}


def _describe(method: str, path: str, operation: Document) -> None:
    """What routes do alike and do not say themselves: of versions, of keys, of what a dry run answers."""
    answers = operation["responses"]
    parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
    success = min(status for status in answers if status.startswith("2"))
    shown = answers[success].get("content", {})
    is_view = set(shown) == {"application/json"} and f"{_SCHEMAS}Page" not in json.dumps(shown)
    if method == "get" and "{alliance}" in path and is_view:
        operation["parameters"].append(dict(_IF_NONE_MATCH))
        answers[success] |= _headers("ETag")
        answers["304"] = {"description": "The version named is the present one.", **_headers("ETag")}
    if "dry_run" not in parameters:
        return
    if needed := {"post": "idempotency-key", "put": "if-match", "patch": "if-match"}.get(method):
        parameters[needed]["required"] = True
    answers[success] |= _headers(
        "ETag", "Alliance-Position", "Idempotent-Replayed", "Location" if success == "201" else None
    )
    dry_run = {"$ref": f"{_SCHEMAS}DryRun"}
    if success == "200":
        content = answers["200"]["content"]["application/json"]
        content["schema"] = {"anyOf": [content["schema"], dry_run]}
    else:
        answers["200"] = {
            "description": "Of a dry run.",
            "content": {"application/json": {"schema": dry_run}},
        }


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            yield path, method, operation


def merge(title: str, version: str, documents: Mapping[str, Document]) -> Document:
    """One document for the services behind one base URL: `members` has its paths under `/members`.

    Operation ids get their service's name in front. A schema that the services define alike stays one schema;
    where they differ, also by what they refer to, each gets its service's name in front.
    """
    contested = _contested(
        {name: document["components"].get("schemas", {}) for name, document in documents.items()}
    )
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": {},
        "components": {"schemas": {}, "responses": {}, "headers": {}, "securitySchemes": {}},
    }
    for service, original in documents.items():
        renamed = {name: f"{service.capitalize()}{name}" for name in contested}
        document = _renamed(deepcopy(original), renamed)
        for path, item in document["paths"].items():
            for operation in item.values():
                operation["operationId"] = f"{service}_{operation['operationId']}"
                operation["tags"] = [service, *operation.get("tags", [])]
            merged["paths"][f"/{service}{path}"] = item
        components = document["components"]
        for name, schema in components.get("schemas", {}).items():
            merged["components"]["schemas"][renamed.get(name, name)] = schema
        for kind in ("responses", "headers", "securitySchemes"):
            merged["components"][kind].update(components.get(kind, {}))
    return merged


def _contested(schemas: Mapping[str, Mapping[str, Any]]) -> set[str]:
    variants: dict[str, list[str]] = {}
    for of_service in schemas.values():
        for name, schema in of_service.items():
            variants.setdefault(name, []).append(json.dumps(schema, sort_keys=True))
    shared = {name: texts for name, texts in variants.items() if len(texts) > 1}
    contested = {name for name, texts in shared.items() if len(set(texts)) > 1}
    while True:
        drawn_in = {
            name
            for name, texts in shared.items()
            if name not in contested and any(f'"{_SCHEMAS}{other}"' in texts[0] for other in contested)
        }
        if not drawn_in:
            return contested
        contested |= drawn_in


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, names) for value in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS):
        name = node.removeprefix(_SCHEMAS)
        return _SCHEMAS + names.get(name, name)
    return node


def text_of(document: Document) -> str:
    """The document as it is committed: sorted keys, two spaces, a newline at the end."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
