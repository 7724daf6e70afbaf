"""Replaying a log entry by entry: what each posts, and where it does not hold."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from events.follow import Arrived
from events.ids import AllianceId
from ledger.audit.findings import DoesNotHold
from ledger.audit.keys import KeyFile
from ledger.audit.replay import Replay, Replayed
from ledger.audit.sums import Account, Of, Sums
from ledger.posting.legs import Seen
from samples.books import Publisher
from samples.key_files import KNOWN, key_file
from samples.logs import opened

ALLIANCE = AllianceId(UUID(int=7))
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def replayed(events: Sequence[Arrived], company: UUID | None = None) -> list[Replayed]:
    log = [opened(alliance=ALLIANCE), *(event.body for event in events)]
    replay = Replay(key_file(ALLIANCE, [A, B, C], company), log.__getitem__, KNOWN)
    return list(replay.over(log))


def summed(entries: Sequence[Replayed]) -> Sums:
    sums = Sums()
    for one in entries:
        sums.add(one.posted)
    return sums


def test_each_entry_posts_what_its_event_says() -> None:
    purchasing, tenders = Publisher("purchasing", ALLIANCE), Publisher("tenders", ALLIANCE)
    sums = summed(replayed([purchasing.gave(A, "100.00"), tenders.got(A, "37.50"), tenders.got(B, "0.01")]))
    assert sums.of_member(A, "EUR") == {
        Seen.CONTRIBUTED: Decimal("100.00"),
        Seen.RECEIVED: Decimal("37.50"),
    }
    assert sums.members[Of(B, Seen.RECEIVED, "tenders", "saved", "EUR")] == Decimal("0.01")
    assert sums.accounts[Account("Equity:Received:tenders", "EUR")] == Decimal("37.51")


def test_an_event_of_long_ago_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.audit.whereabouts.BLOCK", 4)
    purchasing = Publisher("purchasing", ALLIANCE)
    wrong = purchasing.gave(A, "100.00")
    others = [purchasing.gave(B, "1.00") for _ in range(11)]
    sums = summed(replayed([wrong, *others, purchasing.taken_back(wrong)]))
    assert sums.of_member(A, "EUR") == {Seen.CONTRIBUTED: Decimal()}
    assert sums.of_member(B, "EUR") == {Seen.CONTRIBUTED: Decimal(11)}


def test_a_reversal_can_be_reversed() -> None:
    purchasing = Publisher("purchasing", ALLIANCE)
    gave = purchasing.gave(A, "100.00")
    back = purchasing.taken_back(gave)
    sums = summed(replayed([gave, back, purchasing.taken_back(back)]))
    assert sums.of_member(A, "EUR") == {Seen.CONTRIBUTED: Decimal(100)}


def test_what_is_reversed_twice_is_named() -> None:
    purchasing = Publisher("purchasing", ALLIANCE)
    gave = purchasing.gave(A, "100.00")
    with pytest.raises(DoesNotHold) as caught:
        replayed([gave, purchasing.taken_back(gave), purchasing.taken_back(gave)])
    assert caught.value.entry == 3


def test_a_reversal_of_another_service_is_named() -> None:
    gave = Publisher("purchasing", ALLIANCE).gave(A, "100.00")
    with pytest.raises(DoesNotHold) as caught:
        replayed([gave, Publisher("tenders", ALLIANCE).taken_back(gave)])
    assert caught.value.entry == 2


def test_an_entry_that_is_no_event_is_named() -> None:
    gave = Publisher("purchasing", ALLIANCE).gave(A, "100.00")
    log = [opened(alliance=ALLIANCE), gave.body, b"{}"]
    with pytest.raises(DoesNotHold) as caught:
        list(Replay(key_file(ALLIANCE, [A]), log.__getitem__, KNOWN).over(log))
    assert caught.value.entry == 2


def test_an_entry_of_another_alliance_is_named() -> None:
    with pytest.raises(DoesNotHold) as caught:
        replayed([Publisher("purchasing", AllianceId(uuid4())).gave(A, "100.00")])
    assert caught.value.entry == 1


def test_a_figure_that_was_tampered_with_is_named_and_not_repeated() -> None:
    purchasing = Publisher("purchasing", ALLIANCE)
    gave = purchasing.gave(A, "100.00")
    sealed = gave.head.envelope["data"]["value"]["sealed"].encode()
    forged = (b"B" if sealed.startswith(b"A") else b"A") + sealed[1:]
    log = [opened(alliance=ALLIANCE), gave.body.replace(sealed, forged)]
    with pytest.raises(DoesNotHold, match="InvalidTag") as caught:
        list(Replay(key_file(ALLIANCE, [A]), log.__getitem__, KNOWN).over(log))
    assert caught.value.entry == 1
    assert "100" not in str(caught.value)


def test_with_one_companys_keys_its_own_lines_stand_and_the_others_are_told_as_sealed() -> None:
    purchasing, obligation = Publisher("purchasing", ALLIANCE), uuid4()
    entries = replayed(
        [
            purchasing.gave(A, "100.00"),
            purchasing.gave(B, "7.00"),
            purchasing.owed(obligation, A, None, "5.00"),
            purchasing.owed(uuid4(), B, C, "9.00"),
        ],
        company=A,
    )
    sums = summed(entries)
    assert {of.member for of in sums.members} == {A}
    assert sums.accounts[Account(f"Assets:Receivable:{A}:purse:{obligation}", "EUR")] == Decimal(5)
    assert [one.sealed for one in entries] == [False, False, True, False, True]


def test_a_key_file_without_a_companys_own_keys_does_not_pass_its_figures_for_others() -> None:
    gave = Publisher("purchasing", ALLIANCE).gave(A, "100.00")
    log = [opened(alliance=ALLIANCE), gave.body]
    for keys in ({}, {"members": {A: ("ab" * 32,)}}):
        held = KeyFile(alliance=ALLIANCE, company=A, keys=keys)
        with pytest.raises(DoesNotHold) as caught:
            list(Replay(held, log.__getitem__, KNOWN).over(log))
        assert (caught.value.code, caught.value.entry) == ("unknown_key", 1)
