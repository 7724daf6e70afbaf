"""Currencies by their ISO 4217 code."""

from decimal import Decimal
from typing import Any, Final, Self

import iso4217
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SCALES: Final[dict[str, int]] = {
    entry.code: entry.exponent for entry in iso4217.Currency if entry.exponent is not None
}
"""Minor-unit digits by code. Metals, units of account and test codes have none: nobody invoices in them."""


class Currency(str):
    """An ISO 4217 alphabetic code whose minor unit the standard defines, such as EUR, JPY or TND.

    A `str`, so that it keys, prints and serialises as its code. Any other text raises ValueError.
    """

    __slots__ = ()

    def __new__(cls, code: str) -> Self:
        if code not in SCALES:
            raise ValueError(f"not the code of an ISO 4217 currency with a minor unit: {code!r}")
        return super().__new__(cls, code)

    @property
    def scale(self) -> int:
        """Digits after the decimal point of an amount, 0 to 4 (ISO 4217, minor unit)."""
        return SCALES[self]

    @property
    def quantum(self) -> Decimal:
        """The smallest amount: 0.01 for EUR, 1 for JPY."""
        return Decimal((0, (1,), -self.scale))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls._checked,
            core_schema.str_schema(strict=True),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": sorted(SCALES), "description": "ISO 4217 code", "examples": ["EUR"]}

    @classmethod
    def _checked(cls, code: str) -> Self:
        try:
            return cls(code)
        except ValueError:
            raise PydanticCustomError("currency", "Not an ISO 4217 currency with a minor unit") from None
