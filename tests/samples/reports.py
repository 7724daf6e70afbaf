"""An alliance's two years, made up: nine members of which one gives and gets next to nothing for it."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.replay import Replayed
from ledger.audit.report import Checked
from ledger.period.events import ImbalanceDetected, PeriodClosed
from ledger.posting.transactions import Form, Nature, contributed, owed, pending, received
from samples.entries import ALLIANCE, entry, euros
from standing import Standing
from tlog.checkpoints import Checkpoint
from tlog.notes import Signer

COMPANIES = (
    "Acier Durand",
    "Bois & Fils",
    "Charpentes du Forez",
    "Décolletage Roannais",
    "Électricité Martin-Lefèvre et Associés",
    "Fonderie Giraud",
    "Garage Petit",
    "Halle aux Grains",
    "Imprimerie Noël",
)
GIVER = UUID(int=0xC0 + 6)
"""Gives its hours and gets little."""


def company(number: int) -> UUID:
    return UUID(int=0xC0 + number)


def standing(names: tuple[str, ...] = COMPANIES, alliance: str = "Les Ateliers du Forez") -> Standing:
    money = {"amount": "500.00", "currency": "EUR"}
    charter = {
        "version": 1,
        "from_day": "2024-01-01",
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "hourly_rates": {"technical": {"amount": "60.00", "currency": "EUR"}},
        "money_rate": "3.65",
        "purchase_sharing": "equal_price",
        "tender_sharing": "own_work_share",
        "declaration_limit": money,
        "backdating_days": None,
        "coordinator_independent": False,
        "notice_days": 90,
        "floor": {"ratio": "0.50", "window": "half_year", "threshold": money},
    }
    return Standing.model_validate(
        {
            "alliance": ALLIANCE,
            "name": alliance,
            "founded_on": "2024-01-01",
            "charters": [charter],
            "members": {
                company(number): {
                    "company": company(number),
                    "name": name,
                    "status": "active",
                    "since": "2024-01-01",
                }
                for number, name in enumerate(names)
            },
        }
    )


def two_years() -> Iterator[Replayed]:
    """The same each time. Figures of the giver: 24 times 450.00 given, 9 times 61.25 got."""
    index = 0
    for step in range(24):
        day = date(2024 + step // 12, step % 12 + 1, 14)
        for number in range(len(COMPANIES)):
            one, life = company(number), "life"
            hours = "450.00" if one == GIVER else f"{40 + 17 * ((number * 7 + step * 5) % 9)}.50"
            yield entry(
                index,
                contributed(one, Form.OFFICERS, life, Nature.HOURS, euros(hours)),
                booked_on=day,
                type="alliance.members.hours_attested.v1",
            )
            index += 1
            if step % 3 == 0 if one == GIVER else (number + step) % 2:
                saved = "61.25" if one == GIVER else f"{110 + 61 * ((number * 3 + step * 2) % 11)}.15"
                campaign = f"campaign/0197c0de-0000-7000-8000-{step:012d}"
                yield entry(
                    index,
                    received(one, Form.PURCHASING, campaign, Nature.SAVED, euros(saved)),
                    booked_on=day,
                    subject=campaign,
                )
                index += 1
            if number in (0, 3, 4) and step % 4 == 3:
                lot = f"lot/0197c0de-0000-7000-8000-{step:012d}"
                yield entry(
                    index,
                    contributed(one, Form.TENDERS, lot, Nature.HOURS, euros("180.00")),
                    received(one, Form.TENDERS, lot, Nature.MARGIN, euros("1420.40")),
                    pending(one, lot, euros("96.00")),
                    booked_on=day,
                    type="alliance.tenders.payment_received.v1",
                )
                index += 1
            if step == 11:
                obligation = UUID(int=0xB000 + number)
                yield entry(
                    index,
                    contributed(one, Form.DUES, life, Nature.CASH, euros("240.00")),
                    owed(obligation, creditor=None, debtor=one, project=life, amount=euros("12.00")),
                    booked_on=day,
                    type="alliance.members.dues_paid.v1",
                )
                index += 1
        if step in (5, 11, 17):
            half = f"{day.year}-H{1 if day.month < 7 else 2}"
            yield _recorded(index, PeriodClosed.type, {"period": half})
            yield _recorded(
                index + 1,
                ImbalanceDetected.type,
                {
                    "member": str(GIVER),
                    "starts_on": str(date(day.year, 1 if day.month < 7 else 7, 1)),
                    "ends_on": str(date(day.year, 6, 30) if day.month < 7 else date(day.year, 12, 31)),
                    "contributed": {"amount": "2700.00", "currency": "EUR"},
                    "received": {"amount": "122.50", "currency": "EUR"},
                    "net": {"amount": "-2577.50", "currency": "EUR"},
                    "ratio": "0.0454",
                    "floor": "0.50",
                },
            )
            index += 2


def _recorded(index: int, type: str, data: dict[str, object]) -> Replayed:
    made = entry(index, type=type)
    made.head.envelope["data"] = data  # type: ignore[index]
    return made


def checked(size: int = 700) -> Checked:
    signer = Signer("log.example/0190c0de", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    text = Checkpoint("log.example/0190c0de", size, b"r" * 32).text
    note = f"{text}\n{signer.line(text)}".encode()
    return Checked(
        note,
        [signer.verifier],
        "pinned with --key",
        {
            "Signature": "the log’s key signed the checkpoint",
            "Tree": "every entry is under the root",
            "Complete": "no event of any source is missing",
            "Replayed": "closed periods are as sealed",
        },
    )
