"""Events and figures made again with lighter fields, whose checks all run outside Python.

What such a class accepts, the one that it stands for accepts too, and a rule finds the same in it; ids stay
text, as they stand in accounts. A class with checks that are not known here is not made (`NotLighter`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, GetPydanticSchema, create_model
from pydantic_core import core_schema

from events.sealing import Confidential, SealedFigure
from money import Currency, Money, Price
from money.amounts import PRICE_AMOUNT, WHOLE_DIGITS
from money.currency import SCALES
from money.numbers import DecimalString

_LIMIT: Final = Decimal(10) ** 13
"""What no amount of money reaches."""

_CENTS: Final = {code: Currency(code) for code, scale in SCALES.items() if scale == 2}
"""An alliance that reckons in another currency waits a little longer."""


class NotLighter(Exception):
    """Something in the class is checked in Python, or is not known here."""


def _text(pattern: str | None = None, made: Callable[[str], Any] | None = None) -> GetPydanticSchema:
    """Text of a pattern, and what is made of it."""
    text = core_schema.str_schema(strict=True, pattern=pattern)
    schema = core_schema.no_info_after_validator_function(made, text) if made else text
    return GetPydanticSchema(lambda source, handler: schema)


_CURRENCY: Final = _text(made=_CENTS.__getitem__)

Identifier = Annotated[str, _text(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
"""A UUID as it writes itself."""


@dataclass(slots=True)
class Amount:
    """Money, as far as rules reckon with it: asked for anything else it fails."""

    amount: Annotated[Decimal, _text(rf"^-?{WHOLE_DIGITS}\.[0-9]{{2}}$", Decimal)]
    currency: Annotated[Currency, _CURRENCY]

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


@dataclass(slots=True)
class _UnitPrice:
    """No rule reckons with one: they find amounts."""

    amount: Annotated[Decimal, _text(PRICE_AMOUNT.pattern, Decimal)]
    currency: Annotated[Currency, _CURRENCY]


@dataclass(slots=True)
class Figure:
    """A sealed one; `open` is set once it was read."""

    owner: Identifier
    key: str
    sealed: str
    open: Any = field(default=None, init=False)

    @property
    def value(self) -> Any:
        if self.open is None:
            raise SealedFigure(self.owner)
        return self.open


@dataclass(frozen=True, slots=True)
class Figures:
    """Where figures stand in an event: in a field, or in a list of `several`; `kind` is that of an open
    one.
    """

    name: str
    several: bool
    kind: Any


def lighter_event(event: type[BaseModel]) -> tuple[type[BaseModel], Sequence[Figures]]:
    """Raises NotLighter."""
    found = []
    fields: dict[str, Any] = {}
    for name, info in event.model_fields.items():
        several = _is_list(info.annotation)
        inner = get_args(info.annotation)[0] if several else info.annotation
        if isinstance(inner, type) and issubclass(inner, Confidential):
            (figure,) = inner.__pydantic_generic_metadata__["args"]
            found.append(Figures(name, several, lighter(figure)))
            fields[name] = (tuple[Figure, ...] if several else Figure, ...)
        else:
            fields[name] = _field(info)
    return _made_again(event, fields), found


def lighter(kind: Any) -> Any:
    """Raises NotLighter."""
    origin = get_origin(kind)
    if kind is UUID:
        return Identifier
    if kind is Money:
        return Amount
    if kind is Price:
        return _UnitPrice
    if origin is Annotated:
        return _annotated(*get_args(kind))
    if origin in (Union, UnionType):
        return reduce(or_, (lighter(part) for part in get_args(kind)))
    if _is_list(kind):
        return tuple[lighter(get_args(kind)[0]), ...]  # type: ignore[misc]  # made while it runs
    if origin is Literal or kind in (str, int, bool, date, NoneType):
        return kind
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, Confidential):
        return _made_again(kind, {name: _field(info) for name, info in kind.model_fields.items()})
    raise NotLighter(str(kind))


def _annotated(kind: Any, *marks: Any) -> Any:
    decimal = marks[0] if len(marks) == 1 and isinstance(marks[0], DecimalString) else None
    if decimal is not None:
        return Annotated[Decimal, _text(decimal.pattern, Decimal)]
    if lighter(kind) is not kind:
        raise NotLighter(str(kind))
    return reduce(lambda made, mark: Annotated[made, mark], marks, kind)


def _field(info: Any) -> Any:
    """With the default that it had."""
    kind = lighter(_annotated_again(info))
    return (kind, ... if info.is_required() else info.default)


def _annotated_again(info: Any) -> Any:
    return reduce(lambda made, mark: Annotated[made, mark], info.metadata, info.annotation)


def _made_again(model: type[BaseModel], fields: dict[str, Any]) -> type[BaseModel]:
    """A class under it, so that what rules ask of it is there."""
    checks = model.__pydantic_decorators__
    if checks.validators or checks.field_validators or checks.model_validators or checks.root_validators:
        raise NotLighter(model.__name__)
    return create_model(model.__name__, __base__=model, **fields)


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)
