"""Entries of a log with what they post, made by hand: for journals and reports, which only read them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

from events.envelope import Head
from events.ids import AllianceId
from ledger.audit.replay import Replayed
from ledger.posting.legs import legs_of
from ledger.posting.posted import Posted
from ledger.posting.transactions import Form, Line, Nature, contributed, owed, pending, received
from money import Money

ALLIANCE = AllianceId(UUID(int=0xA111A5CE))
ACIER, BOIS = UUID(int=0xAC1E4), UUID("b0150000-0000-4000-8000-000000000000")
NAMES = {ACIER: "Acier Durand", BOIS: "Bois & Fils"}
OBLIGATION = UUID(int=0x0B)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def entry(
    index: int,
    *lines: Line,
    booked_on: date = date(2025, 3, 1),
    effective_on: date | None = None,
    type: str = "alliance.purchasing.campaign_settled.v1",
    subject: str = "campaign/1",
    id: str | None = None,
) -> Replayed:
    head = Head(
        id=id or str(UUID(int=index)),
        service="purchasing",
        alliance=ALLIANCE,
        sequence=index + 1,
        type=type,
        envelope={"subject": subject},
    )
    legs = [leg for line in lines for leg in legs_of(line)]
    return Replayed(head, Posted(index, effective_on or booked_on, booked_on, legs), sealed=False)


def of_every_kind() -> Sequence[Replayed]:
    """One entry for each side, one that posts nothing, one of three commodities, one booked later."""
    campaign = "campaign/1"
    return [
        entry(0),
        entry(1, contributed(ACIER, Form.OFFICERS, "life", Nature.HOURS, euros("123.45"))),
        entry(
            2,
            received(ACIER, Form.PURCHASING, campaign, Nature.SAVED, euros("1000.10")),
            received(BOIS, Form.PURCHASING, campaign, Nature.SAVED, euros("-0.07")),
        ),
        entry(3, pending(BOIS, "lot/3/with-a-hyphen", euros("9999999999999.99"))),
        entry(
            4,
            owed(OBLIGATION, creditor=ACIER, debtor=None, project="life", amount=euros("12.00")),
            booked_on=date(2025, 7, 1),
            effective_on=date(2025, 6, 30),
        ),
        entry(
            5,
            contributed(BOIS, Form.TENDERS, "lot/3", Nature.MEANS, Money.of("7", "JPY")),
            contributed(BOIS, Form.TENDERS, "lot/3", Nature.GUARANTEE, Money.of("1.234", "TND")),
            contributed(BOIS, Form.TENDERS, "lot/3", Nature.CASH, euros("0.00")),
        ),
        entry(6, contributed(ACIER, Form.OFFICERS, "life", Nature.HOURS, euros("-123.45"))),
    ]


def many(count: int) -> Iterator[Replayed]:
    """The same for the same count; a day more each hundred entries."""
    for index in range(count):
        company = ACIER if index % 3 else BOIS
        yield entry(
            index,
            contributed(company, Form.PURCHASING, f"campaign/{index % 50}", Nature.HOURS, euros("10.01")),
            received(company, Form.PURCHASING, f"campaign/{index % 50}", Nature.SAVED, euros("25.00")),
            booked_on=date(2024, 1, 1) + timedelta(days=index // 100 % 700),
        )
