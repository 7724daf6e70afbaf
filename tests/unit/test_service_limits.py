"""What a body may hold, and how often one may ask."""

from collections.abc import Callable

import orjson
import pytest

from events.errors import Invalid
from service.limits import Limits, RateLimit, check_json
from service.problems import HttpProblem


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "tab\tinside"}',
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(HttpProblem) as caught:
        check_json(body, text_limit=100)
    assert (caught.value.status_code, caught.value.code) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        (b'{"a": {"b": ["x", "\\u0000"]}}', "nul_character", "/a/b/1"),
        (b'{"a": {"\\u0000": 1}}', "nul_character", "/a"),
        (b'{"a": 9007199254740992}', "number_out_of_range", "/a"),
        (b'{"a": -9007199254740992}', "number_out_of_range", "/a"),
        (b'[1, {"a/b": 1e300}]', "number_out_of_range", "/1/a~1b"),
        (b'{"a": ' + b"9" * 30 + b"}", "number_out_of_range", "/a"),
        (b'{"a": "' + b"x" * 101 + b'"}', "too_long", "/a"),
    ],
)
def test_what_a_double_or_a_text_column_cannot_hold_is_refused_where_it_stands(
    body: bytes, code: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        check_json(body, text_limit=100)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


def test_ordinary_bodies_pass() -> None:
    check_json(
        orjson.dumps({"a": ["é\U0001f600", 9007199254740991, -1.5, None, True, {"b": ""}]}), text_limit=10
    )


async def _unused(*_: object) -> None:
    raise AssertionError


@pytest.fixture
def rate_limit() -> Callable[[str, float], float]:
    return RateLimit(_unused, Limits(rate=2, burst=3), lambda _: None).take


def test_a_caller_has_its_burst_then_waits_for_its_rate(rate_limit: Callable[[str, float], float]) -> None:
    assert [rate_limit("anna", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rate_limit("anna", 0.5) == 0
    assert rate_limit("anna", 0.5) == 0.5


def test_one_caller_does_not_use_up_the_rate_of_another(rate_limit: Callable[[str, float], float]) -> None:
    for _ in range(4):
        rate_limit("anna", 0.0)
    assert rate_limit("bert", 0.0) == 0


def test_buckets_do_not_fill_beyond_the_burst(rate_limit: Callable[[str, float], float]) -> None:
    assert [bool(rate_limit("anna", 1000.0)) for _ in range(4)] == [False, False, False, True]
    assert [bool(rate_limit("anna", 9000.0)) for _ in range(4)] == [False, False, False, True]
