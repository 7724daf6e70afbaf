"""The commands that are sent in a round, each with what must come of it, in alliances made for them.

What they give is written down here a second time and shares nothing with the ledger: hours times the
charter's rate, or the amount named, counted at once up to the charter's limit and else when attested.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

LIMIT: Final = Decimal("200.00")
RATES: Final = {"meeting": Decimal(40), "coordination": Decimal(45), "bid_preparation": Decimal(60)}
DAY: Final = "2025-06-02"

_ATTESTED: Final = "/attestations"


@dataclass(frozen=True)
class Alliance:
    """One that stands ready. `directors[n]` acts for `companies[n]`; the first two share `lot`."""

    id: str
    coordinator: str
    reader: str
    """Who may read all figures."""
    companies: tuple[str, ...]
    directors: tuple[str, ...]
    campaign: str
    lot: str


@dataclass(frozen=True, eq=False)
class Order:
    """A command of one caller under one key. `refusal` is the code with which it must be refused, or, where
    it is one of two of which at most one passes (`rival`), may be.
    """

    key: str
    alliance: Alliance
    service: str
    path: str
    """Below the alliance's."""
    caller: str
    body: Mapping[str, Any]
    gives: tuple[str, Decimal] | None = None
    """Company and amount that counts as contributed once it is taken."""
    awaits: tuple[str, Decimal] | None = None
    """The same of a declaration that counts once it is attested."""
    refusal: str | None = None
    rival: str | None = None


@dataclass
class Orders:
    """What one client sends in one alliance: the same from the same seed, as far as the answers are."""

    alliance: Alliance
    random: Random
    _unattested: list[tuple[Order, str]] = field(default_factory=list)
    _attested: list[tuple[Order, str]] = field(default_factory=list)

    def taken(self, order: Order, id: str) -> None:
        """Tells that a declaration was acknowledged, which can then be attested, once."""
        if order.awaits is not None:
            self._unattested.append((order, id))
        elif order.path.endswith(_ATTESTED):
            self._attested.append((order, id))

    def next(self) -> list[Order]:
        """One, or two to be sent at once."""
        kinds: list[tuple[int, Callable[[], list[Order]]]] = [
            (8, self._hours),
            (4, self._means),
            (2, self._drafts),
            (2, self._refused),
            (1, self._rivals),
            (4 if self._unattested else 0, self._attestation),
            (1 if self._attested else 0, self._attested_again),
        ]
        weights = [weight for weight, _ in kinds]
        [(_, make)] = self.random.choices(kinds, weights)
        return make()

    def _order(self, service: str, path: str, caller: str, body: Mapping[str, Any], **more: Any) -> Order:
        key = f"{self.random.getrandbits(96):024x}"
        return Order(key, self.alliance, service, path, caller, body, **more)

    def _declared(
        self, service: str, what: str, company: int, body: Mapping[str, Any], worth: Decimal, **more: Any
    ) -> Order:
        owner = self.alliance.companies[company]
        given = {"gives" if worth <= LIMIT else "awaits": (owner, worth)} if "refusal" not in more else {}
        body = {"company": owner, **body}
        caller = self.alliance.directors[company]
        return self._order(service, f"declarations/{what}", caller, body, **given, **more)

    def _work(self) -> tuple[str, str, str, int]:
        """Service, project, kind of work, and who does it."""
        service = self.random.choice(("members", "purchasing", "tenders"))
        match service:
            case "members":
                return service, "life", "meeting", self.random.randrange(3)
            case "purchasing":
                return service, f"campaign/{self.alliance.campaign}", "coordination", self.random.randrange(3)
        return service, self.alliance.lot, "bid_preparation", self.random.randrange(2)

    def _line(self, hours: Decimal) -> dict[str, str]:
        person = f"{self.random.getrandbits(128):032x}"
        return {"person": person, "first_day": DAY, "last_day": DAY, "hours": str(hours)}

    def _hours(self) -> list[Order]:
        service, project, kind, company = self._work()
        hours = Decimal(self.random.randint(1, 48)) / 4
        body = {"project": project, "kind": kind, "lines": [self._line(hours)]}
        return [self._declared(service, "hours", company, body, hours * RATES[kind])]

    def _means(self) -> list[Order]:
        amount = Decimal(self.random.randint(1, 60_000)) / 100
        body = {
            "project": f"campaign/{self.alliance.campaign}",
            "kind": "storage",
            "amount": {"amount": f"{amount:.2f}", "currency": "EUR"},
            "evidence": "Seen.",
        }
        return [self._declared("purchasing", "means", self.random.randrange(3), body, amount)]

    def _drafts(self) -> list[Order]:
        body: dict[str, Any]
        title = f"Of {self.random.getrandbits(32)}"
        if self.random.random() < 0.5:
            body = {"title": title, "client": "A client", "lots": [{"title": "All"}]}
            return [self._order("tenders", "opportunities", self.alliance.coordinator, body)]
        body = {"title": title, "unit": "place", "specification": "One day.", "minimum_quantity": 20}
        return [self._order("purchasing", "campaigns", self.alliance.coordinator, body)]

    def _refused(self) -> list[Order]:
        service, project, kind, company = self._work()
        wrongs: list[tuple[dict[str, Any], str]] = [
            ({"kind": "singing"}, "kind_of_work_unknown"),
            ({"project": "nowhere"}, "project_unknown"),
            ({"lines": [self._line(Decimal(13))]}, "more_than_twelve_hours_a_day"),
            ({"colour": "red"}, "invalid_request"),
        ]
        wrong, code = self.random.choice(wrongs)
        body = {"project": project, "kind": kind, "lines": [self._line(Decimal(1))], **wrong}
        return [self._declared(service, "hours", company, body, Decimal(0), refusal=code)]

    def _rivals(self) -> list[Order]:
        """Two of one person's day at one company, of which only one can be true: more than twelve hours."""
        service, project, kind, company = self._work()
        line = self._line(Decimal(7))
        body = {"project": project, "kind": kind, "lines": [line]}
        more = {"refusal": "more_than_twelve_hours_a_day", "rival": line["person"]}
        return [self._declared(service, "hours", company, body, Decimal(420), **more) for _ in range(2)]

    def _attestation(self) -> list[Order]:
        declared, which = self._unattested.pop(self.random.randrange(len(self._unattested)))
        return [self._attests(declared, which, gives=declared.awaits)]

    def _attested_again(self) -> list[Order]:
        attested, which = self._attested.pop(self.random.randrange(len(self._attested)))
        return [self._attests(attested, which, refusal="declaration_not_awaiting")]

    def _attests(self, of: Order, id: str, **more: Any) -> Order:
        path = f"declarations/{UUID(id)}{_ATTESTED}"
        return self._order(of.service, path, self.alliance.coordinator, {}, **more)
