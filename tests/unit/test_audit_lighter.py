"""Kinds made again for reading lightly: what they accept, the pydantic ones accept too; else they are not
made.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import orjson
import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    field_validator,
)

from ledger.audit.lighter import NotLighter, lighter, reading
from money import Hours, Money, Percentage, Price, Quantity, Rate, Ratio
from sharing.methods import Method

TEXTS = (
    *("", "a", "abc", "00", "0", "1", "1.0", "1.00", "-1.00", "-0.00", "01.00", "1.000", "100", "100.00001"),
    *("12.3456", "9999999999999.99", "10000000000000.00", "1e3", "NaN", "Infinity", "+1.00", " 1.00", "1_0"),
    *("٣.٠٠", "2025-03-01", "2025-3-1", "20250301", "2025-03-01T00:00:00", "2025-02-30", "0000-01-01"),
    *("EUR", "eur", "JPY", "XXX", "equal_price", "volume", "true"),
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "01890A5D-AC96-774B-BCCE-B302099A8057",
    "01890a5dac96774bbcceb302099a8057",
    "{01890a5d-ac96-774b-bcce-b302099a8057}",
    "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
)
NUMBERS = (0, 1, -1, 300, 300.0, 0.5, 10**9, 10**9 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1)
VALUES = (
    None,
    True,
    *TEXTS,
    *NUMBERS,
    [],
    ["a"],
    {},
    *({"amount": text, "currency": currency} for text in TEXTS for currency in ("EUR", "JPY", "XXX", 1)),
    {"amount": "1.00", "currency": "EUR", "more": 1},
    {"amount": 1, "currency": "EUR"},
)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: str
    currency: str = "EUR"

    @property
    def both(self) -> str:
        return self.amount + self.currency

    def with_more(self, more: str) -> str:
        return self.both + more


KINDS: Any = (
    *(str, int, bool, date, UUID, UUID | None, Money, Price, Hours, Percentage, Rate, Ratio, Quantity),
    *(Method, Literal["a", 1], Literal[Method.VOLUME], tuple[str, ...], tuple[UUID, ...], Part, Part | None),
    Annotated[str, Field(pattern="^[0-9]{2}$")],
    Annotated[str, StringConstraints(min_length=1, max_length=2)],
    Annotated[int, Field(ge=1, le=300)],
)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_read_lightly_is_read_with_care_and_is_the_same(kind: Any) -> None:
    read, adapter, accepted = reading(lighter(kind)), TypeAdapter(kind), 0
    for value in VALUES:
        try:
            light = read(orjson.dumps(value))
        except Exception:
            # Whatever it is: it is left to the careful way.
            continue
        accepted += 1
        assert seen(light) == seen(adapter.validate_json(orjson.dumps(value)))
    assert accepted


def seen(value: Any) -> Any:
    if hasattr(value, "amount"):
        return seen(value.amount), str(value.currency)
    if isinstance(value, tuple):
        return [seen(part) for part in value]
    return value if isinstance(value, Decimal | int | date | None) else str(value)


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1])
def test_a_number_that_orjson_could_take_for_a_float_is_not_read(number: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        reading(lighter(int))(b"%d" % number)


def test_what_rules_ask_of_a_model_besides_its_fields_is_there() -> None:
    part = reading(lighter(Part))(b'{"amount":"1"}')
    assert (part.both, part.with_more("!")) == ("1EUR", "1EUR!")


class _Checked(Part):
    @field_validator("amount")
    @classmethod
    def _lower(cls, amount: str) -> str:
        return amount.lower()


class _Set(Part):
    model_config = ConfigDict(str_to_lower=True)


@pytest.mark.parametrize(
    "kind",
    [
        *(_Checked, _Set, float, dict[str, int], list[str], tuple[str, int], Any, bytes),
        Annotated[str, StringConstraints(strip_whitespace=True)],
        Annotated[str, AfterValidator(str.lower)],
        Annotated[int, BeforeValidator(abs)],
        Annotated[int, Field(gt=1)],
        Annotated[Decimal, Field(gt=1)],
        tuple[_Checked, ...],
    ],
    ids=str,
)
def test_a_kind_that_is_checked_otherwise_is_not_made(kind: Any) -> None:
    with pytest.raises(NotLighter):
        lighter(kind)
