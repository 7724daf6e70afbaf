"""Whatever the sums of closed periods are, each amount, and each absence, has a proof that a short function
checks; and nothing else has one.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.sealed import check
from ledger.period.sealing import SealedList, line_of
from ledger.period.sums import HalfYear, Heading
from ledger.posting.legs import Seen
from samples.periods import proof_of

MEMBERS = [UUID(int=number << 100 | 7) for number in range(1, 5)]

headings = st.builds(
    Heading,
    st.sampled_from(MEMBERS),
    st.sampled_from([Seen.CONTRIBUTED, Seen.RECEIVED]),
    st.builds(HalfYear, st.integers(2024, 2026), st.integers(1, 2)),
    st.sampled_from(["EUR", "USD", "JPY"]),
)
amounts = st.integers(-(10**9), 10**9).map(Decimal)


def asked(heading: Heading) -> tuple[str, str, str, str]:
    return str(heading.member), heading.side.value, heading.period.name, heading.commodity


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(headings, amounts, max_size=40), headings)
def test_any_amount_and_any_absence_is_shown(sums: dict[Heading, Decimal], other: Heading) -> None:
    sealed = SealedList(sums)
    for heading in {*sums, other}:
        amount, checkpoint = check(proof_of(sealed, heading), *asked(heading))
        assert Decimal(amount) == sums.get(heading, 0)
        assert checkpoint.startswith("alliance.local/1\n5\n")


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(headings, amounts.filter(bool), min_size=1, max_size=20), st.data())
def test_no_other_amount_has_a_proof(sums: dict[Heading, Decimal], data: st.DataObject) -> None:
    sealed = SealedList(sums)
    heading = data.draw(st.sampled_from(sorted(sums)))
    honest = proof_of(sealed, heading)
    (line,) = honest["lines"]
    another = line | {"line": line_of(heading, sums[heading] + 1)}
    elsewhere = line | {"index": (line["index"] + 1) % (sealed.count + 1)}
    for lines in ([another], [elsewhere], [], proof_of(SealedList({}), heading)["lines"]):
        with pytest.raises(ValueError):
            check(honest | {"lines": lines}, *asked(heading))


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(headings, amounts.filter(bool), min_size=1, max_size=20), st.data())
def test_the_absence_of_what_is_there_has_no_proof(sums: dict[Heading, Decimal], data: st.DataObject) -> None:
    sealed = SealedList(sums)
    heading = data.draw(st.sampled_from(sorted(sums)))
    honest = proof_of(sealed, heading)
    index = honest["lines"][0]["index"]
    around = [
        {"index": at, "line": place.line, "hashes": [one.hex() for one in place.hashes]}
        for at in (index - 1, index + 1)
        if 0 <= at < sealed.count
        for place in [sealed._place(at)]
    ]
    with pytest.raises(ValueError, match="may stand between"):
        check(honest | {"lines": around}, *asked(heading))


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "alliance.ledger.balances_opened.v1"},
        {"source": "/members/alliances/0199f6e4-6f1c-7c3a-9b1e-2f6d8a4c5b7e"},
    ],
)
def test_another_entry_with_a_root_in_it_seals_nothing(changed: dict[str, Any]) -> None:
    heading = Heading(MEMBERS[0], Seen.CONTRIBUTED, HalfYear(2025, 1), "EUR")
    with pytest.raises(ValueError, match="the entry"):
        check(proof_of(SealedList({heading: Decimal(1)}), heading, **changed), *asked(heading))


def test_any_byte_of_an_entry_or_a_proof_that_is_another_is_found() -> None:
    heading = Heading(MEMBERS[0], Seen.CONTRIBUTED, HalfYear(2025, 1), "EUR")
    others = {heading._replace(member=member): Decimal(5) for member in MEMBERS}
    honest = proof_of(SealedList(others), heading)
    text = honest["proof"]
    signed = text.index("\n\n") + 2
    # What stands under the checkpoint is its signatures, and another's to check; its name is returned.
    end = text.index("\n\n", signed)
    origin = range(signed, text.index("\n", signed))
    for at in range(len("c2sp.org/tlog-proof@v1\n"), end):
        if at in origin:
            continue
        damaged = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
        with pytest.raises((ValueError, IndexError)):
            check(honest | {"proof": damaged}, *asked(heading))
    raw = honest["entry"]
    for at in range(0, len(raw), 3):
        with pytest.raises(ValueError):
            check(honest | {"entry": raw[:at] + chr(ord(raw[at]) ^ 1) + raw[at + 1 :]}, *asked(heading))
