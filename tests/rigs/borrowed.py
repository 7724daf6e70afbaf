"""Other people's programs, and what they find in a journal: hledger, ledger-cli, beancount, a browser."""

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / ".tools" / "debian" / "bin"

Posting = tuple[str, str, str, Decimal, str]
"""Date, index of the entry, account, amount, commodity."""
Balances = Mapping[tuple[str, str], Decimal]
"""By account and commodity, without zeros."""


def find(*names: str) -> str | None:
    """The first of these programs that `make` has fetched, or that is on the PATH."""
    places = os.pathsep.join([str(FETCHED), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return next((found for name in names if (found := shutil.which(name, path=places))), None)


def run(*command: str | Path) -> str:
    """What a program says; its complaints are the error where it ends with another status than 0."""
    # Without a home, so that no settings of this machine's user play a part.
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    ended = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=False)
    assert ended.returncode == 0, f"{command}: {(ended.stdout + ended.stderr).decode(errors='replace')}"
    return ended.stdout.decode()


@dataclass(frozen=True)
class Bookkeeper:
    """A program that checks a journal and reads it."""

    programs: tuple[str, ...]
    """The program, and the one that lists postings where that is another."""
    check: Callable[[str, Path], str]
    postings: Callable[[str, Path], Iterator[Posting]]
    balances: Callable[[str, Path], Iterator[tuple[str, str, Decimal]]]


def _rows(said: str) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(said))
    next(rows)
    return rows


def _amounts(text: str) -> Iterator[tuple[Decimal, str]]:
    """`12.30 EUR, -2.00 HOUR`; a bare 0 is nothing."""
    for amount in text.split(", "):
        number, _, commodity = amount.partition(" ")
        if commodity:
            yield Decimal(number), commodity


def _hledger_postings(program: str, journal: Path) -> Iterator[Posting]:
    for row in _rows(run(program, "-f", journal, "print", "-O", "csv")):
        _, day, _, _, code, _, _, account, number, commodity, *_ = row
        yield day, code, account, Decimal(number), commodity


def _hledger_balances(program: str, journal: Path) -> Iterator[tuple[str, str, Decimal]]:
    said = run(program, "-f", journal, "balance", "--flat", "--no-total", "--empty", "-O", "csv")
    for account, amounts in _rows(said):
        for number, commodity in _amounts(amounts):
            yield account, commodity, number


def _ledger_postings(program: str, journal: Path) -> Iterator[Posting]:
    line = (
        "%(format_date(date, '%Y-%m-%d'))\t%(code)\t%(account)\t%(quantity(amount))\t%(commodity(amount))\n"
    )
    for row in run(
        program, "--args-only", "-f", journal, "register", "--empty", "--format", line
    ).splitlines():
        day, code, account, amount, commodity = row.split("\t")
        yield day, code, account, Decimal(amount), commodity


def _ledger_balances(program: str, journal: Path) -> Iterator[tuple[str, str, Decimal]]:
    line = "%(account)\t%(strip(display_total))\n"
    said = run(program, "--args-only", "-f", journal, "balance", "--flat", "--no-total", "--format", line)
    account = ""
    for row in said.splitlines():
        # A second commodity of an account stands on a line of its own.
        account, _, amount = row.partition("\t") if "\t" in row else (account, "", row)
        for number, commodity in _amounts(amount.strip()):
            yield account, commodity, number


def _beancount_postings(program: str, journal: Path) -> Iterator[Posting]:
    asked = "SELECT date, narration, account, number, currency"
    for day, narration, account, number, currency in _rows(run(program, "-f", "csv", journal, asked)):
        yield (
            day.strip(),
            narration.partition(")")[0].strip(" ("),
            account.strip(),
            Decimal(number.strip()),
            currency.strip(),
        )


def _beancount_balances(program: str, journal: Path) -> Iterator[tuple[str, str, Decimal]]:
    asked = "SELECT account, currency, sum(number) GROUP BY account, currency"
    for account, currency, number in _rows(run(program, "-f", "csv", journal, asked)):
        yield account.strip(), currency.strip(), Decimal(number.strip())


BOOKKEEPERS = {
    "hledger": Bookkeeper(
        ("hledger", "hledger"),
        lambda program, journal: run(program, "-s", "check", "-f", journal),
        _hledger_postings,
        _hledger_balances,
    ),
    "ledger": Bookkeeper(
        ("ledger", "ledger"),
        lambda program, journal: run(program, "--args-only", "--pedantic", "-f", journal, "balance"),
        _ledger_postings,
        _ledger_balances,
    ),
    "beancount": Bookkeeper(
        ("bean-check", "bean-query"),
        lambda program, journal: run(program, "--no-cache", journal),
        _beancount_postings,
        _beancount_balances,
    ),
}


def by_account(balances: Iterator[tuple[str, str, Decimal]]) -> Balances:
    found: dict[tuple[str, str], Decimal] = {}
    for account, commodity, amount in balances:
        assert (account, commodity) not in found, f"{account} in {commodity} twice"
        found[account, commodity] = amount
    return {key: amount for key, amount in found.items() if amount}
