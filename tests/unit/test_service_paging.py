"""Cursors come back as they went out, and no others do."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.paging import Cursor
from service.problems import HttpProblem

CAMPAIGNS = Cursor("campaigns", datetime, UUID)
KEY = (datetime(2026, 3, 1, 12, tzinfo=UTC), UUID(int=7))


def test_a_cursor_gives_back_the_sort_key() -> None:
    assert CAMPAIGNS.decode(CAMPAIGNS.encode(KEY)) == KEY


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "AAAA",
        encoded("[]"),
        encoded("{}"),
        encoded('["campaigns","2026-03-01T12:00:00Z"]'),
        encoded('["campaigns","2026-03-01T12:00:00Z","7"]'),
        encoded("[" * 5000),
        Cursor("quotes", datetime, UUID).encode(KEY),
        Cursor("campaigns", UUID).encode(KEY[1:]),
    ],
)
def test_a_cursor_tampered_with_or_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(HttpProblem) as caught:
        CAMPAIGNS.decode(cursor)
    assert (caught.value.status_code, caught.value.code) == (400, "cursor_invalid")


def test_a_cursor_cannot_carry_a_nul_into_the_database() -> None:
    names = Cursor("names", str)
    assert names.decode(names.encode(("é",))) == ("é",)
    with pytest.raises(HttpProblem):
        names.decode(encoded('["names","\\u0000"]'))


def test_the_last_page_has_no_next() -> None:
    numbers = Cursor("numbers", int)
    page, following = numbers.cut([1, 2, 3], 2, lambda number: (number,))
    assert page == [1, 2]
    assert following is not None
    assert numbers.decode(following) == (2,)
    assert numbers.cut([1, 2], 2, lambda number: (number,)) == ([1, 2], None)
    assert numbers.cut([], 2, lambda number: (number,)) == ([], None)
