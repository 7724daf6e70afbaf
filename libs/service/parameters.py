"""Parameters that many routes share, read by hand and published with each of these routes.

FastAPI's own reading of the five that a command has costs more than the command's decision.
"""

from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """One header or query parameter. A query parameter that is a list may be repeated."""

    place: Literal["header", "query"]
    name: str
    kind: Any
    default: T
    description: str
    published: dict[str, Any] | None = None
    """The schema that is published where it says more than `kind`."""
    _adapter: TypeAdapter[T] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_adapter", TypeAdapter(self.kind))

    def read(self, request: Request) -> T:
        """Raises RequestValidationError."""
        given: Any
        if self.place == "header":
            given = request.headers.get(self.name)
        elif not request.scope["query_string"]:
            return self.default
        elif isinstance(self.default, list):
            given = request.query_params.getlist(self.name)
        else:
            given = request.query_params.get(self.name)
        if given is None:
            return self.default
        try:
            return self._adapter.validate_python(given)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            raise RequestValidationError(
                [{**fault, "loc": (self.place, self.name, *fault["loc"])} for fault in faults]
            ) from error

    def document(self) -> dict[str, Any]:
        """As OpenAPI has it."""
        schema = self.published or self._adapter.json_schema()
        if self.default:
            schema = {**schema, "default": self.default}
        return {
            "name": self.name,
            "in": self.place,
            "required": False,
            "description": self.description,
            "schema": schema,
        }


def read_by(dependant: Dependant) -> list[Parameter[Any]]:
    """The parameters that a route's dependencies read by hand: what they have as `parameters`."""
    return [
        parameter
        for inner in dependant.dependencies
        for parameter in (*getattr(inner.call, "parameters", ()), *read_by(inner))
    ]
