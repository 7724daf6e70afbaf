"""Two made-up services that publish one event of each kind that the ledger posts, and those events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from pydantic import create_model

from events.envelope import Context, Event, Recorded, encode, parse
from events.follow import Arrived
from events.ids import AllianceId, PersonId
from events.registry import Registry
from events.sealing import Confidential, Keyring, Masters, Seal
from ledger.book import Book
from ledger.posting.rules import Source
from ledger.posting.transactions import (
    Form,
    Line,
    Nature,
    Reversal,
    contributed,
    owed,
    pending,
    received,
)
from ledger.recorded import LEDGER
from money import Money


class Gave(Event):
    company: UUID
    nature: Nature
    value: Confidential[Money]


class Got(Event):
    company: UUID
    nature: Nature
    value: Confidential[Money]


class Expected(Event):
    """A change of what is expected, of either sign."""

    company: UUID
    value: Confidential[Money]


class Owed(Event):
    """A change of what is owed, of either sign; None is the purse."""

    obligation: UUID
    creditor: UUID | None
    debtor: UUID | None
    due_on: date | None
    values: tuple[Confidential[Money], ...]


class TakenBack(Event):
    event_id: str


class Said(Event):
    """Posts nothing."""


class Broken(Event):
    """Its rule raises."""


def _taken_back(recorded: Recorded[TakenBack]) -> list[Reversal]:
    return [Reversal(recorded.event.event_id)]


def _broken(recorded: Recorded[Broken]) -> list[Line]:
    raise ValueError("1234.56")


@dataclass(frozen=True)
class Vocabulary:
    """The events of one made-up service, under its wire names."""

    gave: Any
    got: Any
    expected: Any
    owed: Any
    taken_back: Any
    said: Any
    broken: Any


@cache
def vocabulary(service: str) -> Vocabulary:
    kinds: dict[str, type[Event]] = {
        "gave": Gave,
        "got": Got,
        "expected": Expected,
        "owed": Owed,
        "taken_back": TakenBack,
        "said": Said,
        "broken": Broken,
    }
    return Vocabulary(
        **{
            name: create_model(
                kind.__name__, __base__=kind, __cls_kwargs__={"type": f"alliance.{service}.{name}.v1"}
            )
            for name, kind in kinds.items()
        }
    )


def made_up(service: str, form: Form) -> Source:
    """`service` as the ledger follows it; what it posts is of `form`."""
    words = vocabulary(service)

    def gave(recorded: Recorded[Gave]) -> list[Line]:
        event = recorded.event
        return [contributed(event.company, form, recorded.project, event.nature, event.value.value)]

    def got(recorded: Recorded[Got]) -> list[Line]:
        event = recorded.event
        return [received(event.company, form, recorded.project, event.nature, event.value.value)]

    def expected(recorded: Recorded[Expected]) -> list[Line]:
        return [pending(recorded.event.company, recorded.project, recorded.event.value.value)]

    def changed(recorded: Recorded[Owed]) -> list[Line]:
        event = recorded.event
        return [
            owed(
                event.obligation,
                creditor=event.creditor,
                debtor=event.debtor,
                project=recorded.project,
                amount=event.values[0].value,
                due_on=event.due_on,
            )
        ]

    return Source(
        Registry.of(service, list(vars(words).values())),
        {
            words.gave: gave,
            words.got: got,
            words.expected: expected,
            words.owed: changed,
            words.taken_back: _taken_back,
            words.broken: _broken,
        },
    )


MASTERS: dict[str, Keyring] = {
    name: Masters((name.encode().ljust(32, b"."),)) for name in ("members", "purchasing", "tenders", LEDGER)
}
SOURCES = {
    "purchasing": made_up("purchasing", Form.PURCHASING),
    "tenders": made_up("tenders", Form.TENDERS),
}


def book() -> Book:
    return Book(SOURCES, MASTERS, "test.example")


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def sealed(owner: UUID, amount: str) -> Confidential[Money]:
    return Confidential[Money](owner=owner, open=euros(amount))


@dataclass
class Publisher:
    """Records the events of one made-up service in one alliance, as its store would."""

    service: str
    alliance: AllianceId
    keyrings: Mapping[str, Keyring] = field(default_factory=lambda: MASTERS)
    arrived: list[Arrived] = field(default_factory=list)

    @property
    def words(self) -> Vocabulary:
        return vocabulary(self.service)

    def publish(
        self, event: Event, *, project: str = "campaign/1", effective_on: date = date(2025, 3, 1)
    ) -> Arrived:
        number, event_id = len(self.arrived) + 1, str(uuid4())
        context = Context(
            service=self.service,
            alliance=self.alliance,
            time=datetime(2025, 3, 1, tzinfo=UTC),
            actor=PersonId("a" * 32),
            correlation=event_id,
            causation=None,
            effective_on=effective_on,
            charter_version=1,
            project=project,
        )
        body = encode(
            event,
            context,
            id=event_id,
            stream=project,
            version=number,
            sequence=number,
            seal=Seal(self.keyrings[self.service], self.alliance, event_id),
        )
        arrived = Arrived(parse(body), body, f"alliance.{self.service}", 0, number - 1)
        self.arrived.append(arrived)
        return arrived

    def gave(self, company: UUID, amount: str, nature: Nature = Nature.HOURS, **place: Any) -> Arrived:
        return self.publish(
            self.words.gave(company=company, nature=nature, value=sealed(company, amount)), **place
        )

    def got(self, company: UUID, amount: str, nature: Nature = Nature.SAVED, **place: Any) -> Arrived:
        return self.publish(
            self.words.got(company=company, nature=nature, value=sealed(company, amount)), **place
        )

    def expected(self, company: UUID, amount: str, **place: Any) -> Arrived:
        return self.publish(self.words.expected(company=company, value=sealed(company, amount)), **place)

    def owed(
        self,
        obligation: UUID,
        creditor: UUID | None,
        debtor: UUID | None,
        amount: str,
        due_on: date | None = None,
        **place: Any,
    ) -> Arrived:
        parties: Sequence[UUID] = [party for party in (creditor, debtor) if party is not None]
        return self.publish(
            self.words.owed(
                obligation=obligation,
                creditor=creditor,
                debtor=debtor,
                due_on=due_on,
                values=tuple(sealed(party, amount) for party in parties),
            ),
            **place,
        )

    def taken_back(self, event: Arrived, **place: Any) -> Arrived:
        return self.publish(self.words.taken_back(event_id=event.head.id), **place)
