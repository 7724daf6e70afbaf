"""Money and unit prices: an amount that never leaves its currency."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, field_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from money.apportionment import Number, half_even
from money.currency import SCALES, Currency
from money.numbers import DecimalString, fixed_point

WHOLE_DIGITS = r"(0|[1-9][0-9]{0,12})"
"""|amount| < 10^13: every sum over an alliance stays exact in the default decimal context of 28 digits."""


def _money_pattern(scale: int) -> str:
    return rf"^-?{WHOLE_DIGITS}(\.[0-9]{{1,{scale}}})?$" if scale else rf"^-?{WHOLE_DIGITS}$"


MONEY_AMOUNT = DecimalString(
    _money_pattern(max(SCALES.values())),
    "Fixed-point amount under 10^13 with at most as many decimals as the currency has",
    ("12.30", "-4.00"),
)
PRICE_AMOUNT = DecimalString(
    rf"^{WHOLE_DIGITS}(\.[0-9]{{1,6}})?$",
    "Price of one unit, from 0, under 10^13, up to 6 decimals",
    ("8.50", "0.012345"),
)

_BY_SCALE: list[JsonSchemaValue] = [
    {
        "properties": {
            "amount": {"pattern": _money_pattern(scale)},
            "currency": {"enum": sorted(code for code in SCALES if SCALES[code] == scale)},
        }
    }
    for scale in sorted(set(SCALES.values()))
]
"""The schema says which currency has how many decimals, so that it allows nothing that is then refused."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added, subtracted or compared."""

    def __init__(self, left: Currency, right: Currency) -> None:
        super().__init__(f"{left} and {right} do not mix")


class _Denominated(BaseModel):
    """What Money and Price share: a currency, and an order within it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Decimal
    currency: Currency

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Self:
        """Build from plain values, checked like JSON; raises pydantic's ValidationError, a ValueError."""
        return cls.model_validate({"amount": amount, "currency": currency})

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._comparable(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._comparable(other)

    def __gt__(self, other: Self) -> bool:
        return self.amount > self._comparable(other)

    def __ge__(self, other: Self) -> bool:
        return self.amount >= self._comparable(other)

    def _comparable(self, other: Self) -> Decimal:
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount


class Money(_Denominated):
    """An amount of money, VAT excluded, of either sign: |amount| < 10^13, in the currency's minor unit.

    In JSON `{"amount": "12.30", "currency": "EUR"}`, always with the currency's full scale. More decimals
    than the currency has are refused, not rounded. A result out of range raises ValidationError.
    """

    amount: Annotated[Decimal, MONEY_AMOUNT]

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls.of("0", currency)

    def times(self, factor: Number) -> Self:
        """The product, rounded once, half-even, to the currency's scale."""
        return self._with(half_even(Fraction(self.amount) * Fraction(factor), self.currency.scale))

    def __add__(self, other: Self) -> Self:
        return self._with(self.amount + self._comparable(other))

    def __sub__(self, other: Self) -> Self:
        return self._with(self.amount - self._comparable(other))

    def __neg__(self) -> Self:
        return self._with(-self.amount)

    def _with(self, amount: Decimal) -> Self:
        return self.of(amount, self.currency)

    @model_validator(mode="after")
    def _within_scale(self) -> Self:
        if _decimals(self.amount) > self.currency.scale:
            raise PydanticCustomError(
                "money_scale",
                "{currency} has {scale} decimals",
                {"currency": str(self.currency), "scale": self.currency.scale},
            )
        return self

    @field_serializer("amount", when_used="json")
    def _at_full_scale(self, amount: Decimal) -> str:
        return fixed_point(amount.quantize(self.currency.quantum))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _object_schema(schema, handler, MONEY_AMOUNT, _BY_SCALE)


class Price(_Denominated):
    """The price of one unit, VAT excluded: from 0, under 10^13, up to 6 decimals whatever the currency.

    In JSON like Money, with at least the currency's scale.
    """

    amount: Annotated[Decimal, PRICE_AMOUNT]

    def times(self, quantity: Number) -> Money:
        """The price of `quantity` units, rounded once, half-even, to the currency's scale."""
        return Money.of(
            half_even(Fraction(self.amount) * Fraction(quantity), self.currency.scale), self.currency
        )

    @field_serializer("amount", when_used="json")
    def _at_least_at_scale(self, amount: Decimal) -> str:
        if _decimals(amount) < self.currency.scale:
            amount = amount.quantize(self.currency.quantum)
        return fixed_point(amount)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _object_schema(schema, handler, PRICE_AMOUNT, [])


def _decimals(amount: Decimal) -> int:
    return max(-int(amount.as_tuple().exponent), 0)


def _object_schema(
    schema: CoreSchema, handler: GetJsonSchemaHandler, amount: DecimalString, narrower: list[JsonSchemaValue]
) -> JsonSchemaValue:
    """One schema for reading and writing, so that OpenAPI names one Money, not an input and an output."""
    reference = handler(schema)
    described = handler.resolve_ref_schema(reference)
    described["properties"]["amount"] = amount.json_schema() | {"title": "Amount"}
    if narrower:
        described["anyOf"] = narrower
    return reference
