"""What the ledger recorded when it closed a half-year is held against the entries before."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from events.envelope import LIFE, Event
from events.ids import AllianceId
from ledger.audit.closings import Checked
from ledger.audit.findings import DoesNotHold
from ledger.audit.replay import Replay
from ledger.entries.events import LogOpened
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from members.alliance.events import AllianceFounded
from members.charter.events import CharterPutInForce, Terms
from samples.books import Publisher, euros
from samples.charter import charter
from samples.key_files import KNOWN, key_file
from tlog.merkle import leaf_hash, root_of

ALLIANCE = AllianceId(UUID(int=7))
A, B = UUID(int=1), UUID(int=2)
FOUNDED_ON, CLOSED_ON = date(2025, 1, 2), date(2025, 7, 1)

CLOSED = PeriodClosed(period="2025-H1", starts_on=date(2025, 1, 1), ends_on=date(2025, 6, 30), log_size=6)
IMBALANCE = ImbalanceDetected(
    member=A,
    starts_on=date(2025, 1, 1),
    ends_on=date(2025, 6, 30),
    contributed=euros("5000.00"),
    received=euros("100.00"),
    net=euros("-4900.00"),
    ratio="0.0200",
    floor=Decimal("0.50"),
    threshold=euros("1000.00"),
    charter_version=1,
    log_size=7,
)
LINES = [
    f"{A} contributed 2025-H1 EUR 5000.00",
    f"{A} received 2025-H1 EUR 100.00",
    f"{B} contributed 2025-H1 EUR 7.00",
]
SEALED = BalancesSealed(count=3, root=root_of([leaf_hash(line.encode()) for line in LINES]).hex(), log_size=8)


def entries(closing: Sequence[Event], late: bool = False) -> Iterator[bytes]:
    """Entries 0 to 5, what closing recorded from 6 on, and what comes late with a date before."""
    members, purchasing = Publisher("members", ALLIANCE), Publisher("purchasing", ALLIANCE)
    own = Publisher("ledger", ALLIANCE)
    yield own.publish(LogOpened(origin="test.example/1"), project=LIFE, effective_on=FOUNDED_ON).body
    yield members.publish(
        AllianceFounded(name="Trois-Rives", founder="c" * 32), project=LIFE, effective_on=FOUNDED_ON
    ).body
    terms = Terms.model_validate(charter())
    in_force = CharterPutInForce(version=1, from_day=FOUNDED_ON, terms=terms, preamble=None, decision=None)
    yield members.publish(in_force, project=LIFE, effective_on=FOUNDED_ON).body
    yield purchasing.gave(A, "5000.00", effective_on=date(2025, 3, 1)).body
    yield purchasing.got(A, "100.00", effective_on=date(2025, 6, 30)).body
    yield purchasing.gave(B, "7.00", effective_on=date(2025, 6, 30)).body
    for event in closing:
        yield own.publish(event, project=LIFE, effective_on=CLOSED_ON).body
    if late:
        yield purchasing.gave(B, "3.00", effective_on=date(2025, 6, 30)).body


def replayed(closing: Sequence[Event], company: UUID | None = None, late: bool = False) -> Replay:
    log = list(entries(closing, late))
    replay = Replay(key_file(ALLIANCE, [A, B], company), log.__getitem__, KNOWN)
    for one in replay.over(log):
        if one.posted.entry == 9:
            assert one.posted.booked_on == CLOSED_ON
    return replay


def fault(closing: Sequence[Event], company: UUID | None = None, late: bool = False) -> DoesNotHold:
    with pytest.raises(DoesNotHold) as caught:
        replayed(closing, company, late)
    return caught.value


def test_what_was_recorded_as_it_should_be_holds_and_later_entries_count_in_the_next_period() -> None:
    checked = replayed([CLOSED, IMBALANCE, SEALED], late=True).closings.checked
    assert checked == [Checked(6, CLOSED, True), Checked(7, IMBALANCE, True), Checked(8, SEALED, True)]


@pytest.mark.parametrize(
    ("closing", "entry", "found"),
    [
        ([CLOSED.model_copy(update={"log_size": 5}), IMBALANCE, SEALED], 6, "log_size 5"),
        ([CLOSED, SEALED], 7, BalancesSealed.type),
        ([CLOSED, IMBALANCE.model_copy(update={"ratio": "0.6000"}), SEALED], 7, "ratio 0.6000"),
        ([CLOSED, IMBALANCE, SEALED.model_copy(update={"root": "0" * 64})], 8, f"root {'0' * 64}"),
        ([CLOSED, IMBALANCE, SEALED.model_copy(update={"count": 2})], 8, "count 2"),
        ([CLOSED, IMBALANCE, SEALED.model_copy(update={"log_size": 9})], 8, "log_size 9"),
        ([SEALED], 6, BalancesSealed.type),
        ([CLOSED, IMBALANCE, SEALED, SEALED], 9, BalancesSealed.type),
        ([CLOSED.model_copy(update={"period": "2025-H2"}), IMBALANCE, SEALED], 6, "period 2025-H2"),
    ],
)
def test_what_was_recorded_otherwise_is_named(closing: Sequence[Event], entry: int, found: str) -> None:
    error = fault(closing)
    assert (error.code, error.entry, error.found) == ("wrong_closing", entry, found)


def test_nothing_may_stand_inside_a_closing() -> None:
    assert fault([CLOSED, IMBALANCE], late=True).entry == 8


def test_one_companys_keys_show_its_own_imbalance() -> None:
    checked = replayed([CLOSED, IMBALANCE, SEALED], company=A).closings.checked
    assert [one.whole for one in checked] == [True, True, False]


def test_one_companys_keys_do_not_show_the_imbalance_of_another() -> None:
    checked = replayed([CLOSED, IMBALANCE, SEALED], company=B).closings.checked
    assert [one.whole for one in checked] == [True, False, False]


def test_one_companys_keys_show_that_its_imbalance_was_kept_quiet() -> None:
    assert fault([CLOSED, SEALED.model_copy(update={"log_size": 7})], company=A).entry == 7


def test_a_figure_sealed_with_a_key_that_is_not_at_hand_is_named() -> None:
    log = list(entries([]))
    keys = key_file(ALLIANCE, [A, B])
    other = keys.model_copy(
        update={"keys": {**keys.keys, "purchasing": {**keys.keys["purchasing"], B: ("0" * 64,)}}}
    )
    with pytest.raises(DoesNotHold) as caught:
        list(Replay(other, log.__getitem__, KNOWN).over(log))
    assert (caught.value.code, caught.value.entry) == ("unknown_key", 5)
