"""How a report says amounts, ratios, days and names."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final
from unicodedata import combining, normalize

from ledger.audit.journals.alphabet import one_line, scale_of
from money import half_even

RATIO_DECIMALS: Final = 4

FORMS: Final = {
    "dues": "Dues",
    "officers": "Officers and meetings",
    "purchasing": "Group purchasing",
    "tenders": "Joint tendering",
}


def amount(value: Decimal, commodity: str) -> str:
    """`−1,234.50`, with as many decimals as the commodity has."""
    decimals = max(scale_of(commodity), -int(value.as_tuple().exponent))
    text = f"{value if value else abs(value):,.{decimals}f}"
    return text.replace("-", "−")


def exact_ratio(given: Decimal, got: Decimal) -> Fraction | None:
    return Fraction(got) / Fraction(given) if given else None


def ratio(exact: Fraction | None) -> str:
    """As the ledger says it: 4 decimals, half-even."""
    return "–" if exact is None else f"{half_even(exact, RATIO_DECIMALS):f}".replace("-", "−")


def day(value: date) -> str:
    """`1 March 2025`"""
    return f"{value.day} {value:%B} {value.year}"


def form(code: str) -> str:
    return FORMS.get(code, words(code)) or "–"


def words(code: str) -> str:
    """`joint_hiring` as `Joint hiring`."""
    text = one_line(code).replace("_", " ")
    return text[:1].upper() + text[1:]


def happening(type: str) -> str:
    """What an event's type says: `Campaign settled`."""
    name = one_line(type).split(".")
    return words(name[2]) if len(name) == 4 else one_line(type)


def unaccented(text: str) -> str:
    """To sort by: É beside e."""
    return "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
