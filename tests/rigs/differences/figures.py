"""The numbers of an answer: where each stands, and whose it is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

Path = tuple[str, ...]

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_NAMES: Final = ("id", "company", "member", "owner", "project", "index", "position", "lot")
"""What an item of a list is known by, so that it has the same path when others come before it."""
_PARTIES: Final = ("company", "member", "owner", "debtor", "creditor", "counterparty")
SCALE: Final = 10**6
FEWEST: Final = 1000
"""Whole numbers under it are counts, versions, indexes and days: no figure of a test is one."""


class Kind(StrEnum):
    MONEY = "money"
    """An amount or a price, in the alliance's one currency."""
    NUMBER = "number"
    """A volume, hours, a percentage."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in millionths; `parties` are those named by the nearest object around it that names any."""

    path: Path
    kind: Kind
    value: int
    parties: frozenset[str]


def figures(answer: Any, path: Path = (), parties: frozenset[str] = frozenset()) -> Iterator[Figure]:
    """Of a JSON value: of all its numbers and of the texts that are numbers."""
    if isinstance(answer, Mapping):
        named = frozenset(answer[one] for one in _PARTIES if isinstance(answer.get(one), str))
        # A line of somebody's with another party: of both.
        parties = named | parties if answer.get("counterparty") else named or parties
        if answer.keys() == {"amount", "currency"}:
            yield from _figure(answer["amount"], path, Kind.MONEY, parties)
            return
        for name, inner in answer.items():
            yield from figures(inner, (*path, name), parties)
    elif isinstance(answer, list):
        for place, inner in enumerate(answer):
            yield from figures(inner, (*path, _name(inner, place)), parties)
    else:
        yield from _figure(answer, path, Kind.NUMBER, parties)


def _name(item: Any, place: int) -> str:
    if isinstance(item, Mapping):
        for one in _NAMES:
            if isinstance(item.get(one), str | int):
                return f"{one}={item[one]}"
    return str(place)


def _figure(value: Any, path: Path, kind: Kind, parties: frozenset[str]) -> Iterator[Figure]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    text = str(value)
    if not _NUMBER.fullmatch(text):
        return
    scaled = Decimal(text) * SCALE
    if (kind is Kind.MONEY and scaled) or abs(scaled) >= FEWEST * SCALE or scaled % SCALE:
        yield Figure(path, kind, int(scaled), parties)


def plain(value: int) -> str:
    return f"{Decimal(value) / SCALE:f}"
