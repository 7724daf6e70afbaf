"""Campaigns in the tests' own hands: commands decided and events evolved, without a database; and the story's
first two purchases (P1: training places, P2: stretch film).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from events.decision import Placed
from events.digest import Digest
from events.envelope import Event, Recorded
from events.ids import AllianceId, PersonId
from money import Money, Price
from purchasing.campaign import commands
from purchasing.campaign.domain import decide
from purchasing.campaign.events import Commitment, FormerPrice, Group, Need, Offer, Tier
from purchasing.campaign.state import Campaign, evolve
from sharing import Method, TierKind
from standing import Charter, Given, Granted, Member, Role, Standing, Status

ALLIANCE = AllianceId(UUID(int=1))
CAMPAIGN = UUID(int=2)
QUOTE = UUID(int=3)
TEXT = Digest(document=UUID(int=4), sha256="0" * 64)
COORDINATOR, INDEPENDENT = PersonId("c" * 32), PersonId("1" * 32)
OBLIGATIONS = tuple(UUID(int=1000 + number) for number in range(60))
FOUNDED = date(2025, 1, 2)

P1_PLACES = {
    "Aubrelle": 50,
    "Dourvel": 20,
    "Valbrune": 18,
    "Castrelle": 12,
    "Tarvieux": 32,
    "Ormeval": 8,
    "Névelin": 10,
    "Gravelot": 20,
    "Cartovel": 14,
    "Sélunel": 6,
    "Morvaine": 16,
    "Halvard": 8,
    "Pérénia": 6,
    "Clairvigne": 30,
    "Bocagel": 6,
    "Combrelle": 19,
    "Lumiel": 10,
}
P1_FORMER_PRICES = {"Dourvel": "170.00", "Castrelle": "220.00", "Tarvieux": "250.00"}
P1_SHAPLEY = {
    "Aubrelle": "7060.41",
    "Dourvel": "2790.09",
    "Valbrune": "2509.49",
    "Castrelle": "1673.78",
    "Tarvieux": "4491.59",
    "Ormeval": "1114.97",
    "Névelin": "1394.25",
    "Gravelot": "2790.09",
    "Cartovel": "1952.76",
    "Sélunel": "836.00",
    "Morvaine": "4348.93",
    "Halvard": "1114.97",
    "Pérénia": "836.00",
    "Clairvigne": "4207.15",
    "Bocagel": "836.00",
    "Combrelle": "2649.27",
    "Lumiel": "1394.25",
}
"""What each would pay had they chosen Shapley, Morvaine with the surplus."""
P1_TIERS = ((1, "240.00"), (50, "210.00"), (150, "170.00"), (300, "140.00"))
P2_ROLLS = {"Sélunel": 300, "Gravelot": 1200, "Combrelle": 1800}
P2_TIERS = ((0, "10.00"), (1500, "9.50"), (3000, "9.00"), (7500, "8.50"))

NAMES = tuple(P1_PLACES)


def company(name: str) -> UUID:
    return UUID(int=100 + NAMES.index(name))


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def price(amount: str) -> Price:
    return Price.of(amount, "EUR")


def offer(tiers: Sequence[tuple[int, str]], **other: Any) -> Offer:
    terms = {
        "kind": TierKind.ALL_UNITS,
        "pack_size": 1,
        "minimum_order": 0,
        "delivery": euros("0.00"),
        "valid_until": None,
        **other,
    }
    return Offer(tiers=tuple(Tier(from_quantity=start, price=price(one)) for start, one in tiers), **terms)


def need(quantity: int, former: str | None = None, invoiced_on: date = date(2024, 11, 4)) -> Need:
    paid = FormerPrice(price=price(former), invoiced_on=invoiced_on) if former else None
    return Need(expected_quantity=quantity, former_price=paid)


def commitment(quantity: int, tolerance: int = 0, maximum: str | None = None) -> Commitment:
    return Commitment(
        quantity=quantity, tolerance=tolerance, maximum_price=price(maximum) if maximum else None
    )


def invoice(quantity: int, goods: str, delivery: str = "0.00") -> Group:
    return Group(quantity=quantity, goods=euros(goods), delivery=euros(delivery))


def charter(version: int = 1, from_day: date = FOUNDED, **terms: Any) -> Charter:
    return Charter.model_validate(
        {
            "version": version,
            "from_day": from_day,
            "currency": "EUR",
            "time_zone": "Europe/Paris",
            "hourly_rates": {"coordination": {"amount": "45.00", "currency": "EUR"}},
            "money_rate": "3.65",
            "purchase_sharing": "equal_price",
            "tender_sharing": "own_work_share",
            "declaration_limit": {"amount": "200.00", "currency": "EUR"},
            "backdating_days": None,
            "coordinator_independent": False,
            "notice_days": 90,
            **terms,
        }
    )


def standing(*charters: Charter, statuses: dict[str, Status] | None = None) -> Standing:
    """The seventeen of the story, active unless `statuses` say otherwise; directors have the id's digits."""
    members = {
        company(name): Member(
            company=company(name),
            name=name,
            status=(statuses or {}).get(name, Status.ACTIVE),
            since=FOUNDED,
        )
        for name in NAMES
    }
    roles = [
        Granted(person=COORDINATOR, role=Role.COORDINATOR),
        Granted(person=COORDINATOR, role=Role.DELEGATE, company=company("Dourvel")),
        Granted(person=INDEPENDENT, role=Role.INDEPENDENT),
        *(Granted(person=one.hex, role=Role.DIRECTOR, company=one) for one in members),
    ]
    return Standing(
        alliance=ALLIANCE,
        name="Alliance des Trois-Rives",
        founded_on=FOUNDED,
        charters=charters or (charter(),),
        members=members,
        roles=tuple(roles),
    )


@dataclass
class Played:
    """A campaign played in memory: `do` decides and evolves, `events` is all that was recorded."""

    where: Standing = field(default_factory=standing)
    day: date = date(2025, 1, 17)
    campaign: Campaign | None = None
    events: list[Recorded[Any]] = field(default_factory=list)

    @property
    def now(self) -> Campaign:
        assert self.campaign is not None
        return self.campaign

    def do(
        self, command: object, caller: PersonId = INDEPENDENT, on: date | None = None
    ) -> list[Recorded[Any]]:
        """Returns what was recorded; `on` moves the day on."""
        self.day = on or self.day
        now = datetime(2025, 12, 31, tzinfo=UTC)
        given = Given(self.where, caller, now, self.day)
        decided = [
            item if isinstance(item, Placed) else Placed(item)
            for item in decide(self.campaign, command, given, now)
        ]
        new = [self._recorded(placed, given, number) for number, placed in enumerate(decided)]
        for one in new:
            if one.stream == f"campaign/{CAMPAIGN}":
                self.campaign = evolve(self.campaign, one)
        self.events += new
        return new

    def _recorded(self, placed: Placed, given: Given, number: int) -> Recorded[Event]:
        sequence = len(self.events) + number + 1
        return Recorded(
            id=str(UUID(int=10_000 + sequence)),
            service="purchasing",
            alliance=ALLIANCE,
            stream=placed.stream or f"campaign/{CAMPAIGN}",
            version=sequence,
            sequence=sequence,
            time=given.now,
            actor=given.caller,
            correlation="",
            causation=None,
            effective_on=placed.effective_on or given.effective_on,
            charter_version=(
                given.charter_version if placed.charter_version is None else placed.charter_version
            ),
            project=placed.project or f"campaign/{CAMPAIGN}",
            event=placed.event,
        )

    def of(self, kind: type[Event]) -> list[Recorded[Any]]:
        return [one for one in self.events if isinstance(one.event, kind)]

    def collect(self, chosen: Offer, *, minimum: int = 1, former: dict[str, str] | None = None) -> "Played":
        """To collecting commitments at one quote, with these former prices."""
        self.do(commands.DraftCampaign(TEXT, TEXT, "place", minimum, None))
        self.do(commands.InviteNeeds())
        for name, amount in (former or {}).items():
            self.do(commands.RecordNeed(company(name), need(10, amount), None, TEXT))
            self.do(commands.AttestFormerPrice(company(name), price(amount)))
        self.do(commands.InviteQuotes())
        self.do(commands.RecordQuote(QUOTE, TEXT, chosen))
        self.do(commands.ChooseQuote(QUOTE))
        self.do(commands.InviteCommitments())
        return self

    def commit(self, quantities: dict[str, int]) -> "Played":
        for name, quantity in quantities.items():
            self.do(commands.Commit(company(name), commitment(quantity)))
        return self

    def deliver(self, goods: str, delivery: str = "0.00", on: date | None = None) -> "Played":
        """From frozen to allocated: all of it comes at once."""
        assert self.now.group is not None
        quantity = self.now.group.quantity
        if self.now.state == "frozen":
            self.do(commands.Order())
        self.do(commands.Receive(quantity, last=True), on=on)
        self.do(commands.RecordInvoice(invoice(quantity, goods, delivery)))
        self.do(commands.Allocate())
        return self


def first_purchase(where: Standing | None = None) -> Played:
    """P1 up to its settlement on 15 March, prefinanced by Clairvigne."""
    played = Played(where or standing()).collect(
        offer(P1_TIERS, pack_size=10), minimum=100, former=P1_FORMER_PRICES
    )
    played.commit(P1_PLACES)
    played.do(commands.CompareMethods())
    played.do(commands.AcceptRoundUp(company("Morvaine"), 15))
    played.do(commands.Freeze(), on=date(2025, 1, 31))
    played.do(commands.Order(), on=date(2025, 2, 3))
    played.do(commands.Prefinance(company("Clairvigne"), euros("42000.00")))
    played.do(commands.AttestPrefinancing())
    played.deliver("42000.00", on=date(2025, 3, 15))
    played.do(commands.Settle(date(2025, 3, 31), OBLIGATIONS))
    return played


def second_purchase() -> Played:
    """P2 up to its settlement: Shapley, and a delivery to be split."""
    played = Played(day=date(2025, 3, 10)).collect(
        offer(P2_TIERS, pack_size=12, delivery=euros("500.00")), minimum=1
    )
    played.commit(P2_ROLLS)
    played.do(commands.CompareMethods())
    played.do(commands.ChooseMethod(Method.SHAPLEY))
    played.do(commands.Freeze(), on=date(2025, 3, 24))
    played.deliver("29700.00", "500.00", on=date(2025, 5, 22))
    played.do(commands.Settle(None, OBLIGATIONS))
    return played
