"""The story as data: who does what on which day, what is refused, and which figures must come out.

A folder of TOML files, written to be held against the page they come from: `members.toml`, one
`chapter-*.toml` each with its tables and steps, and `expected.toml`. A table is a list of columns and a list
of rows. In texts

- `<column>` is that column of the row for which the action is done; a row that names a `member` has the
  member's columns too. A text that is nothing but `<column>` keeps the column's type;
- `{name}` is an id that an earlier action saved (`{alliance}`, `{P1}`), a member's by its short name
  (`{Tarvieux}`), or the issuer of the tokens (`{issuer}`);
- `240.00 EUR` becomes `{"amount": "240.00", "currency": "EUR"}`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

Row = Mapping[str, Any]

_MONEY = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
_COLUMN = re.compile(r"<(\w+)>")
_ITEM = re.compile(r"\[(\w+)=(.*)\]")
_REFERENCE = re.compile(r"\{([^{}]+)\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refusal(_Part):
    """The documented answer to what the rules do not allow."""

    status: int
    code: str


class Action(_Part):
    """One request, or one for each row of a table."""

    by: str
    """The token's subject."""
    get: str | None = None
    post: str | None = None
    put: str | None = None
    each: str | None = None
    """Name of a table: the action is done for each of its rows."""
    on: date | None = None
    """Business date; that of the step unless given."""
    body: Mapping[str, Any] = {}
    file: str | None = None
    """A file beside the script: the body, byte for byte."""
    save: str | None = None
    """The name under which later actions refer to the id in the receipt."""
    find: Mapping[str, str] = {}
    """The same for what an answer shows: name → pointer, as `at` takes it."""
    shows: Mapping[str, Any] | None = None
    """What the answer must hold, among other things."""
    refused: Refusal | None = None

    @model_validator(mode="after")
    def _one_method(self) -> "Action":
        if sum(path is not None for path in (self.get, self.post, self.put)) != 1:
            raise ValueError("an action is one of get, post, put")
        return self

    @property
    def method(self) -> str:
        return "GET" if self.get is not None else "POST" if self.post is not None else "PUT"

    @property
    def path(self) -> str:
        return self.get or self.post or self.put or ""


class Step(_Part):
    """A row of the page's table of steps."""

    number: int
    date: date
    what: str
    actions: tuple[Action, ...]


class Figures(_Part):
    """A table of expected figures, and where the product shows them."""

    title: str
    by: str
    get: str
    items: str
    """JSON pointer to the list, or to the one item."""
    key: tuple[str, ...]
    """JSON pointers, in an item, to the ids that it is about; none for the total."""
    columns: Mapping[str, str]
    """Name of a figure → JSON pointer in an item."""
    rows: tuple[Row, ...]
    """A short name, or several joined by an arrow, in `of`, and a figure for each column."""


@dataclass(frozen=True)
class Turn:
    """An action with its row and its place: what is done once."""

    step: Step
    action: Action
    row: Row
    key: str
    """Names this turn within a run, always the same."""


@dataclass(frozen=True)
class Script:
    members: Mapping[str, Row]
    """By short name."""
    turns: tuple[Turn, ...]
    figures: tuple[Figures, ...]
    folder: Traversable

    def bytes_of(self, file: str) -> bytes:
        return self.folder.joinpath(file).read_bytes()


def load(folder: Traversable) -> Script:
    """Raises ValueError where a file is not as described."""
    members = {row["member"]: row for row in _rows(_read(folder.joinpath("members.toml"))["members"])}
    turns: list[Turn] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.startswith("chapter-"):
            chapter = _read(file)
            tables = {name: _rows(table) for name, table in chapter.get("tables", {}).items()}
            tables["members"] = list(members.values())
            for step in chapter["steps"]:
                turns += _turns(Step.model_validate(step), tables, members)
    expected = _read(folder.joinpath("expected.toml"))["figures"]
    return Script(
        members,
        tuple(sorted(turns, key=lambda turn: turn.step.number)),
        tuple(Figures.model_validate({**figures, "rows": _rows(figures["rows"])}) for figures in expected),
        folder,
    )


def _read(file: Traversable) -> dict[str, Any]:
    def no_float(text: str) -> float:
        raise ValueError(f"{file.name}: {text} would be a binary fraction, write it as text")

    return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=no_float)


def _rows(table: Mapping[str, Any]) -> list[Row]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _turns(step: Step, tables: Mapping[str, list[Row]], members: Mapping[str, Row]) -> Iterator[Turn]:
    for place, action in enumerate(step.actions, 1):
        rows = [{}] if action.each is None else tables[action.each]
        for number, row in enumerate(rows, 1):
            joined = {**members.get(row.get("member", ""), {}), **row}
            yield Turn(step, action, joined, f"{step.number}.{place}.{number}")


def filled_in(value: Any, row: Row, known: Mapping[str, str]) -> Any:
    """What the data says, with columns, ids and amounts in their places. KeyError names what is missing."""
    if isinstance(value, Mapping):
        return {key: filled_in(inner, row, known) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled_in(inner, row, known) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    if whole := _COLUMN.fullmatch(value):
        return filled_in(row[whole[1]], {}, known)
    text = _COLUMN.sub(lambda found: str(row[found[1]]), value)
    if money := _MONEY.fullmatch(text):
        return {"amount": money[1], "currency": money[2]}
    return _REFERENCE.sub(lambda found: known[found[1]], text)


def at(pointer: str, value: Any) -> Any:
    """A JSON pointer (RFC 6901), of which a step `[name=Froid Névelin]` is the first item that has it so.

    Raises LookupError where there is nothing.
    """
    for step in pointer.split("/")[1:]:
        if match := _ITEM.fullmatch(step):
            value = next((item for item in value if str(item[match[1]]) == match[2]), None)
            if value is None:
                raise LookupError(pointer)
        else:
            value = value[int(step)] if isinstance(value, list) else value[step]
    return value
