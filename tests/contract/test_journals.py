"""Other people's programs find in a journal what the ledger posted, whatever texts stand in the log."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.audit.journals import FORMATS, write
from ledger.audit.journals.alphabet import account_name
from ledger.audit.replay import Replayed
from ledger.posting.transactions import Form, Nature, contributed, received
from rigs.borrowed import BOOKKEEPERS, Balances, Bookkeeper, Posting, by_account, run
from samples.entries import ACIER, BOIS, NAMES, entry, euros, of_every_kind

Borrow = Callable[..., str]
Names = dict


@pytest.fixture(scope="module", params=BOOKKEEPERS)
def bookkeeper(request: pytest.FixtureRequest) -> tuple[str, Bookkeeper]:
    return request.param, BOOKKEEPERS[request.param]


def journal(folder: Path, form: str, entries: Iterable[Replayed], names: Names = NAMES) -> Path:
    file = folder / f"journal.{form}"
    with file.open("wb") as out:
        write(entries, FORMATS[form], names.get, out)
    return file


def postings(entries: Iterable[Replayed]) -> list[Posting]:
    """Ours: what the ledger posted, under the journal's account names."""
    return [
        (
            str(posted.booked_on),
            str(posted.entry),
            account_name(leg.account),
            leg.amount,
            leg.commodity,
        )
        for posted in (entry.posted for entry in entries)
        for leg in posted.legs
    ]


def balances(entries: Iterable[Replayed]) -> Balances:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for _, _, account, amount, commodity in postings(entries):
        sums[account, commodity] += amount
    return {key: amount for key, amount in sums.items() if amount}


def holds(borrow: Borrow, form: str, keeper: Bookkeeper, file: Path, entries: Sequence[Replayed]) -> None:
    check, read = (borrow(program) for program in keeper.programs)
    keeper.check(check, file)
    assert sorted(keeper.postings(read, file)) == sorted(postings(entries))


def test_its_checker_passes_and_it_finds_our_balances(
    borrow: Borrow, bookkeeper: tuple[str, Bookkeeper], tmp_path: Path
) -> None:
    form, keeper = bookkeeper
    entries = of_every_kind()
    file = journal(tmp_path, form, entries)
    holds(borrow, form, keeper, file, entries)
    assert by_account(keeper.balances(borrow(keeper.programs[1]), file)) == balances(entries)


def test_its_checker_finds_a_cent_that_was_changed(
    borrow: Borrow, bookkeeper: tuple[str, Bookkeeper], tmp_path: Path
) -> None:
    form, keeper = bookkeeper
    file = journal(tmp_path, form, of_every_kind())
    text = file.read_text()
    assert text.count("-1000.10") == 1
    file.write_text(text.replace("-1000.10", "-1000.11"))
    with pytest.raises(AssertionError, match="1000"):
        keeper.check(borrow(keeper.programs[0]), file)


def test_beancount_finds_half_a_cent_too(borrow: Borrow, tmp_path: Path) -> None:
    file, keeper = journal(tmp_path, "beancount", of_every_kind()), BOOKKEEPERS["beancount"]
    file.write_text(file.read_text().replace("-1000.10 EUR", "-1000.105 EUR"))
    with pytest.raises(AssertionError, match="does not balance"):
        keeper.check(borrow("bean-check"), file)


HOSTILE = [
    "a\n2025-01-01 * (9) forged\n    Assets:Forged  1.00 EUR\n    Equity:Forged",
    "date: 2020-01-01",
    "date:2020-01-01, date2:2020-01-01",
    "[2025-05-05]",
    "[=2025-05-05]",
    "x ; date: 2020-01-01",
    "x, date:2020-01-01",
    "x  ; [2025-05-05]",
    "x | y ; z",
    '"; 2020-01-01 open Assets:Forged "',
    "\\",
    '\\"',
    "a ; type: A",
    "a\tb  c",
    "\u202etxet \u200f\u2066",
    "\r2025-01-01 * forged",
    "\x85\u2028\u2029\x00\x1b[31m",
    "} {{ @ 1.00 USD = 5 | note",
    "(x) * ! # $ %",
    "",
    " ",
    "=cmd|' /C calc'!A0",
    "; event-id: other",
    "é" * 500,
    "\ud800",
    "::value:: 7",
    "'; include /etc/passwd",
]
texts = st.sampled_from(HOSTILE) | st.text(max_size=40)


@st.composite
def said(draw: st.DrawFn) -> list[str]:
    """Five texts: a project, an event's type, subject and id, a name."""
    return [draw(texts) for _ in range(5)]


def hostile_entries(all_said: Sequence[Sequence[str]]) -> list[Replayed]:
    return [
        entry(
            index,
            contributed(ACIER, Form.OFFICERS, project, Nature.HOURS, euros("1.10")),
            received(BOIS, Form.TENDERS, project, Nature.SAVED, euros("2.20")),
            type=f"alliance.purchasing.{kind}.v1",
            subject=subject,
            id=event_id or None,
        )
        for index, (project, kind, subject, event_id, _) in enumerate(all_said)
    ]


def speak(borrow: Borrow, form: str, keeper: Bookkeeper, folder: Path, all_said: list[list[str]]) -> None:
    entries = hostile_entries(all_said)
    # Both, so that a name also stands beside another in one account.
    names = {ACIER: all_said[0][4], BOIS: all_said[-1][4]}
    holds(borrow, form, keeper, journal(folder, form, entries, names), entries)


def test_no_text_of_a_list_of_hostile_ones_says_anything_to_it(
    borrow: Borrow, bookkeeper: tuple[str, Bookkeeper], tmp_path: Path
) -> None:
    form, keeper = bookkeeper
    for first in range(0, len(HOSTILE), 8):
        speak(borrow, form, keeper, tmp_path, [[text] * 5 for text in HOSTILE[first : first + 8]])


@pytest.mark.parametrize("program", ["hledger", "ledger"])
def test_no_text_becomes_a_tag(borrow: Borrow, program: str, tmp_path: Path) -> None:
    entries = hostile_entries([[text] * 5 for text in HOSTILE])
    for name in HOSTILE:
        file = journal(tmp_path, program, entries, {ACIER: name, BOIS: name})
        assert set(run(borrow(program), "-f", file, "tags").split()) == {"event-id"}


@given(all_said=st.lists(said(), min_size=1, max_size=30))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_says_anything_to_any_of_them(
    borrow: Borrow, tmp_path_factory: pytest.TempPathFactory, all_said: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("journals")
    for form, keeper in BOOKKEEPERS.items():
        speak(borrow, form, keeper, folder, all_said)


@given(all_said=st.lists(said(), min_size=1, max_size=12))
@settings(deadline=None)
def test_a_spreadsheet_finds_one_line_a_leg_and_no_formula(all_said: list[list[str]]) -> None:
    entries, out = hostile_entries(all_said), io.BytesIO()
    write(entries, FORMATS["csv"], {ACIER: all_said[0][4], BOIS: all_said[-1][4]}.get, out)
    text = out.getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert text.count("\n") == 1 + len(rows)
    found = [
        (row["booked_on"], row["entry"], row["account"], Decimal(row["amount"]), row["commodity"])
        for row in rows
    ]
    assert found == postings(entries)
    for row in rows:
        assert not any(
            value.startswith(("=", "+", "-", "@", "\t", "\r"))
            for column, value in row.items()
            if column != "amount"
        )
