"""What pydantic found wrong, in words of our own.

pydantic's messages change between its versions, exist in English alone and may repeat the input: none is
used. Its kinds of error are folded into a few stable codes; of its context only the rule's own bounds are
shown.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from service.problems import Catalogue, ProblemError, language_of, problem

_MOST_ERRORS: Final = 50
_LONGEST_POINTER: Final = 256
_SHOWN: Final = frozenset(
    {
        "ge",
        "gt",
        "le",
        "lt",
        "min_length",
        "max_length",
        "expected",
        "max_digits",
        "decimal_places",
        "multiple_of",
    }
)

_CODES: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "bytes_too_short": "too_short",
    "bytes_too_long": "too_long",
    "too_short": "too_few",
    "too_long": "too_many",
    "greater_than": "must_exceed",
    "greater_than_equal": "too_small",
    "less_than": "must_stay_below",
    "less_than_equal": "too_large",
    "finite_number": "number_out_of_range",
    "int_parsing_size": "number_out_of_range",
    "decimal_max_digits": "too_many_digits",
    "decimal_max_places": "too_many_decimals",
    "decimal_whole_digits": "too_many_digits",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
    "union_tag_invalid": "not_one_of",
    "union_tag_not_found": "missing",
    "string_pattern_mismatch": "wrong_format",
    "value_error": "wrong_value",
    "assertion_error": "wrong_value",
}


def answer_validation_error(scope: Scope, error: RequestValidationError) -> Response:
    """422 with one entry per fault; 400 when the body is no JSON at all."""
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problem(scope, 400, "malformed_json")
    catalogue: Catalogue = scope["app"].state.catalogue
    language = language_of(Headers(scope=scope).get("accept-language", ""))
    errors = []
    for fault in faults[:_MOST_ERRORS]:
        code = _code(fault["type"], catalogue)
        context = fault.get("ctx") or {}
        shown = {name: value for name, value in context.items() if name in _SHOWN}
        if fault["type"] == "union_tag_invalid":
            shown["expected"] = context.get("expected_tags", "…")
        place, *path = fault["loc"]
        in_body = place == "body"
        errors.append(
            ProblemError(
                code=code,
                detail=catalogue.text(code, language, shown),
                pointer=pointer_of(path, error.body) if in_body else None,
                parameter=None if in_body else str(path[0]) if path else str(place),
            )
        )
    return problem(scope, 422, "invalid_request", errors=errors)


def _code(kind: str, catalogue: Catalogue) -> str:
    if known := _CODES.get(kind):
        return known
    # A PydanticCustomError of one of our own types carries a code of the catalogue.
    if kind in catalogue:
        return kind
    if kind.endswith(("_type", "_attributes_type")) or kind in {"model_type", "none_required"}:
        return "wrong_type"
    return "wrong_format"


def pointer_of(location: Sequence[object], body: object) -> str:
    """The RFC 6901 pointer for a pydantic location.

    pydantic puts the names of union members and validators among the keys; those that the body itself does
    not have are left out. The last part is kept where a key is missing from an object.
    """
    steps: list[str] = []
    here = body
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(here, Mapping) and isinstance(part, str):
            if part in here:
                here = here[part]
            elif not last or "[" in part or "-" in part:
                continue
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        steps.append("/" + str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(steps)[:_LONGEST_POINTER]
