"""What a journal is made of, before any program reads it."""

import io
import re
import tracemalloc
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.journals import FORMATS, write
from ledger.audit.journals.alphabet import (
    Unspeakable,
    account_name,
    amount_text,
    commodity_name,
    one_line,
    unquoted,
)
from samples.entries import NAMES, many, of_every_kind

ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")
parts = st.text(alphabet="aAxXzZ0-/:é_", max_size=12) | st.text(max_size=20)


def spelt(text: str) -> str:
    return account_name(f"Assets:Pending:{text}").removeprefix("Assets:Pending:")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("hours", "Hours"),
        ("b0150000-0000-4000-8000-000000000000", "B0150000-0000-4000-8000-000000000000"),
        ("campaign/0190", "Campaign--0190"),
        ("a-/b", "AX2DZ--b"),
        ("a--b", "AX2DZX2DZb"),
        ("/a", "X2FZa"),
        ("-", "X2DZ"),
        ("x2dz", "X2dz"),
        ("ü", "XFCZ"),
        ("Hours", "X48Zours"),
        ("", "XZ"),
        ("a:b", "A:B"),
    ],
)
def test_a_part_of_an_account_is_spelt_in_the_alphabet(part: str, name: str) -> None:
    assert spelt(part) == name


def read_back(name: str) -> str:
    """The inverse of the spelling, for parts that are not shortened: so no two of them become one."""
    if name == "XZ":
        return ""
    if not re.match(r"X[0-9A-F]+Z", name):
        name = name[0].lower() + name[1:]
    plain = name.replace("--", "/")
    return re.sub(r"X([0-9A-F]+)Z", lambda found: chr(int(found[1], 16)), plain)


@given(parts)
def test_no_two_accounts_become_one(part: str) -> None:
    name = spelt(part)
    assert ACCOUNT.fullmatch(f"Assets:Pending:{name}")
    assert ":".join(map(read_back, name.split(":"))) == part


@given(st.sampled_from(["é" * 300 + "a", "a" * 201, "a" * 20_000]))
def test_a_part_too_long_for_ledger_is_shortened_and_stays_itself(part: str) -> None:
    assert len(spelt(part)) < 256
    assert ACCOUNT.fullmatch(f"Assets:Pending:{spelt(part)}")
    assert spelt(part) != spelt(f"{part}a")


@pytest.mark.parametrize(
    "account", ["", "Assets", "assets:Pending", "Assets:pending", "Other:Thing", "Assets:A\n:b"]
)
def test_what_is_no_account_of_the_ledger_is_refused(account: str) -> None:
    with pytest.raises(Unspeakable):
        account_name(account)


@pytest.mark.parametrize("commodity", ["", "E", "eur", "EUR ", "EU R", "A" * 25, "EUR\n"])
def test_what_is_no_commodity_of_the_ledger_is_refused(commodity: str) -> None:
    with pytest.raises(Unspeakable):
        commodity_name(commodity)


@pytest.mark.parametrize(
    ("amount", "commodity", "text"),
    [
        ("1", "EUR", "1.00"),
        ("-0.00", "EUR", "0.00"),
        ("1E+3", "EUR", "1000.00"),
        ("1E-2", "EUR", "0.01"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
        ("1.5", "HOUR", "1.50"),
        ("7", "JPY", "7"),
        ("0.125", "EUR", "0.125"),
    ],
)
def test_amounts_are_fixed_point_with_their_full_scale(amount: str, commodity: str, text: str) -> None:
    assert amount_text(Decimal(amount), commodity) == text


@given(st.text())
def test_a_text_is_one_line_of_what_can_be_seen(text: str) -> None:
    line = one_line(text)
    assert len(line) <= 120
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    assert "  " not in unquoted(text)
    assert not set(unquoted(text)) & set('";:[]|{}@=\\')


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_log_gives_the_same_bytes_in_the_order_of_its_entries(form: str) -> None:
    first, again = io.BytesIO(), io.BytesIO()
    write(of_every_kind(), FORMATS[form], NAMES.get, first)
    write(iter(of_every_kind()), FORMATS[form], dict(reversed(NAMES.items())).get, again)
    assert first.getvalue() == again.getvalue()
    assert b"\r" not in first.getvalue()
    assert first.getvalue().endswith(b"\n")


def test_declared_accounts_are_sorted() -> None:
    out = io.BytesIO()
    write(many(100), FORMATS["hledger"], NAMES.get, out)
    declared = re.findall(r"^account (\S+)", out.getvalue().decode(), re.MULTILINE)
    assert len(declared) > 50
    assert declared == sorted(set(declared))


def test_memory_does_not_grow_with_the_entries(tmp_path: Path) -> None:
    def most(count: int) -> int:
        with (tmp_path / "journal").open("wb") as out:
            tracemalloc.start()
            write(many(count), FORMATS["ledger"], NAMES.get, out)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    most(100)  # what is loaded and remembered once
    assert most(2000) < 1.2 * most(500)
