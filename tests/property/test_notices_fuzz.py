"""Whatever is handed in is read or refused with reasons; nothing else ever comes of it."""

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from samples.notices import file
from tenders.notices import Fault, NoticeRefused, Publication, read_ocds
from tenders.notices.faults import MOST_FAULTS

NOTICES = [
    json.loads(file(name))
    for name in ("lycees", "lifecycle-03-tenderAmendment", "real-record-package-1", "real-record-package_1.0")
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(
        [
            "",
            " ",
            "\ud800",
            "1e999",
            "2025-02-28",
            "0001-01-01T00:00:00+14:00",
            "CPV",
            "EUR",
            "<p>&#0;</p>",
            10**400,
        ]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "ocid",
                    "name",
                    "title",
                    "amount",
                    "currency",
                    "scheme",
                    "releases",
                    "tender",
                    "lots",
                    "tag",
                ]
            )
            | st.text(max_size=10),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, member in inner for found in [(*path, key), *paths(member, (*path, key))]]


PLACES = [paths(notice) for notice in NOTICES]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A notice in which some values were deleted, replaced or put elsewhere."""
    which = draw(st.sampled_from(range(len(NOTICES))))
    notice = copy.deepcopy(NOTICES[which])
    for path in draw(st.lists(st.sampled_from(PLACES[which]), min_size=1, max_size=4)):
        holder = notice
        try:
            for step in path[:-1]:
                holder = holder[step]
            if draw(st.booleans()):
                del holder[path[-1]]
            else:
                holder[path[-1]] = draw(values)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return notice


def outcome(raw: bytes) -> tuple[Publication | None, tuple[Fault, ...]]:
    """What was read, and what was refused."""
    try:
        publication = read_ocds(raw)
    except NoticeRefused as refused:
        return None, refused.faults
    assert publication.notices
    publication.model_dump_json().encode()
    return publication, publication.refused


def settled(raw: bytes) -> None:
    """Reads `raw`; what comes of it can be stored, sent and trusted."""
    publication, faults = outcome(raw)
    for notice in publication.notices if publication else ():
        assert notice.ocid.strip()
        assert notice.title.strip()
        assert notice.buyer.name.strip()
        assert len({lot.id for lot in notice.lots}) == len(notice.lots) > 0
        assert "\x00" not in notice.model_dump_json()
        for instant in (
            notice.published,
            notice.updated,
            notice.submission_deadline,
            notice.enquiry_deadline,
        ):
            assert instant is None or instant.utcoffset() is not None
        assert len(notice.warnings) <= MOST_FAULTS + 1
        faults += notice.warnings
    assert publication or 0 < len(faults) <= MOST_FAULTS + 1
    for fault in faults:
        assert fault.pointer == "" or fault.pointer.startswith("/")
        assert "{" not in fault.message


@settings(max_examples=300, deadline=None)
@given(spoilt())
def test_a_spoilt_notice_is_read_or_refused_with_reasons(notice: Any) -> None:
    settled(json.dumps(notice).encode())


@settings(max_examples=200, deadline=None)
@given(values)
def test_any_json_is_read_or_refused_with_reasons(value: Any) -> None:
    settled(json.dumps(value).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\x00\x00\xfe\xff")
@example(b"\xef\xbb\xbf\xef\xbb\xbf{}")
def test_any_bytes_are_read_or_refused_with_reasons(raw: bytes) -> None:
    settled(raw)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_notice_with_bytes_knocked_out_is_read_or_refused_with_reasons(data: st.DataObject) -> None:
    raw = bytearray(json.dumps(data.draw(st.sampled_from(NOTICES)), ensure_ascii=False).encode())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=5)):
        raw[place] = data.draw(st.integers(0, 255))
    settled(bytes(raw[: data.draw(st.integers(len(raw) - 20, len(raw)))]))


@settings(max_examples=150, deadline=None)
@given(
    st.from_regex(r"[A-Za-z]{4,12} [A-Za-z]{4,12}", fullmatch=True),
    st.sampled_from(
        ["status", "procurementMethod", "id", "value", "tenderPeriod", "lots", "items", "documents"]
    ),
)
def test_a_fault_never_repeats_what_it_found(secret: str, place: str) -> None:
    notice = copy.deepcopy(NOTICES[0])
    notice["releases"][0]["tender"][place] = {secret: [secret, {secret: secret}]}
    notice["releases"][0]["parties"][0]["contactPoint"] = {"name": secret, "email": [secret], secret: 1}
    publication, faults = outcome(json.dumps(notice).encode())
    assert secret not in repr(faults)
    assert publication is None or secret not in publication.model_dump_json()
