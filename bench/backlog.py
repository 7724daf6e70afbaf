"""Made-up events of some alliances, as a service would record them: what the ledger and the relay work on."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from events.envelope import Context, Event, Recorded, encode
from events.ids import AllianceId, CompanyId, PersonId
from events.registry import Registry
from events.sealing import Confidential, Keyring, Seal
from ledger.posting.rules import Source
from ledger.posting.transactions import Form, Line, Nature, contributed, received
from money import Money

SERVICE = "purchasing"
TOPIC = f"alliance.{SERVICE}"
MEMBERS = 17
PROJECTS = 100
"""An alliance and year."""


class Given(Event, type="alliance.purchasing.given.v1"):
    """Half of the events: a contribution, as hours attested are."""

    company: UUID
    value: Confidential[Money]


class Got(Event, type="alliance.purchasing.got.v1"):
    """A third: a benefit, as a campaign settled brings."""

    company: UUID
    value: Confidential[Money]


class Noted(Event, type="alliance.purchasing.noted.v1"):
    """The others post nothing."""

    company: UUID


def _given(recorded: Recorded[Given]) -> list[Line]:
    event = recorded.event
    return [contributed(event.company, Form.PURCHASING, recorded.project, Nature.HOURS, event.value.value)]


def _got(recorded: Recorded[Got]) -> list[Line]:
    event = recorded.event
    return [received(event.company, Form.PURCHASING, recorded.project, Nature.SAVED, event.value.value)]


SOURCE = Source(Registry.of(SERVICE, [Given, Got, Noted]), {Given: _given, Got: _got})


@dataclass
class Backlog:
    """One alliance's `events`, spread over a year."""

    keyring: Keyring
    events: int
    alliance: AllianceId = field(default_factory=lambda: AllianceId(uuid7()))

    def __post_init__(self) -> None:
        self._companies = [CompanyId(uuid7()) for _ in range(MEMBERS)]
        self._projects = [f"campaign/{uuid7()}" for _ in range(PROJECTS)]
        self._chance = random.Random(1)
        self._actor = PersonId(uuid4().hex)

    def batches(self, size: int) -> Iterator[list[bytes]]:
        for start in range(0, self.events, size):
            yield [self._body(number) for number in range(start, min(start + size, self.events))]

    def _body(self, number: int) -> bytes:
        event_id, project = str(uuid7()), self._chance.choice(self._projects)
        context = Context(
            service=SERVICE,
            alliance=self.alliance,
            time=datetime.now(UTC),
            actor=self._actor,
            correlation=event_id,
            causation=None,
            effective_on=date(2025, 1, 1) + timedelta(days=number * 365 // self.events),
            charter_version=1,
            project=project,
        )
        return encode(
            self._event(number % 6),
            context,
            id=event_id,
            stream=project,
            version=number + 1,
            sequence=number + 1,
            seal=Seal(self.keyring, self.alliance, event_id),
        )

    def _event(self, kind: int) -> Event:
        company = self._chance.choice(self._companies)
        amount = Money.of(f"{self._chance.randrange(10**6) / 100:.2f}", "EUR")
        value = Confidential[Money](owner=company, open=amount)
        if kind < 3:
            return Given(company=company, value=value)
        return Got(company=company, value=value) if kind < 5 else Noted(company=company)
