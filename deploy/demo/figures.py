"""What the product shows at the end, beside what the page expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from rich.table import Table
from rich.text import Text

from demo.conversation import CannotPlay, Conversation
from demo.script import Figures, at, filled_in

_ABSENT = "–"


@dataclass(frozen=True)
class Line:
    """Of whom, and the figures that were found and expected, by column; None where there is none."""

    of: str
    found: Mapping[str, str | None]
    expected: Mapping[str, str | None]

    def differs(self, column: str) -> bool:
        return _exact(self.found.get(column)) != _exact(self.expected.get(column))


@dataclass(frozen=True)
class Compared:
    figures: Figures
    lines: Sequence[Line]

    @property
    def differences(self) -> int:
        return sum(line.differs(column) for line in self.lines for column in self.figures.columns)


def compare(figures: Figures, conversation: Conversation, known: Mapping[str, str]) -> Compared:
    """Waits until the product shows everything that was answered so far. Raises CannotPlay."""
    names = {value: name for name, value in known.items()} | {"None": "the purse"}
    found: dict[str, dict[str, str | None]] = {}
    for item in _items(figures, conversation, known):
        parties = [str(at(pointer, item)) for pointer in figures.key]
        of = " → ".join(names.get(party, party) for party in parties) or "Total"
        found[of] = {column: _shown(pointer, item) for column, pointer in figures.columns.items()}
    expected = {row["of"]: {column: row.get(column) for column in figures.columns} for row in figures.rows}
    nothing: dict[str, str | None] = dict.fromkeys(figures.columns)
    everyone = [*expected, *(of for of in found if of not in expected)]
    return Compared(
        figures,
        [Line(of, found.get(of, nothing), expected.get(of, nothing)) for of in everyone],
    )


def _items(figures: Figures, conversation: Conversation, known: Mapping[str, str]) -> list[Any]:
    path = str(filled_in(figures.get, {}, known))
    items: list[Any] = []
    following: str | None = ""
    while following is not None:
        cursor = f"{'&' if '?' in path else '?'}cursor={following}" if following else ""
        answer = conversation.ask(figures.by, "GET", path + cursor)
        if answer.is_error:
            raise CannotPlay(f"{path} answered {answer.status_code}.")
        page = answer.json()
        shown = at(figures.items, page)
        items += shown if isinstance(shown, list) else [shown]
        following = page.get("next")
    return items


def _shown(pointer: str, item: Any) -> str | None:
    try:
        value = at(pointer, item)
    except (LookupError, TypeError):
        return None  # sealed, or not there
    return None if value is None else str(value)


def _exact(text: str | None) -> Decimal | str | None:
    """Equal where the numbers are equal to the last digit."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return text


def table(compared: Compared) -> Table:
    """Each figure with the page's beside it; what differs is marked, without colours too."""
    drawn = Table(box=None, pad_edge=False)
    drawn.add_column("", no_wrap=True)
    for column in compared.figures.columns:
        drawn.add_column(column, justify="right", no_wrap=True)
        drawn.add_column("expected", justify="right", no_wrap=True, style="dim")
    for line in compared.lines:
        cells: list[Text] = []
        for column in compared.figures.columns:
            wrong = line.differs(column)
            found = _readable(line.found.get(column))
            cells.append(Text(f"≠ {found}" if wrong else found, style="bold red" if wrong else ""))
            cells.append(Text(_readable(line.expected.get(column))))
        drawn.add_row(line.of, *cells)
    return drawn


def _readable(text: str | None) -> str:
    if text is None:
        return _ABSENT
    exact = _exact(text)
    return f"{exact:,}" if isinstance(exact, Decimal) else text
