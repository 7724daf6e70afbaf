"""Owns what an amount is: money and prices in ISO 4217 currencies, hours, percentages, rates, quantities.
Publishes Currency, Money, Price, the JSON-safe number types, apportionment and the interest formula.
Never goes through binary floats, mixes currencies or rounds twice.
"""

from money.amounts import CurrencyMismatch, Money, Price
from money.apportionment import Number, apportion, half_even, interest, round_shares
from money.currency import Currency
from money.numbers import Hours, Percentage, Quantity, Rate, Ratio

__all__ = [
    "Currency",
    "CurrencyMismatch",
    "Hours",
    "Money",
    "Number",
    "Percentage",
    "Price",
    "Quantity",
    "Rate",
    "Ratio",
    "apportion",
    "half_even",
    "interest",
    "round_shares",
]
