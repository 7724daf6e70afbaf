"""A year of an alliance in which no two private figures are alike, nor any sum or multiple of some another.

`dourvel` takes part in everything and leads the tender, `lumiel` in nothing but the common life; the others'
figures are to be found by neither. Volumes and amounts are so large and so odd that none turns up by chance.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from rigs.operations import Json
from rigs.walk import MEMBERS, Walk
from samples.charter import euros

Buyer = tuple[int, str, int, int, str]

EVERYBODY: Final = (*MEMBERS, "lumiel")
TERMS: Final[Mapping[str, Any]] = {
    "hourly_rates": {
        "administration": euros("4127.39"),
        "coordination": euros("5218.61"),
        "bid_preparation": euros("6143.17"),
    },
    "dues": [
        {"from_staff": 0, "amount": euros("30119.53")},
        {"from_staff": 100, "amount": euros("50321.71")},
        {"from_staff": 250, "amount": euros("80449.87")},
    ],
    "tariffs": {"reference": euros("50787.43")},
}

# What each expects to buy, what it paid so far, what it commits to, tolerance and highest price.
BUYERS: Final[Mapping[str, Buyer]] = {
    "aubrelle": (150_473, "1911.417311", 140_989, 2_203, "2131.277317"),
    "dourvel": (90_247, "1897.113953", 93_383, 1_709, "2117.711903"),
    "valbrune": (60_719, "1883.733119", 61_357, 1_327, "2103.391471"),
    "castrelle": (80_341, "1907.231779", 78_791, 1_511, "2161.931753"),
}
# What was committed to a campaign that came to nothing.
MISSED: Final = {"aubrelle": 139_021, "dourvel": 92_863, "castrelle": 77_713}
SHARES: Final = {"dourvel": "41.3271", "valbrune": "33.9173", "castrelle": "24.7556"}
MARGINS: Final = {"dourvel": "7.3919", "valbrune": "5.1283", "castrelle": "8.6477"}
HOURS: Final = {"dourvel": "83.47", "valbrune": "61.19", "castrelle": "97.73"}
PAYMENTS: Final = (
    ("9731517.83", {"dourvel": "4013229.71", "valbrune": "3301447.29", "castrelle": "2416840.83"}),
    ("3117409.37", {"dourvel": "1288341.13", "valbrune": "1057393.57", "castrelle": "771674.67"}),
)
CALLED: Final = {"dourvel": (240, "000001073"), "valbrune": (180, "000001149")}
"""Whose dues are called: people employed, and SIREN number."""

BODIES: Final[Mapping[str, Json]] = {
    "": {"reason": "For once.", "sharing_method": "volume", "price": euros("900000.00")},
    "members.cast_vote": {"company": "", "vote": "for"},
    "purchasing.commit_quantity": {"company": "", "quantity": 91_009},
    "purchasing.prefinance_purchase": {"company": "", "amount": euros("500000.00")},
    "purchasing.receive_goods": {"quantity": 1_000, "last": True},
    "purchasing.record_invoice": {"quantity": 374_520, "goods": euros("700000000.00")},
    "purchasing.settle_campaign": {"due_on": "2026-03-31"},
    "purchasing.extend_campaign": {"until": "2026-03-31"},
    "purchasing.cancel_campaign": {"reason": "Too few took part."},
    "purchasing.accept_round_up": {"company": "", "at_most": 5_000},
    "purchasing.declare_means": {"company": "", "kind": "storage", "amount": euros("350.00")},
    "tenders.declare_means": {"company": "", "kind": "reference", "project": "life"},
    "tenders.recompose_consortium": {"form": "several", "members": [str(uuid4()), str(uuid4())], "lots": [1]},
    "tenders.declare_terms": {"company": "", "margin": "6.1313", "could_bid_alone": False},
}
"""What a reader tries that the year has not come to; `company` becomes its own."""


class Year:
    """`day` is the business date of what is done."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.days: list[str] = []

    @property
    def day(self) -> str:
        return self.days[-1]

    async def do(self, name: str, by: str = "coordinator", **body: Any) -> Any:
        return await self.walk.ask(name, by, {"effective_on": self.day, **body})

    def on(self, day: str) -> None:
        self.days.append(day)

    async def made(self, known: str, name: str, by: str = "coordinator", **body: Any) -> None:
        answer = await self.do(name, by, **body)
        self.walk.known[known] = answer["id"]


async def hours(
    year: Year, service: str, by: str, project: str, many: str, kind: str = "coordination"
) -> None:
    """Declared and attested."""
    await declared(year, service, by, project, many, kind)
    await year.do(f"{service}.attest_declaration")


async def declared(year: Year, service: str, by: str, project: str, many: str, kind: str) -> None:
    line = {
        "person": year.walk.person(by),
        "first_day": "2025-01-06",
        "last_day": "2025-01-31",
        "hours": many,
    }
    await year.made(
        "declaration",
        f"{service}.declare_hours",
        by,
        company=year.walk.companies[by],
        project=project,
        kind=kind,
        lines=[line],
    )


async def paid(year: Year, service: str, attester: str) -> None:
    """All that members owe in the service, by themselves; of dues and of what is owed to others."""
    for by, company in year.walk.companies.items():
        owed = await year.walk.ask(f"{service}.list_obligations", by, query={"party": company})
        for item in owed["items"]:
            if item["debtor"] == company and item["state"] == "incurred":
                year.walk.known["obligation"] = item["id"]
                await year.do(f"{service}.declare_payment", by)
                creditor = next(
                    (one for one, other in year.walk.companies.items() if other == item["creditor"]), attester
                )
                await year.do(f"{service}.attest_payment", creditor)
