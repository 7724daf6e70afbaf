"""Events and figures made again as msgspec reads them: in a fifth of the time that pydantic takes.

What such a kind accepts, the one that it stands for accepts too, and a rule finds the same in it; ids stay
text, as they stand in accounts. A kind with checks that are not known here is not made (`NotLighter`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache, reduce
from operator import or_
from types import FunctionType, NoneType, UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Union, get_args, get_origin
from uuid import UUID

from msgspec import Meta, Struct, defstruct, json
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.sealing import Confidential, SealedFigure
from money import Currency, Money, Price, Quantity
from money.amounts import PRICE_AMOUNT, WHOLE_DIGITS
from money.currency import SCALES
from money.numbers import DecimalString

_LIMIT: Final = Decimal(10) ** 13
"""What no amount of money reaches."""

_CENTS: Final = {code: Currency(code) for code, scale in SCALES.items() if scale == 2}
"""An alliance that reckons in another currency waits a little longer."""

_LIMITS: Final = frozenset({"ge", "le", "min_length", "max_length", "pattern"})
"""What msgspec checks, under the names that both have for it."""

_WHOLE: Final = get_args(Quantity)[-1]
"""Lets 300.0 pass for 300: it is not read here."""

_IDENTIFIER: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
"""A UUID as it writes itself."""

_INTEGERS: Final[Mapping[str, Any]] = {"ge": -(2**63), "le": 2**63 - 1}
"""Not far beyond, what reads events with care takes a number for a float."""


class NotLighter(Exception):
    """Something in the kind is checked in Python, or is not known here."""


class Amount(Struct):
    """Money, as far as rules reckon with it: asked for anything else it fails."""

    amount: Decimal
    currency: Currency

    def __sub__(self, other: "Amount") -> "Amount":
        if other.currency != self.currency:
            raise ValueError("of another currency")
        return self._checked(self.amount - other.amount)

    def __neg__(self) -> "Amount":
        return self._checked(-self.amount)

    def _checked(self, amount: Decimal) -> "Amount":
        if not -_LIMIT < amount < _LIMIT:
            raise ValueError("out of range")
        return Amount(amount, self.currency)

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process goes nothing of the classes that are made while this one runs."""
        return Amount, (Decimal(self.amount), self.currency)


class Figure(Struct, forbid_unknown_fields=True, dict=True):
    """A sealed one."""

    owner: str
    key: str
    sealed: str
    open: ClassVar[Any] = None
    """Set once it was read: a field it is not, or an event could give it."""

    @property
    def value(self) -> Any:
        if self.open is None:
            raise SealedFigure(self.owner)
        return self.open


class Figures(NamedTuple):
    """Where figures stand in an event: in a field, or in a list of `several`; `kind` is that of an open
    one.
    """

    name: str
    several: bool
    kind: Any


class Lighter(NamedTuple):
    """An event made again."""

    kind: type[Struct]
    ids: Sequence[str]
    """Fields of text of which it is still to be seen that they are ids, as one spells itself."""
    figures: Sequence[Figures]


def reading(kind: Any) -> Callable[[bytes], Any]:
    """Reads JSON. Raises TypeError for a kind that cannot be read."""
    return json.Decoder(kind, dec_hook=_read).decode


def lighter_event(event: type[BaseModel]) -> Lighter:
    """Raises NotLighter."""
    ids, figures = [], []
    fields: dict[str, tuple[Any, Any]] = {}
    for name, info in event.model_fields.items():
        several = _is_list(info.annotation)
        inner = get_args(info.annotation)[0] if several else info.annotation
        if inner is UUID and not several and info.is_required():
            ids.append(name)
            fields[name] = (str, ...)
        elif isinstance(inner, type) and issubclass(inner, Confidential):
            (figure,) = inner.__pydantic_generic_metadata__["args"]
            figures.append(Figures(name, several, lighter(figure)))
            fields[name] = (tuple[Figure, ...] if several else Figure, ...)
        else:
            fields[name] = _field(info)
    return Lighter(_made_again(event, fields), ids, figures)


def lighter(kind: Any) -> Any:
    """Raises NotLighter."""
    origin = get_origin(kind)
    if kind is UUID:
        return Annotated[str, Meta(pattern=rf"^{_IDENTIFIER}\Z")]
    if kind is int:
        return Annotated[int, Meta(**_INTEGERS)]
    if kind is Money:
        return _AMOUNT
    if kind is Price:
        return _UNIT_PRICE
    if origin is Annotated:
        return _annotated(*get_args(kind))
    if origin in (Union, UnionType):
        return reduce(or_, (lighter(part) for part in get_args(kind)))
    if _is_list(kind):
        return tuple[lighter(get_args(kind)[0]), ...]  # type: ignore[misc]  # made while it runs
    if origin is Literal:
        # A member of an enumeration of texts is equal to its text.
        return Literal[tuple(str(one) if isinstance(one, StrEnum) else one for one in get_args(kind))]
    if kind in (str, bool, date, NoneType):
        return kind
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, Confidential):
        return _made_again(kind, {name: _field(info) for name, info in kind.model_fields.items()})
    raise NotLighter(str(kind))


def _annotated(kind: Any, *marks: Any) -> Any:
    decimal = marks[0] if len(marks) == 1 and isinstance(marks[0], DecimalString) else None
    if decimal is not None:
        return _decimal(decimal.pattern)
    if kind not in (str, int):
        raise NotLighter(str(kind))
    limits: dict[str, Any] = {**(_INTEGERS if kind is int else {}), **dict(_limits(marks))}
    return Annotated[kind, Meta(**limits)]


def _limits(marks: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for mark in marks:
        if isinstance(mark, FieldInfo):
            yield from _limits(mark.metadata)
        elif mark != _WHOLE:
            known: dict[str, Any] = asdict(mark) if is_dataclass(mark) else vars(mark)  # type: ignore[arg-type]
            for name, limit in known.items():
                if name in _LIMITS:
                    yield name, limit
                elif limit is not None and name != "strict":
                    raise NotLighter(f"{name} of {mark}")


class _Matching(Decimal):
    """A decimal whose text is of a pattern."""

    __slots__ = ()
    matches: ClassVar[Callable[[str], Any]]


@cache
def _decimal(pattern: str) -> type[_Matching]:
    return type("Matching", (_Matching,), {"__slots__": (), "matches": re.compile(pattern).fullmatch})


def _read(kind: Any, given: Any) -> Any:
    """What msgspec does not know. Raises whatever does for text that is none of the kind."""
    if kind is Currency:
        return _CENTS[given]
    if kind.matches(given) is None:
        raise ValueError("of another pattern")
    return kind(given)


_AMOUNT: Final = defstruct(
    "Amount",
    [("amount", _decimal(rf"-?{WHOLE_DIGITS}\.[0-9]{{2}}")), ("currency", Currency)],
    bases=(Amount,),
    forbid_unknown_fields=True,
)
_UNIT_PRICE: Final = defstruct(
    "UnitPrice",
    [("amount", _decimal(PRICE_AMOUNT.pattern)), ("currency", Currency)],
    forbid_unknown_fields=True,
)
"""No rule reckons with one: they find amounts."""


def _field(info: FieldInfo) -> Any:
    """With the default that it had."""
    whole: Any = info.annotation
    for mark in info.metadata:
        whole = Annotated[whole, mark]
    kind = lighter(whole)
    return kind, ... if info.is_required() else info.default


def _made_again(model: type[BaseModel], fields: dict[str, tuple[Any, Any]]) -> type[Struct]:
    """With what rules ask of the model besides its fields."""
    checks = model.__pydantic_decorators__
    if checks.validators or checks.field_validators or checks.model_validators or checks.root_validators:
        raise NotLighter(f"checks of {model.__name__}")
    if model.model_config.keys() - {"frozen", "extra"}:
        raise NotLighter(f"settings of {model.__name__}")
    asked = {
        name: value
        for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)])
        for name, value in vars(base).items()
        if isinstance(value, FunctionType | property) and not name.startswith("_")
    }
    made = [
        (name, kind) if default is ... else (name, kind, default) for name, (kind, default) in fields.items()
    ]
    return defstruct(model.__name__, made, namespace=asked, kw_only=True, forbid_unknown_fields=True)


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)
