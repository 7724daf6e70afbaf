"""Phases: bytes to text (encoding), text to JSON, JSON to nodes that know where they stand.

Raises NoticeRefused with `too_large`, `encoding_unreadable`, `not_json`, `not_a_number` or `too_deep`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from tenders.notices.faults import Fault, FaultLog, NoticeRefused, child

MOST_BYTES: Final = 5_000_000
MOST_LEVELS: Final = 64
LONGEST_KEY: Final = 100
"""The schema's patterns for translated fields are matched against keys, in more than linear time."""

LONGEST_NUMBER: Final = 100
"""Characters. Arithmetic on longer ones is slower than linear, and Python refuses to read 4,300 digits."""

_OUT_OF_RANGE: Final = Decimal("Infinity")
_NOT_A_NUMBER: Final = Decimal("NaN")

Scalar: TypeAlias = str | int | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and the RFC 6901 pointer to where it stands in the file, kept through merging."""

    pointer: str
    value: "Scalar | dict[str, Node] | list[Node]"

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    @property
    def members(self) -> "dict[str, Node]":
        return self.value if isinstance(self.value, dict) else {}

    @property
    def entries(self) -> "list[Node]":
        return self.value if isinstance(self.value, list) else []

    def get(self, *keys: str) -> "Node | None":
        """The member of a member; None where one is absent or null, or is looked for in no object."""
        found = self
        for key in keys:
            member = found.members.get(key)
            if member is None or member.value is None:
                return None
            found = member
        return found

    def objects(self, *keys: str) -> "list[Node]":
        """The objects in the list that stands there; whatever else it holds is passed over."""
        found = self.get(*keys)
        return [entry for entry in found.entries if entry.is_object] if found else []

    def walk(self) -> "Iterator[tuple[str, Node]]":
        """Every member of every object in this value, with its key."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield from node.members.items()
            pending.extend(node.members.values())
            pending.extend(node.entries)

    def plain(self) -> Any:
        """The value as Python's json module would give it."""
        if isinstance(self.value, dict):
            return {key: member.plain() for key, member in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain() for entry in self.value]
        return self.value


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice: JSON leaves open what that means."""

    repeated: tuple[str, ...] = ()


def parse(raw: bytes, log: FaultLog) -> Node:
    """Read a file; what was tolerated goes to `log`."""
    if len(raw) > MOST_BYTES:
        raise _refused("too_large", limit=MOST_BYTES)
    refused = FaultLog()
    root = _node(_loaded(_decoded(raw, log)), "", 0, log, refused)
    if refused.listed():
        raise NoticeRefused(refused.followed_by(log).listed())
    return root


def _decoded(raw: bytes, log: FaultLog) -> str:
    encoding = json.detect_encoding(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise _refused("encoding_unreadable") from None
    if encoding == "utf-8-sig":
        log.add("", "byte_order_mark")
    elif encoding != "utf-8":
        log.add("", "encoding_not_utf8", encoding=encoding.upper())
    return text


def _loaded(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=lambda _: _NOT_A_NUMBER,
        )
    except json.JSONDecodeError as error:
        raise _refused("not_json", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise _refused("too_deep", limit=MOST_LEVELS) from None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        found.repeated = tuple(key for key in found if times[key] > 1)
    return found


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text) if len(text) <= LONGEST_NUMBER else _OUT_OF_RANGE
    except InvalidOperation:
        return _OUT_OF_RANGE  # the exponent alone is more than a Decimal takes


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= LONGEST_NUMBER else _OUT_OF_RANGE


def _node(plain: Any, pointer: str, level: int, log: FaultLog, refused: FaultLog) -> Node:
    """The node of a value, without the keys and numbers that cannot be read."""
    if level > MOST_LEVELS:
        raise _refused("too_deep", limit=MOST_LEVELS)
    if isinstance(plain, _Object):
        for key in plain.repeated:
            log.add(child(pointer, key), "key_repeated")
        members = {}
        for key, value in plain.items():
            place = child(pointer, key)
            if len(key) > LONGEST_KEY:
                log.add(place, "key_too_long", limit=LONGEST_KEY)
            else:
                members[key] = _node(value, place, level + 1, log, refused)
        return Node(pointer, members)
    if isinstance(plain, list):
        return Node(
            pointer,
            [
                _node(value, child(pointer, place), level + 1, log, refused)
                for place, value in enumerate(plain)
            ],
        )
    if isinstance(plain, Decimal) and not plain.is_finite():
        if plain.is_nan():
            refused.add(pointer, "not_a_number")
        else:
            log.add(pointer, "number_out_of_range")
        return Node(pointer, None)
    return Node(pointer, plain)


def _refused(code: str, **parameters: object) -> NoticeRefused:
    return NoticeRefused([Fault.at("", code, **parameters)])
