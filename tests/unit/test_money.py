"""What an amount accepts, how it is written, and that its JSON Schema says the same."""

import json
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from money import (
    Currency,
    CurrencyMismatch,
    Hours,
    Money,
    Percentage,
    Price,
    Quantity,
    Rate,
    apportion,
    half_even,
    interest,
)


class Everything(BaseModel):
    money: Money
    price: Price
    hours: Hours
    percentage: Percentage
    rate: Rate
    quantity: Quantity


EXAMPLE: dict[str, Any] = {
    "money": {"amount": "12.30", "currency": "EUR"},
    "price": {"amount": "8.50", "currency": "EUR"},
    "hours": "1.5",
    "percentage": "33.3333",
    "rate": "3.65",
    "quantity": 300,
}


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.mark.parametrize(
    ("code", "scale", "quantum"),
    [("EUR", 2, "0.01"), ("JPY", 0, "1"), ("TND", 3, "0.001"), ("CLF", 4, "0.0001")],
)
def test_a_currency_has_the_scale_of_the_standard(code, scale, quantum):
    assert Currency(code).scale == scale
    assert Currency(code).quantum == Decimal(quantum)


@pytest.mark.parametrize("code", ["", "eur", "EU", "EURO", "ZZZ", "XXX", "XAU", "EUR "])
def test_what_nobody_invoices_in_is_no_currency(code):
    with pytest.raises(ValueError, match="ISO 4217"):
        Currency(code)
    with pytest.raises(ValidationError):
        Money.of("1", code)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("12.3", "EUR", "12.30"),
        ("12", "EUR", "12.00"),
        ("-0.00", "EUR", "0.00"),
        ("-4", "EUR", "-4.00"),
        ("1200", "JPY", "1200"),
        ("1.5", "TND", "1.500"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
        ("-9999999999999.99", "EUR", "-9999999999999.99"),
    ],
)
def test_money_is_written_at_the_full_scale_of_its_currency(amount, currency, written):
    read = Money.model_validate_json(json.dumps({"amount": amount, "currency": currency}))
    assert json.loads(read.model_dump_json()) == {"amount": written, "currency": currency}


MALFORMED = [
    "",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "01",
    "1.",
    ".5",
    "1,5",
    "1e3",
    "1E3",
    "NaN",
    "Infinity",
    "-",
    "١٢",
    "1_0",
    "0x1",
]


@pytest.mark.parametrize(
    "amount", [*MALFORMED, "12.345", "12.300", "10000000000000", 1, 1.5, True, None, ["1"]]
)
def test_money_refuses_what_is_not_a_plain_decimal_within_scale_and_range(amount):
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "EUR"})
    with pytest.raises(ValidationError):
        Money.model_validate_json(json.dumps({"amount": amount, "currency": "EUR"}))


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("0.001"), Decimal("1E+13")])
def test_a_decimal_in_code_is_checked_like_a_string(amount):
    with pytest.raises(ValidationError):
        Money.of(amount, "EUR")


def test_a_decimal_in_code_is_judged_by_its_value_not_by_its_zeros():
    assert Money.of(Decimal("12.3000"), "EUR") == euros("12.30")
    assert Money.of(Decimal("1E+2"), "EUR") == euros("100")
    assert hash(euros("12.3")) == hash(euros("12.30"))


def test_money_adds_subtracts_negates_and_compares_within_its_currency():
    assert euros("10.50") + euros("0.50") == euros("11")
    assert euros("10.50") - euros("11") == -euros("0.5")
    assert sum([euros("1"), euros("2")], Money.zero("EUR")) == euros("3")
    assert euros("1") < euros("2") <= euros("2.00")
    assert max(euros("3"), euros("2")) == euros("3")
    assert euros("1") != Money.of("1", "USD")


def test_currencies_do_not_mix():
    yen = Money.of("5", "JPY")
    for mixed in (
        lambda: euros("1") + yen,
        lambda: euros("1") - yen,
        lambda: euros("1") < yen,
        lambda: yen >= euros("1"),
    ):
        with pytest.raises(CurrencyMismatch):
            mixed()


def test_a_price_is_not_money():
    with pytest.raises(TypeError):
        _ = euros("1") < Price.of("2", "EUR")  # type: ignore[operator]


def test_a_sum_out_of_range_is_refused():
    with pytest.raises(ValidationError):
        _ = euros("9999999999999.99") + euros("0.01")


@pytest.mark.parametrize(
    ("amount", "factor", "expected"),
    [
        ("0.01", Decimal("0.5"), "0.00"),
        ("0.03", Decimal("0.5"), "0.02"),
        ("-0.03", Decimal("0.5"), "-0.02"),
        ("100.00", Fraction(1, 3), "33.33"),
        ("45.00", 18, "810.00"),
        ("9999999999999.99", Decimal("0.333333333333333333333333333333"), "3333333333333.33"),
    ],
)
def test_a_product_is_rounded_once_half_to_even(amount, factor, expected):
    assert euros(amount).times(factor) == euros(expected)


def test_a_price_keeps_six_decimals_and_at_least_the_scale_of_its_currency():
    assert json.loads(Price.of("240", "EUR").model_dump_json())["amount"] == "240.00"
    assert json.loads(Price.of("0.012345", "EUR").model_dump_json())["amount"] == "0.012345"
    assert Price.of("0.012345", "EUR").times(1000) == euros("12.34")
    assert Price.of("170", "EUR") < Price.of("210", "EUR")
    for refused in ("-1", "0.1234567", "-0"):
        with pytest.raises(ValidationError):
            Price.of(refused, "EUR")


@pytest.mark.parametrize(
    ("kind", "accepted", "refused"),
    [
        (
            Hours,
            ["0.01", "0.1", "0.10", "7.25", "9999.99", "10000", "10000.00"],
            ["0", "0.00", "10000.01", "10001", "1.001", "-1"],
        ),
        (
            Percentage,
            ["0", "0.0000", "33.3333", "99.9999", "100", "100.0"],
            ["100.0001", "101", "1.00001", "-0.1", "-0"],
        ),
        (Rate, ["0", "3.65", "999.999999"], ["1000", "-1", "1.0000001"]),
    ],
)
def test_number_types_hold_their_range_and_precision(kind, accepted, refused):
    adapter = TypeAdapter(kind)
    for text in accepted:
        assert adapter.validate_python(text) == Decimal(text)
        assert json.loads(adapter.dump_json(adapter.validate_json(json.dumps(text)))) == text
    for text in [*refused, *MALFORMED, 1, 1.5, True, None]:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)
    assert adapter.validate_python(Decimal("7.5000")) == Decimal("7.5")


def test_a_quantity_is_a_whole_number_as_json_schema_counts_it():
    adapter = TypeAdapter(Quantity)
    assert [adapter.validate_json(text) for text in ("0", "300", "300.0", "1000000000")] == [
        0,
        300,
        300,
        10**9,
    ]
    for text in ("-1", "1000000001", "0.5", '"3"', "true", "null", "1e400"):
        with pytest.raises(ValidationError):
            adapter.validate_json(text)


def test_the_schema_is_the_same_for_reading_and_writing_and_takes_what_is_written():
    reading = Everything.model_json_schema()
    assert reading == Everything.model_json_schema(mode="serialization")
    written = json.loads(Everything.model_validate(EXAMPLE).model_dump_json())
    jsonschema.validate(written, reading, cls=jsonschema.Draft202012Validator)


def test_every_amount_is_a_string_with_a_pattern_and_examples_that_are_accepted():
    schema = Everything.model_json_schema()
    definitions = schema["$defs"]
    for owner in (definitions["Money"], definitions["Price"]):
        amount = owner["properties"]["amount"]
        assert amount["type"] == "string"
        assert amount["pattern"].startswith("^")
        assert owner["additionalProperties"] is False
        model = Money if owner is definitions["Money"] else Price
        assert [model.of(example, "EUR").amount for example in amount["examples"]]
    for name in ("hours", "percentage", "rate"):
        for example in schema["properties"][name]["examples"]:
            Everything.model_validate(EXAMPLE | {name: example})


@pytest.mark.parametrize(
    ("money", "allowed"),
    [
        ({"amount": "1.23", "currency": "EUR"}, True),
        ({"amount": "1.234", "currency": "EUR"}, False),
        ({"amount": "1.234", "currency": "TND"}, True),
        ({"amount": "1.5", "currency": "JPY"}, False),
        ({"amount": "1", "currency": "ZZZ"}, False),
        ({"amount": "1", "currency": "EUR", "note": ""}, False),
        ({"amount": "1"}, False),
        ({"amount": 1, "currency": "EUR"}, False),
    ],
)
def test_the_schema_of_money_forbids_exactly_what_is_refused(money, allowed):
    validator = jsonschema.Draft202012Validator(Money.model_json_schema())
    assert validator.is_valid(money) is allowed
    if allowed:
        Money.model_validate(money)
    else:
        with pytest.raises(ValidationError):
            Money.model_validate(money)


def test_prefinancing_counts_the_days_between_its_dates_at_the_yearly_rate():
    days = (date(2025, 3, 15) - date(2025, 2, 3)).days
    assert half_even(interest(Decimal("42000.00"), days, Decimal("3.65")), 2) == Decimal("168.00")
    assert interest(Decimal("1"), 1, Decimal("1")) == Fraction(1, 36500)
    with pytest.raises(ValueError, match="negative"):
        interest(Decimal("1"), -1, Decimal("1"))


def test_half_even_is_exact_beyond_the_decimal_context():
    with localcontext() as context:
        context.prec = 3
        assert half_even(Fraction(10**20) + Fraction(1, 200), 2) == Decimal("100000000000000000000.00")
        assert half_even(Fraction(-5, 2), 0) == Decimal("-2")
    assert str(half_even(Fraction(1), 2)) == "1.00"


def test_ten_among_three_adds_up_to_ten():
    assert apportion(Decimal("10.00"), [1, 1, 1], Decimal("0.01")) == [
        Decimal("3.34"),
        Decimal("3.33"),
        Decimal("3.33"),
    ]
    assert apportion(Decimal("-10.00"), [1, 1, 1], Decimal("0.01")) == [
        Decimal("-3.34"),
        Decimal("-3.33"),
        Decimal("-3.33"),
    ]
    assert [str(part) for part in apportion(Decimal("-1"), [1, 0], Decimal(1))] == ["-1", "0"]


def test_a_short_delivery_leaves_its_last_pieces_to_the_largest_remainders():
    committed = [8200, 4800, 2900, 400, 3700]
    assert apportion(Decimal(19103), committed, Decimal(1)) == [7832, 4585, 2770, 382, 3534]


@pytest.mark.parametrize(
    ("total", "weights", "quantum", "why"),
    [
        ("1.00", [0, 0], "0.01", "more than zero"),
        ("1.00", [], "0.01", "more than zero"),
        ("1.00", [2, -1], "0.01", "must not be negative"),
        ("1.001", [1], "0.01", "not a multiple"),
        ("1.00", [1], "0", "quantum must be"),
    ],
)
def test_what_cannot_be_apportioned_is_refused(total, weights, quantum, why):
    with pytest.raises(ValueError, match=why):
        apportion(Decimal(total), weights, Decimal(quantum))
