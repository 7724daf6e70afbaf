"""The operations of the services, as their own OpenAPI documents describe them, and what an error must look
like.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker
from starlette.routing import Mount

from rigs.product import Product

Json = Any
SCHEMAS = "#/components/schemas/"
FORMATS = FormatChecker(["uuid"])


@FORMATS.checks("date", ValueError)
def _is_date(text: object) -> bool:
    return not isinstance(text, str) or len(text) == len(date.fromisoformat(text).isoformat())


@FORMATS.checks("date-time", ValueError)
def _is_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@dataclass(frozen=True)
class Operation:
    """One method of one path. `path` has the service's name in front, as callers see it."""

    service: str
    id: str
    method: str
    path: str
    definition: Mapping[str, Json] = field(repr=False, compare=False)
    document: Mapping[str, Json] = field(repr=False, compare=False)
    codes: Container[str] = field(repr=False, compare=False)
    """Every code that the application has texts for."""

    @property
    def name(self) -> str:
        return f"{self.service}.{self.id}"

    @property
    def statuses(self) -> frozenset[int]:
        return frozenset(int(status) for status in self.definition["responses"])

    @property
    def needs_key(self) -> bool:
        """A POST that records nothing takes no key."""
        return self.method == "POST" and "idempotency-key" in self.parameters("header")

    @property
    def needs_version(self) -> bool:
        return self.method in {"PUT", "PATCH"}

    @property
    def records(self) -> bool:
        return self.needs_key or self.method not in {"GET", "POST"}

    def parameters(self, where: str) -> Mapping[str, Json]:
        """Name → schema of those in `path`, `query` or `header` (names in lower case)."""
        return {
            one["name"].lower() if where == "header" else one["name"]: one["schema"]
            for one in self.definition.get("parameters", ())
            if one["in"] == where
        }

    @property
    def required(self) -> Sequence[str]:
        """Query parameters that must be given."""
        return [
            one["name"]
            for one in self.definition.get("parameters", ())
            if one["in"] == "query" and one.get("required")
        ]

    @cached_property
    def body(self) -> Mapping[str, Json] | None:
        """The schema of the JSON body; None where the operation takes none."""
        content = self.definition.get("requestBody", {}).get("content", {})
        return cast("Mapping[str, Json] | None", content.get("application/json", {}).get("schema"))

    @cached_property
    def validator(self) -> Draft202012Validator:
        return self.validator_of(self.body or {})

    def validator_of(self, schema: Mapping[str, Json]) -> Draft202012Validator:
        whole = {"components": self.document["components"], "allOf": [schema]}
        return Draft202012Validator(whole, format_checker=FORMATS)

    def resolved(self, schema: Mapping[str, Json]) -> Mapping[str, Json]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].removeprefix(SCHEMAS)]
        return schema

    def address(self, ids: Mapping[str, str]) -> str:
        """The path with its parameters filled in. KeyError names one that is not known."""
        return self.path.format_map({name: ids[name] for name in self.parameters("path")})

    def faults_of(self, answer: httpx.Response, *expected: int) -> list[str]:
        """What is wrong with an error's answer; nothing where it is as documented."""
        about = f"{self.name} {answer.request.method} {answer.request.url.raw_path.decode()[:200]}"
        if (
            answer.status_code < 400
            or answer.status_code >= 500
            or (expected and answer.status_code not in expected)
        ):
            return [f"{about}: {answer.status_code} {answer.text[:300]}"]
        found = []
        if answer.status_code not in self.statuses:
            found.append("the status is not documented")
        if answer.headers.get("content-type") != "application/problem+json":
            return [f"{about}: {answer.headers.get('content-type')} {answer.text[:300]}"]
        said = answer.json()
        problem = {"$ref": f"{SCHEMAS}Problem"}
        found += [error.message for error in self.validator_of(problem).iter_errors(said)]
        code = said.get("code")
        if code not in self.codes:
            found.append("the code has no text")
        if (said.get("type"), said.get("status")) != (f"urn:alliance:problem:{code}", answer.status_code):
            found.append("type or status does not go with the code")
        if "request_id" not in said or "…" in said["detail"]:
            found.append("no request id, or a text with a hole")
        return [f"{about}: {answer.status_code} {code}: {fault}" for fault in found]


def mounted(product: Product) -> Mapping[str, FastAPI]:
    """The applications of the services, by name."""
    return {
        route.path.strip("/"): cast(FastAPI, route.app)
        for route in product.app.routes
        if isinstance(route, Mount)
    }


def operations_of(product: Product) -> Mapping[str, Operation]:
    """All operations of all services, by `service.operation_id`."""
    found: list[Operation] = []
    for service, app in mounted(product).items():
        document = app.openapi()
        codes = app.state.catalogue
        for path, item in document["paths"].items():
            found += [
                Operation(
                    service, one["operationId"], method.upper(), f"/{service}{path}", one, document, codes
                )
                for method, one in item.items()
            ]
    return {one.name: one for one in found}


def of_service(operations: Mapping[str, Operation], service: str) -> Sequence[Operation]:
    return [one for one in operations.values() if one.service == service]
