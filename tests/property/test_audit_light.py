"""What is read lightly is what is read with all care, or it is not read lightly at all.

Of every event that has a golden case, as it is and with anything in it changed.
"""

import re
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import parse
from events.sealing import Seal, open_figures
from ledger.audit.findings import DoesNotHold
from ledger.audit.light import LightReader
from ledger.audit.lighter import Amount
from ledger.audit.reading import Opener
from ledger.audit.tally import as_text
from ledger.posting.rules import sources
from ledger.posting.transactions import Line
from money import Currency
from samples.books import MASTERS
from samples.golden import ALLIANCE, Case, cases
from samples.key_files import key_file

CASES = list(cases())
KEYS = key_file(ALLIANCE, sorted({company for case in CASES for company in case.companies}))
LIGHT = LightReader(sources(), KEYS)
CLEAR = Opener(sources(), KEYS)


def lines(read: Any) -> list[Any]:
    return [
        (as_text(line)._asdict() | {"amount": (line.amount.amount, line.amount.currency)})
        if isinstance(line, Line)
        else line
        for line in read
    ]


def clearly(body: bytes) -> Any:
    """What the clear way makes of an entry; None where it does not hold."""
    try:
        opened = CLEAR.open(0, body)
    except DoesNotHold:
        return None
    recorded = opened.read.recorded
    return recorded.id, recorded.service, recorded.effective_on, lines(opened.read.lines)


def check(body: bytes) -> None:
    """Both ways read it the same, or only the clear one reads it."""
    (light,) = LIGHT.read([body])
    if light is not None:
        assert (*light[:3], lines(light[3])) == clearly(body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.name}")
def test_every_event_that_posts_is_read_lightly_and_posts_the_same(case: Case) -> None:
    light = LIGHT.read([case.body])[0]
    assert light is not None
    assert (*light[:3], lines(light[3])) == clearly(case.body)


@pytest.mark.parametrize("currency", ["JPY", "TND"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.name}")
def test_an_amount_in_a_currency_of_other_decimals_is_not_read_lightly(case: Case, currency: str) -> None:
    envelope = opened(case)
    for path in places(envelope):
        if path[-1] == "currency":
            put(envelope, path, currency)
    envelope["data"] = sealed(envelope["data"], case.service, envelope["id"])
    if b"EUR" in orjson.dumps(opened(case)):
        assert LIGHT.read([orjson.dumps(envelope)]) == [None]


def test_a_text_that_parsers_could_read_in_two_ways_is_not_read_lightly() -> None:
    envelope = parse(CASES[0].body).envelope
    body = orjson.dumps({**envelope, "project": "a\0b"})
    assert clearly(body) is None
    assert LIGHT.read([body]) == [None]


@pytest.mark.parametrize("name", [b"streamversion", b"charterversion"])
def test_a_number_that_parsers_read_in_two_ways_is_not_read_lightly(name: bytes) -> None:
    body = CASES[0].body.replace(b'"' + name + b'":1,', b'"' + name + b'":%d,' % 2**64)
    assert body != CASES[0].body
    assert clearly(body) is None
    assert LIGHT.read([body]) == [None]


SPELT_OTHERWISE: Any = (str.upper, lambda text: text.replace("-", ""), lambda text: f"{{{text}}}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.name}")
def test_an_id_spelt_otherwise_is_the_same_both_ways_or_not_read_lightly(case: Case) -> None:
    for path in places(opened(case)):
        envelope = opened(case)
        # Who acts and what came before are no ids of ours; under an event's own, figures are sealed again.
        if path[0] not in ("id", "data") or not IDENTIFIER.fullmatch(str(at(envelope, path))):
            continue
        for spelt in SPELT_OTHERWISE:
            put(envelope, path, spelt(str(at(opened(case), path)).replace("0", "a")))
            body = orjson.dumps({**envelope, "data": sealed(envelope["data"], case.service, envelope["id"])})
            check(body)


@pytest.mark.parametrize("number", ["000000000000", "00000000000a", "0000000000001", "1", "٠٠٠٠٠٠٠٠٠٠٠١"])
def test_a_sequence_number_that_is_none_is_not_read_lightly(number: str) -> None:
    for case in CASES:
        assert LIGHT.read([orjson.dumps({**parse(case.body).envelope, "sequence": number})]) == [None]


@pytest.mark.parametrize("time", ["yesterday", "2025-07-01", "2025-07-01T00:00:00", "2025-07-01T25:00:00Z"])
def test_a_time_is_the_same_both_ways_or_not_read_lightly(time: str) -> None:
    for case in CASES:
        check(orjson.dumps({**parse(case.body).envelope, "time": time}))


def test_an_entry_that_is_not_read_lightly_keeps_no_other_from_it() -> None:
    first, last = CASES[0].body, CASES[-1].body
    assert LIGHT.read([first, b"", first[:-1], b"{}", last]) == [
        *LIGHT.read([first]),
        *(None, None, None),
        *LIGHT.read([last]),
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.name}")
def test_a_figure_that_brings_another_of_its_own_is_not_read_lightly(case: Case) -> None:
    body = case.body.replace(b'"sealed":', b'"open":{"amount":"1.00","currency":"EUR"},"sealed":')
    assert LIGHT.read([body]) == ([None] if body != case.body else LIGHT.read([case.body]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.name}")
def test_a_field_that_is_not_known_is_not_read_lightly_wherever_it_stands(case: Case) -> None:
    for path in [(), *places(opened(case))]:
        envelope = opened(case)
        # One that is sealed again has what it must have.
        if isinstance(found := at(envelope, path), dict) and "sealed" not in found:
            found["more"] = None
            envelope["data"] = sealed(envelope["data"], case.service, envelope["id"])
            assert LIGHT.read([orjson.dumps(envelope)]) == [None]


def test_amounts_stay_in_their_currency_and_range() -> None:
    euros, dollars = (Amount(Decimal("9999999999999.99"), Currency(code)) for code in ("EUR", "USD"))
    with pytest.raises(ValueError, match="currency"):
        euros - dollars
    with pytest.raises(ValueError, match="range"):
        euros - -euros


IDENTIFIER = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            *(
                "",
                "0",
                "-0.00",
                "1.234",
                "1e3",
                " 1.00",
                "1.00\n",
                "9999999999999.99",
                "10000000000000.00",
                "NaN",
            ),
            *("EUR", "JPY", "TND", "XXX", "eur", "hours", "cash", "dues", "kg", "000000000000"),
            *("2025-02-30", "2025-13-01", "20250301", "2025-03-01T00:00:00"),
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            *("{01890A5D-AC96-774B-BCCE-B302099A8057}", "01890a5dac96774bbcceb302099a8057"),
            "/members/alliances/00000000-0000-0000-0000-000000000001",
        ]
    ),
    st.just([]),
    st.just({}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name, part in value.items():
            found += places(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            found += places(part, (*path, index))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    return reduce(lambda found, step: found[step], path, value)


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    at(value, path[:-1])[path[-1]] = new


def opened(case: Case) -> Any:
    """The envelope, its figures open: sealed again after something was changed."""
    head = parse(case.body)
    data = open_figures(
        head.envelope["data"], alliance=ALLIANCE, event_id=head.id, keyring=MASTERS[case.service]
    )
    return {**head.envelope, "data": data}


def sealed(value: Any, service: str, event_id: str, path: str = "") -> Any:
    if isinstance(value, dict):
        if "sealed" in value and "open" in value:
            try:
                owner = UUID(value["owner"])
            except (ValueError, AttributeError, TypeError):
                return value
            return Seal(MASTERS[service], ALLIANCE, event_id).close(owner, path, value["open"])
        return {name: sealed(part, service, event_id, f"{path}/{name}") for name, part in value.items()}
    if isinstance(value, list):
        return [sealed(part, service, event_id, f"{path}/{index}") for index, part in enumerate(value)]
    return value


@settings(max_examples=300, deadline=None)
@given(case=st.sampled_from(CASES), choice=st.data())
def test_whatever_stands_in_an_event_both_ways_read_the_same_or_only_the_clear_one_reads_it(
    case: Case, choice: st.DataObject
) -> None:
    envelope = opened(case)
    for _ in range(choice.draw(st.integers(1, 2))):
        path = choice.draw(st.sampled_from(places(envelope)))
        put(envelope, path, choice.draw(ODD))
    if isinstance(envelope["data"], dict) and isinstance(envelope["id"], str):
        envelope["data"] = sealed(envelope["data"], case.service, envelope["id"])
    body = orjson.dumps(envelope)
    check(body)


@settings(max_examples=200, deadline=None)
@given(case=st.sampled_from(CASES), at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_byte_changed_is_read_the_same_both_ways_or_not_lightly(case: Case, at: int, byte: int) -> None:
    body = bytearray(case.body)
    body[at % len(body)] = byte
    check(bytes(body))


@settings(max_examples=200, deadline=None)
@given(case=st.sampled_from([case for case in CASES if case.companies]), choice=st.data())
def test_bytes_changed_under_a_seal_are_read_the_same_both_ways_or_not_lightly(
    case: Case, choice: st.DataObject
) -> None:
    envelope = opened(case)
    path = choice.draw(st.sampled_from([path for path in places(envelope) if path[-1] == "open"]))
    clear = orjson.dumps(at(envelope, path))
    start = choice.draw(st.integers(0, len(clear)))
    new = choice.draw(
        st.one_of(st.binary(max_size=4), st.sampled_from([b"\\u0030", b"\\", b" ", b"0", b"-"]))
    )
    changed = clear[:start] + new + clear[start + choice.draw(st.integers(0, len(new))) :]
    put(envelope, path, orjson.Fragment(changed))
    envelope["data"] = sealed(envelope["data"], case.service, envelope["id"])
    body = orjson.dumps(envelope)
    check(body)
