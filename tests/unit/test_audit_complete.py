"""`complete`: no event of a source is missing from a log, doubled or another alliance's."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from ledger.audit.completing import Complete, complete
from ledger.audit.findings import DoesNotHold
from samples.logs import ALLIANCE, ORIGIN, event, history, opened

OTHER = UUID("01890a5d-ac96-774b-bcce-b302099a8058")


def read(entries: Sequence[bytes], origin: str | None = ORIGIN) -> Complete:
    return complete([entries[:100], entries[100:]], origin)


def fault(entries: Sequence[bytes], origin: str | None = ORIGIN) -> DoesNotHold:
    with pytest.raises(DoesNotHold) as caught:
        read(entries, origin)
    return caught.value


def test_a_whole_log_tells_how_far_each_source_is() -> None:
    found = read(list(history(300)))
    assert found.last == {
        f"/ledger/alliances/{ALLIANCE}": 1,
        f"/members/alliances/{ALLIANCE}": 150,
        f"/purchasing/alliances/{ALLIANCE}": 149,
    }
    assert (found.alliance, found.origin, found.entries) == (ALLIANCE, ORIGIN, 300)
    assert read(list(history(3)), None).origin == ORIGIN


def test_every_entry_that_is_left_out_is_named_by_the_next_one_of_its_source() -> None:
    entries = list(history(50))
    for at in range(1, 48):
        found = fault([*entries[:at], *entries[at + 1 :]])
        assert (found.code, found.entry) == ("hole", at + 1)  # the next but one, and one place to the left


def test_every_entry_that_comes_twice_or_too_early_is_named() -> None:
    entries = list(history(50))
    for at in range(1, 50):
        assert (fault([*entries[: at + 1], entries[at], *entries[at + 1 :]])).code == "double"
    swapped = [*entries[:10], entries[12], entries[11], entries[10], *entries[13:]]
    assert (fault(swapped).code, fault(swapped).entry) == ("hole", 10)


@pytest.mark.parametrize(
    ("entries", "code", "entry"),
    [
        ([], "not_opened", 0),
        ([event("members", 1)], "not_opened", 0),
        ([event("members", 1, "log_opened", origin=ORIGIN)], "not_opened", 0),
        ([opened(), event("ledger", 2, "log_opened", origin=ORIGIN)], "not_opened", 1),
        ([opened("log.example/other")], "another_log", 0),
        ([event("ledger", 1, "log_opened")], "another_log", 0),
        ([opened(), event("members", 1, alliance=OTHER)], "other_alliance", 1),
        ([opened(), event("members", 1), b"{}"], "malformed_entry", 2),
        ([opened(), b"\xff"], "malformed_entry", 1),
        ([opened(), event("members", 2)], "hole", 1),
        ([opened(), event("ledger", 3, "period_closed")], "hole", 1),
    ],
)
def test_what_is_not_the_next_event_of_the_alliance_is_named(
    entries: Sequence[bytes], code: str, entry: int
) -> None:
    found = fault(entries)
    assert (found.code, found.entry, found.at) == (code, entry, f"entry {entry}")
