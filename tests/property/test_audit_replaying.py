"""Read in parts and put together, a log gives what it gives entry by entry; what does not hold one way does
not hold the other way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import LIFE, Event
from events.follow import Arrived
from events.ids import AllianceId
from ledger.audit import replaying
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.keys import KeyFile
from ledger.audit.recounting import figures_of
from ledger.audit.replaying import Asked, Found
from ledger.audit.sums import MemberSums
from ledger.entries.events import LogOpened
from ledger.period import sums as period_sums
from ledger.period.domain import closing
from ledger.period.events import PeriodClosed
from ledger.period.sums import Booking, HalfYear, Heading
from ledger.posting.posted import Earlier, Reader, post
from ledger.posting.transactions import Nature
from members.alliance.events import AllianceFounded
from members.charter.events import CharterPutInForce, Terms
from samples import logs
from samples.books import MASTERS, SOURCES, Publisher, sealed
from samples.charter import charter
from samples.key_files import KNOWN, key_file
from standing import Charter

ALLIANCE = AllianceId(UUID(int=7))
COMPANIES = [UUID(int=number) for number in range(1, 4)]
KEYS = key_file(ALLIANCE, COMPANIES)
FOUNDED_ON = date(2024, 11, 1)
TERMS = Terms.model_validate(charter(floor={"threshold": {"amount": "10.00", "currency": "EUR"}}))
CHARTER = Charter.model_validate({**TERMS.model_dump(mode="json"), "version": 1, "from_day": FOUNDED_ON})

KINDS = ("gave", "gave", "got", "expected", "owed", "taken back", "said", "close")


@dataclass
class Books:
    """A log as the ledger would have made it of what is published here, closings and all."""

    bodies: list[bytes] = field(default_factory=list)
    reader: Reader = field(default_factory=lambda: Reader(KNOWN, MASTERS))
    booking: Booking = field(default_factory=Booking)
    sums: dict[Heading, Decimal] = field(default_factory=dict)
    posted: dict[str, Earlier] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.period = HalfYear.of(FOUNDED_ON)
        self.services = {name: Publisher(name, ALLIANCE) for name in (*SOURCES, "members", "ledger")}
        self.publish("ledger", LogOpened(origin=logs.ORIGIN))
        self.publish("members", AllianceFounded(name="Trois-Rives", founder="c" * 32))
        in_force = CharterPutInForce(
            version=1, from_day=FOUNDED_ON, terms=TERMS, preamble=None, decision=None
        )
        self.publish("members", in_force)

    def publish(self, service: str, event: Event, day: date = FOUNDED_ON) -> Arrived:
        arrived = self.services[service].publish(event, project=LIFE, effective_on=day)
        self.add(arrived)
        return arrived

    def add(self, arrived: Arrived) -> None:
        read = self.reader.read(arrived.head)
        ((one,), _) = post(len(self.bodies), [read], self.booking, self.posted)
        self.posted[arrived.head.id] = Earlier(one.entry, arrived.head.service, False, one.legs)
        period_sums.add(self.sums, [one])
        self.bodies.append(arrived.body)

    def close(self) -> None:
        for event in closing(self.period, CHARTER, self.sums, len(self.bodies)):
            self.publish("ledger", event, self.period.ends_on)
        self.period = self.period.later(1)


@st.composite
def books(draw: st.DrawFn) -> Books:
    made = Books()
    reversible: list[tuple[str, Arrived]] = []
    for _ in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(KINDS))
        service = draw(st.sampled_from(list(SOURCES)))
        publisher = made.services[service]
        company = draw(st.sampled_from(COMPANIES))
        amount = f"{Decimal(draw(st.integers(-5000, 5000))) / 100:.2f}"
        place: Any = {
            "effective_on": FOUNDED_ON + timedelta(days=draw(st.integers(0, 600))),
            "project": draw(st.sampled_from([LIFE, "campaign/1"])),
        }
        match kind:
            case "close":
                made.close()
                continue
            case "gave":
                event = publisher.gave(company, amount, draw(st.sampled_from(list(Nature))), **place)
            case "got":
                event = publisher.got(company, amount, **place)
            case "expected":
                event = publisher.expected(company, amount, **place)
            case "owed":
                obligation = UUID(int=draw(st.integers(101, 103)))
                event = publisher.owed(obligation, COMPANIES[0], None, amount, **place)
            case "taken back" if reversible:
                service, wrong = reversible.pop(draw(st.integers(0, len(reversible) - 1)))
                event = made.services[service].taken_back(wrong, **place)
            case _:
                event = publisher.publish(publisher.words.said(), **place)
        made.add(event)
        reversible.append((service, event))
    return made


def judged(read: Callable[[Asked], Found], asked: Asked) -> Any:
    """What is found, as far as two ways of reading can be compared; None where it does not hold."""
    try:
        found = read(asked)
    except DoesNotHold:
        return None
    return found.sums, found.accounts(), found.standing, found.checked, found.sealed


def both(
    bodies: Sequence[bytes], keys: KeyFile, as_of: date | None, size: int, processes: int = 1
) -> tuple[Any, Any]:
    with TemporaryDirectory() as path:
        folder = Folder(logs.write(Path(path), bodies))
        asked = Asked(folder, checkpoint_of(folder.checkpoint), keys, size, as_of)
        return (
            judged(lambda one: replaying.at_once(one, KNOWN, processes=processes), asked),
            judged(lambda one: replaying.clearly(one, KNOWN), asked),
        )


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.audit.spreading.PART", 3)
        yield


@settings(max_examples=60, deadline=None)
@given(made=books(), choice=st.data())
def test_parts_put_together_give_what_entry_by_entry_gives(made: Books, choice: st.DataObject) -> None:
    size = choice.draw(st.one_of(st.just(len(made.bodies)), st.integers(0, len(made.bodies))))
    as_of = choice.draw(st.one_of(st.none(), st.just(date(2025, 6, 30))))
    company = choice.draw(st.sampled_from([None, *COMPANIES]))
    keys = key_file(ALLIANCE, COMPANIES, company)
    at_once, clearly = both(made.bodies, keys, as_of, size)
    assert clearly is not None
    assert at_once == clearly


@settings(max_examples=60, deadline=None)
@given(made=books(), choice=st.data())
def test_what_does_not_hold_entry_by_entry_does_not_hold_in_parts(made: Books, choice: st.DataObject) -> None:
    bodies = list(made.bodies)
    for _ in range(choice.draw(st.integers(1, 3))):
        at = choice.draw(st.integers(0, len(bodies) - 1))
        to = choice.draw(st.integers(0, len(bodies) - 1))
        match choice.draw(st.sampled_from(["twice", "gone", "moved"])):
            case "twice":
                bodies.insert(to, bodies[at])
            case "gone" if len(bodies) > 1:
                del bodies[at]
            case _:
                bodies.insert(to, bodies.pop(at))
    at_once, clearly = both(bodies, KEYS, None, len(bodies))
    # Where parts are in doubt, the clear way decides.
    assert at_once in (None, clearly)


def test_what_comes_late_counts_in_the_open_period_in_parts_too() -> None:
    made = Books()
    purchasing = made.services["purchasing"]
    made.add(purchasing.gave(COMPANIES[0], "1.00", effective_on=FOUNDED_ON))
    made.close()
    made.add(purchasing.gave(COMPANIES[0], "2.00", effective_on=FOUNDED_ON))
    made.close()
    at_once, clearly = both(made.bodies, KEYS, None, len(made.bodies))
    assert at_once is not None
    assert at_once == clearly


def test_what_is_taken_back_goes_from_the_process_that_reads_it_to_the_one_that_counts() -> None:
    made = Books()
    purchasing = made.services["purchasing"]
    for give in (purchasing.gave, purchasing.got, purchasing.expected):
        made.add(one := give(COMPANIES[0], "1.00"))
        made.add(purchasing.taken_back(one))
    at_once, clearly = both(made.bodies, KEYS, None, len(made.bodies), processes=2)
    assert at_once is not None
    assert at_once == clearly


def test_a_line_of_another_member_is_not_a_companys_own_though_its_figure_is() -> None:
    made, (own, other, _) = Books(), COMPANIES
    purchasing = made.services["purchasing"]
    words = purchasing.words
    made.add(purchasing.publish(words.gave(company=other, nature=Nature.CASH, value=sealed(own, "5.00"))))
    at_once, clearly = both(made.bodies, key_file(ALLIANCE, COMPANIES, own), None, len(made.bodies))
    assert clearly is not None
    assert at_once == clearly


def test_a_sum_that_is_no_amount_does_not_hold() -> None:
    made = Books()
    for _ in range(2):
        made.add(made.services["purchasing"].gave(COMPANIES[0], "9999999999999.99", effective_on=FOUNDED_ON))
    sums = MemberSums()
    sums.update(both(made.bodies, KEYS, None, len(made.bodies))[0][0])
    with pytest.raises(DoesNotHold, match="beyond"):
        figures_of(sums, COMPANIES[0], "EUR")
    period = made.period
    closed = PeriodClosed(
        period=period.name, starts_on=period.starts_on, ends_on=period.ends_on, log_size=len(made.bodies)
    )
    made.publish("ledger", closed, period.ends_on)
    assert both(made.bodies, KEYS, None, len(made.bodies)) == (None, None)


def _reversed_twice(made: Books, gave: Arrived, back: Arrived) -> list[bytes]:
    return [*made.bodies, gave.body, back.body, made.services["purchasing"].taken_back(gave).body]


def _reversed_before(made: Books, gave: Arrived, back: Arrived) -> list[bytes]:
    return [*made.bodies, back.body, gave.body]


def _reversed_by_another(made: Books, gave: Arrived, back: Arrived) -> list[bytes]:
    return [*made.bodies, gave.body, made.services["tenders"].taken_back(gave).body]


def _inside_a_closing(made: Books, gave: Arrived, back: Arrived) -> list[bytes]:
    made.close()
    return [*made.bodies[:-1], gave.body, made.bodies[-1]]


def _unfinished(made: Books, gave: Arrived, back: Arrived) -> list[bytes]:
    made.close()
    return made.bodies[:-1]


@pytest.mark.parametrize(
    "faulty", [_reversed_twice, _reversed_before, _reversed_by_another, _inside_a_closing, _unfinished]
)
def test_a_fault_that_only_the_order_shows_is_found_in_parts_too(
    faulty: Callable[[Books, Arrived, Arrived], list[bytes]],
) -> None:
    made = Books()
    gave = made.services["purchasing"].gave(COMPANIES[0], "1.00")
    bodies = faulty(made, gave, made.services["purchasing"].taken_back(gave))
    assert both(bodies, KEYS, None, len(bodies)) == (None, None)
