"""Apportionment by largest remainder, and that number types and their schemas agree, for whatever comes."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from money import Hours, Money, Percentage, Price, Rate, apportion, round_shares

CENT = Decimal("0.01")
totals = st.integers(-(10**15), 10**15).map(lambda cents: Decimal(cents).scaleb(-2))
weights = st.lists(
    st.integers(0, 10**6) | st.fractions(0, 100) | st.decimals(0, 1000, places=4), min_size=1, max_size=30
)


@given(totals, weights)
def test_the_parts_add_up_and_each_is_within_a_cent_of_its_exact_share(total, weights):
    whole = sum(map(Fraction, weights))
    assume(whole)
    parts = apportion(total, weights, CENT)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 100)
        assert part == part.quantize(CENT)
        if not weight:
            assert part == 0


@given(totals, weights)
def test_a_larger_weight_never_gets_less_and_equals_favour_the_first(total, weights):
    assume(any(weights))
    parts = apportion(abs(total), weights, CENT)
    for i, first in enumerate(weights):
        for j in range(i + 1, len(weights)):
            if first >= weights[j]:
                assert parts[i] >= parts[j]
            else:
                assert parts[i] <= parts[j]


@given(totals, weights)
def test_a_negative_total_is_shared_like_its_opposite(total, weights):
    assume(any(weights))
    assert apportion(-total, weights, CENT) == [-part for part in apportion(total, weights, CENT)]


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
    st.sampled_from([1, 5, 12]),
)
def test_whole_packs_can_be_apportioned(packs, weights, pack):
    parts = apportion(Decimal(packs * pack), weights, Decimal(pack))
    assert sum(parts) == packs * pack
    assert all(part % pack == 0 for part in parts)


@given(st.lists(st.fractions(-(10**6), 10**6), max_size=20))
def test_signed_shares_add_up_to_their_rounded_sum(shares):
    parts = round_shares(shares, CENT)
    assert sum(map(Fraction, parts)) == Fraction(round(sum(shares) * 100), 100)
    for part, share in zip(parts, shares, strict=True):
        assert abs(Fraction(part) - share) < Fraction(1, 100)


def _money(text):
    return Money.of(text, "CLF").amount


def _price(text):
    return Price.of(text, "EUR").amount


READERS = [
    (_money, Money.model_json_schema()["properties"]["amount"]["pattern"]),
    (_price, Price.model_json_schema()["properties"]["amount"]["pattern"]),
    *(
        (TypeAdapter(kind).validate_python, TypeAdapter(kind).json_schema()["pattern"])
        for kind in (Hours, Percentage, Rate)
    ),
]


@pytest.mark.parametrize(("read", "pattern"), READERS)
@given(data=st.data())
def test_what_the_pattern_allows_is_accepted_and_kept(read, pattern, data):
    text = data.draw(st.from_regex(re.compile(pattern.replace("$", r"\Z")), fullmatch=True))
    assert read(text) == Decimal(text)


@pytest.mark.parametrize(("read", "pattern"), READERS)
@given(text=st.text(alphabet="0123456789.-+eE \n٣", max_size=16))
def test_what_the_pattern_forbids_is_refused(read, pattern, text):
    if re.fullmatch(pattern, text):
        assert read(text) == Decimal(text)
    else:
        with pytest.raises(ValidationError):
            read(text)
