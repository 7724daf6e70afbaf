"""Single values read with care: what could be made of each is returned, what had to be interpreted logged."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Final

from money import Currency, Money, half_even
from tenders.notices.document import Node
from tenders.notices.faults import FaultLog
from tenders.notices.text import fit, without_people

LONGEST_IDENTIFIER: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_DESCRIPTION: Final = 20_000

_MOST_AMOUNT: Final = Decimal(10) ** 12
"""A million million: beyond it an amount is a slip, and sums of lots would leave what Money can hold."""

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}")
_AMOUNT: Final = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LIKELY_YEARS: Final = range(1980, 2201)


def read_text(
    node: Node | None,
    log: FaultLog,
    *,
    longest: int = LONGEST_TITLE,
    one_line: bool = True,
    people: tuple[str, ...] = (),
) -> str | None:
    """A text fit to keep, without people; None when absent, empty or no text."""
    if node is None:
        return None
    if not isinstance(node.value, str):
        log.add(node.pointer, "text_unreadable")
        return None
    # Cutting before cleaning bounds the work, four times as long lets cleaning take its share.
    text, codes = fit(node.value[: 4 * longest], one_line=one_line)
    anonymous = without_people(text, people)
    if anonymous != text:
        codes.append("personal_data")
    if len(anonymous) > longest or len(node.value) > 4 * longest:
        anonymous = anonymous[:longest].rstrip()
        log.add(node.pointer, "text_too_long", limit=longest)
    for code in codes:
        log.add(node.pointer, code)
    if not anonymous:
        log.add(node.pointer, "text_empty")
        return None
    return anonymous


def read_identifier(node: Node | None, log: FaultLog) -> str | None:
    """An identifier as text: numbers are common and taken; None when absent or unreadable."""
    if node is None:
        return None
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        log.add(node.pointer, "identifier_number")
        return str(node.value)
    if not isinstance(node.value, str) or len(node.value) > LONGEST_IDENTIFIER:
        log.add(node.pointer, "identifier_unreadable")
        return None
    return read_text(node, log)


def read_code(node: Node | None, log: FaultLog) -> str | None:
    """A code of a codelist, as published; None when absent or not such as a code could be."""
    if node is None:
        return None
    if isinstance(node.value, str) and _CODE.fullmatch(node.value):
        return node.value
    log.add(node.pointer, "code_unreadable")
    return None


def read_instant(node: Node | None, log: FaultLog, *, deadline: bool = False) -> datetime | None:
    """An instant with its time zone, UTC where none is given; a bare day as a `deadline` lasts to its end."""
    if node is None:
        return None
    text = node.value.strip().upper() if isinstance(node.value, str) else ""
    try:
        instant = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            log.add(node.pointer, "date_without_time")
            return _likely(datetime.combine(instant, time(23, 59, 59) if deadline else time(), UTC))
        if instant.tzinfo is None:
            log.add(node.pointer, "date_without_zone")
            instant = instant.replace(tzinfo=UTC)
        return _likely(instant)
    except (ValueError, OverflowError):
        log.add(node.pointer, "date_unreadable")
        return None


def _likely(instant: datetime) -> datetime:
    if instant.year not in _LIKELY_YEARS:
        raise ValueError("out of all likelihood")
    return instant


def read_money(node: Node | None, log: FaultLog) -> Money | None:
    """What the buyer expects to pay; None when it says nothing that could be reckoned with."""
    if node is None:
        return None
    amount = _read_amount(node, log)
    currency = _read_currency(node, log)
    if amount is None or currency is None:
        return None
    rounded = half_even(Fraction(amount), currency.scale)
    if rounded != amount:
        log.add(f"{node.pointer}/amount", "amount_rounded")
    return Money.of(rounded, currency) if rounded else None


def _read_amount(node: Node, log: FaultLog) -> Decimal | None:
    found = node.get("amount")
    if found is None:
        log.add(f"{node.pointer}/amount", "amount_missing")
        return None
    amount: Decimal | None = None
    if isinstance(found.value, str) and _AMOUNT.fullmatch(found.value.strip()):
        log.add(found.pointer, "amount_text")
        amount = Decimal(found.value.strip())
    elif isinstance(found.value, (int, Decimal)) and not isinstance(found.value, bool):
        amount = Decimal(found.value)
    wrong: tuple[tuple[str, Callable[[Decimal], bool]], ...] = (
        ("amount_zero", lambda number: not number),
        ("amount_negative", lambda number: number < 0),
        # 1E-999999999 is a number as well, of as many digits once it is reckoned with.
        ("amount_out_of_range", lambda number: number >= _MOST_AMOUNT or number.adjusted() < -30),
    )
    if amount is None:
        log.add(found.pointer, "amount_unreadable")
        return None
    for code, applies in wrong:
        if applies(amount):
            log.add(found.pointer, code)
            return None
    return amount


def _read_currency(node: Node, log: FaultLog) -> Currency | None:
    found = node.get("currency")
    if found is None or not found.value:
        log.add(f"{node.pointer}/currency", "currency_missing")
        return None
    code = found.value.strip() if isinstance(found.value, str) else ""
    try:
        currency = Currency(code.upper())
    except ValueError:
        log.add(found.pointer, "currency_unknown")
        return None
    if currency != code:
        log.add(found.pointer, "currency_case")
    return currency
