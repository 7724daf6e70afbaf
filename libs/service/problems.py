"""Every error as `application/problem+json` (RFC 9457), in English or French; statuses are chosen here.

    AllianceError (events.errors)   the domain's and the store's errors, mapped by `STATUSES`
    HttpProblem(status, code)       what only HTTP knows: no token, no key, too large, too often
    RequestValidationError          422 with RFC 6901 pointers; JSON that cannot be read is 400
    HTTPException (starlette)       no such route, method not allowed
    anything else                   500: type and frames go to the log, nothing of it into the answer

No text ever repeats what the caller sent: a validation error names the place and the rule, never the value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from events.errors import (
    AllianceError,
    Forbidden,
    Frozen,
    InFlight,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
    Stale,
    Unavailable,
    UnknownSource,
)

PROBLEM_JSON: Final = "application/problem+json"

STATUSES: Final[Mapping[type[AllianceError], int]] = {
    Refused: 409,
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Stale: 412,
    KeyReused: 422,
    InFlight: 409,
    UnknownSource: 400,
    Frozen: 503,
    Unavailable: 503,
}

_CODE_OF_STATUS: Final = {
    400: "bad_request",
    404: "route_not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One text in the two languages of the product; `{name}` stands for a parameter of the error."""

    en: str
    fr: str


class ProblemError(BaseModel):
    """One fault of a request: where it is, and which rule it breaks."""

    code: str = Field(examples=["too_long"])
    detail: str = Field(examples=["At most 200 characters."])
    pointer: str | None = Field(None, description="RFC 6901 pointer into the body.", examples=["/name"])
    parameter: str | None = Field(None, description="Name of the query, path or header parameter at fault.")


class Problem(BaseModel):
    """An error (RFC 9457). `type` and `code` never change; `title` and `detail` follow Accept-Language."""

    type: str = Field(examples=["urn:alliance:problem:not_found"])
    code: str = Field(examples=["not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such thing here."])
    request_id: str | None = Field(None, description="Name it when you report the error.")
    errors: list[ProblemError] | None = None


class HttpProblem(HTTPException):
    """An error that only HTTP knows; `parameters` fill the texts of `code`."""

    def __init__(
        self, status: int, code: str, *, headers: Mapping[str, str] | None = None, **parameters: object
    ) -> None:
        super().__init__(status, code, dict(headers or {}))
        self.code = code
        self.parameters = parameters


class Catalogue:
    """The texts of all codes that one application can answer with.

    Raises ValueError when two collections claim the same code: it could then mean two things.
    """

    def __init__(self, *collections: Mapping[str, Message]) -> None:
        self._messages: dict[str, Message] = {}
        for collection in collections:
            if twice := self._messages.keys() & collection.keys():
                raise ValueError(f"more than one text for {', '.join(sorted(twice))}")
            self._messages.update(collection)

    def __contains__(self, code: str) -> bool:
        return code in self._messages

    def text(self, code: str, language: str, parameters: Mapping[str, object]) -> str:
        """The text of a code. An unknown code, or a parameter left out, is not worth a second error."""
        message = self._messages.get(code) or self._messages["unexplained"]
        template = message.fr if language == "fr" else message.en
        return template.format_map(_Lenient(parameters))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@lru_cache(maxsize=256)
def language_of(accept_language: str) -> str:
    """`en` or `fr`, by an Accept-Language header's quality values (RFC 9110, 12.5.4); `en` unless told."""
    best, best_quality = "en", 0.0
    for choice in accept_language.lower().split(",")[:20]:
        tag, *options = (part.strip() for part in choice.split(";"))
        language = "en" if tag == "*" else tag.partition("-")[0]
        quality = 1.0
        for option in options:
            if option.startswith("q="):
                try:
                    quality = float(option[2:])
                except ValueError:
                    quality = 0.0
        if language in {"en", "fr"} and best_quality < quality <= 1:
            best, best_quality = language, quality
    return best


def problem(
    scope: Scope,
    status: int,
    code: str,
    *,
    parameters: Mapping[str, object] | None = None,
    errors: Sequence[ProblemError] | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """The answer for an error; `members` are extension members (RFC 9457, 3.2)."""
    catalogue: Catalogue = scope["app"].state.catalogue
    language = language_of(Headers(scope=scope).get("accept-language", ""))
    content = Problem(
        type=f"urn:alliance:problem:{code}",
        code=code,
        title=catalogue.text(f"title_{status}", language, {}),
        status=status,
        detail=catalogue.text(code, language, parameters or {}),
        request_id=scope.get("state", {}).get("request_id"),
        errors=list(errors) if errors else None,
    )
    if members:
        content = _Extended.model_validate({**content.model_dump(), **members})
    return Response(
        content.model_dump_json(exclude_none=True),
        status,
        {**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"},
        PROBLEM_JSON,
    )


class _Extended(Problem, extra="allow"):
    pass


def answer_alliance_error(scope: Scope, error: AllianceError) -> Response:
    """The answer for an error of the domain or the store."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    language = language_of(Headers(scope=scope).get("accept-language", ""))
    catalogue: Catalogue = scope["app"].state.catalogue
    errors = None
    if error.pointer is not None:
        detail = catalogue.text(error.code, language, error.parameters)
        errors = [ProblemError(code=error.code, detail=detail, pointer=error.pointer)]
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, InFlight):
        headers["Retry-After"] = "1"
    return problem(scope, status, error.code, parameters=error.parameters, errors=errors, headers=headers)


def answer_http_exception(scope: Scope, error: HTTPException) -> Response:
    """The answer for starlette's own errors and for `HttpProblem`."""
    if isinstance(error, HttpProblem):
        return problem(
            scope, error.status_code, error.code, parameters=error.parameters, headers=error.headers
        )
    code = _CODE_OF_STATUS.get(error.status_code, "unexplained")
    return problem(scope, error.status_code, code, headers=error.headers)
