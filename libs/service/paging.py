"""Lists: opaque cursors over the last sort key, a bounded `limit`, one shape of page."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Annotated, Any, Generic, TypeVar, cast

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from service.limits import Limits
from service.problems import HttpProblem

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` goes into `cursor` for the page after this; null at the end."""

    items: list[Item]
    next: str | None = Field(description="Give it as cursor for the page after this; null at the end.")


class Cursor:
    """The cursors of one list, over a sort key of the given types.

    A cursor names its list: one of another list, or one tampered with, is refused (`cursor_invalid`, 400). It
    is not signed: whoever makes one up sees another part of a list that it may read anyway.
    """

    def __init__(self, name: str, *types: object) -> None:
        self._name = name
        self._adapter: TypeAdapter[tuple[Any, ...]] = TypeAdapter(
            cast(Any, GenericAlias(tuple, (str, *types)))
        )

    def encode(self, key: Sequence[object]) -> str:
        """The cursor that stands after the row with this sort key."""
        return urlsafe_b64encode(self._adapter.dump_json((self._name, *key))).rstrip(b"=").decode()

    def decode(self, cursor: str) -> tuple[Any, ...]:
        """The sort key that `encode` was given."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            name, *key = self._adapter.validate_json(raw)
        except (UnicodeEncodeError, binascii.Error, ValidationError) as error:
            raise HttpProblem(400, "cursor_invalid") from error
        if name != self._name or any(_is_no_key(part) for part in key):
            raise HttpProblem(400, "cursor_invalid")
        return tuple(key)

    def cut(
        self, rows: Sequence[Item], limit: int, key: Callable[[Item], Sequence[object]]
    ) -> tuple[list[Item], str | None]:
        """Split `limit + 1` fetched rows into a page's rows and its `next`."""
        page = list(rows[:limit])
        return page, self.encode(key(page[-1])) if len(rows) > limit else None


def _is_no_key(part: object) -> bool:
    """What the database would not take for a part of a sort key, nor for the one after it."""
    if isinstance(part, int):
        return not -(2**63) <= part < 2**63 - 1
    return isinstance(part, str) and "\0" in part


async def _page_limit(
    request: Request,
    limit: Annotated[int, Query(ge=1, description="Most items of a page; 200 at most.", examples=[50])] = 50,
) -> int:
    limits: Limits = request.app.state.limits
    if limit > limits.page:
        fault = {"type": "less_than_equal", "loc": ("query", "limit"), "ctx": {"le": limits.page}}
        raise RequestValidationError([fault])
    return limit


PageLimit = Annotated[int, Depends(_page_limit)]
CursorText = Annotated[
    str | None, Query(alias="cursor", max_length=1000, description="The `next` of the page before.")
]
