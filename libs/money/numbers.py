"""Numbers that travel in JSON without passing through a binary float.

Each one's JSON Schema and its validation say the same thing: what the pattern allows is accepted, what it
forbids is refused. Patterns are ECMA-262 without look-around, bound the length and name ASCII digits only.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class DecimalString:
    """Marks a Decimal that JSON carries as a string of plain decimal notation matching `pattern`.

    Python code may also give a Decimal, judged by its value: zeros at its end do not count.
    Refused everywhere: float, int, bool, exponents, NaN, infinities, white space, other scripts' digits.
    Minus zero becomes zero.
    """

    pattern: str
    description: str
    examples: tuple[str, ...]

    def read(self, given: object) -> Decimal:
        if isinstance(given, Decimal) and given.is_finite():
            text = plain(given)
        elif isinstance(given, str):
            text = given
        else:
            raise PydanticCustomError("decimal_string", "Expected a string in plain decimal notation")
        # `fullmatch`, because `$` alone lets a line feed through in Python.
        if re.fullmatch(self.pattern, text) is None:
            raise PydanticCustomError(
                "decimal_string", "Expected a string matching {pattern}", {"pattern": self.pattern}
            )
        number = Decimal(text)
        return number if number else number.copy_abs()

    def json_schema(self) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": self.pattern,
            "description": self.description,
            "examples": list(self.examples),
        }

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(fixed_point, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return self.json_schema()


def fixed_point(number: Decimal) -> str:
    """The digits of a Decimal with its own scale and never an exponent."""
    return format(number, "f")


def plain(number: Decimal) -> str:
    """Fixed point without zeros at the end: 12.300 is 12.3 and 1E+2 is 100."""
    if not number:
        return "0"
    text = fixed_point(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


Hours = Annotated[
    Decimal,
    DecimalString(
        r"^(0\.(0[1-9]|[1-9][0-9]?)|[1-9][0-9]{0,3}(\.[0-9]{1,2})?|10000(\.0{1,2})?)$",
        "Hours, more than 0, at most 10000, up to 2 decimals",
        ("1.5", "12.00"),
    ),
]
"""Hours of work: more than 0, at most 10,000, in hundredths."""

Percentage = Annotated[
    Decimal,
    DecimalString(
        r"^((0|[1-9][0-9]?)(\.[0-9]{1,4})?|100(\.0{1,4})?)$",
        "Percentage from 0 to 100, up to 4 decimals",
        ("50", "33.3333"),
    ),
]
"""A part of a whole in per cent: 0 to 100, up to 4 decimals."""

Rate = Annotated[
    Decimal,
    DecimalString(
        r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,6})?$",
        "Money rate a year in per cent, from 0, under 1000, up to 6 decimals",
        ("3.65", "7.75"),
    ),
]
"""A money rate a year in per cent: from 0, under 1,000, up to 6 decimals."""

Ratio = Annotated[
    Decimal, DecimalString(r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$", "A ratio from 0", ("0.50",))
]
"""One amount by another: from 0, under 1,000, up to 4 decimals."""


def _whole(given: object) -> object:
    """JSON Schema counts 300.0 as an integer (draft 2020-12, section 6.1.1); under 2^53 it is one exactly."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Quantity = Annotated[
    int,
    Field(
        strict=True, ge=0, le=10**9, description="Whole units, from 0 to a thousand million", examples=[300]
    ),
    BeforeValidator(_whole),
]
"""Whole units of a good: 0 to 10^9; 300.0 is 300, while true, "300" and 0.5 are refused."""
