"""What joint tendering posts: benefit expected and recognised, and how a lost lot is evened out."""

from collections.abc import Sequence
from typing import Final

from events.envelope import Recorded
from ledger.posting.shared import rules_of
from ledger.posting.transactions import (
    Form,
    Line,
    Nature,
    Reversal,
    Rules,
    contributed,
    pending,
    received,
)
from tenders.bid.events import BidLost
from tenders.contract.events import (
    ContractCompleted,
    ContractPaymentRecognised,
    ContractPaymentReversed,
    ContractPrepared,
    ContractTerminated,
)


def bid_lost(recorded: Recorded[BidLost]) -> Sequence[Line]:
    """Who bore more is paid: its hours go down. Who bore less pays: cash, the hours it spared itself."""
    lines = []
    for row in recorded.event.costs:
        gap = row.value.share - row.value.borne
        if gap.amount:
            nature = Nature.CASH if gap.amount > 0 else Nature.HOURS
            lines.append(contributed(row.owner, Form.TENDERS, recorded.project, nature, gap))
    return lines


def contract_prepared(recorded: Recorded[ContractPrepared]) -> Sequence[Line]:
    return [
        pending(row.owner, recorded.project, row.value.benefit)
        for row in recorded.event.expected
        if row.value.benefit.amount
    ]


def payment_recognised(recorded: Recorded[ContractPaymentRecognised]) -> Sequence[Line]:
    """The benefit counts, and is expected no longer."""
    lines = []
    for row in recorded.event.recognised:
        got, released = row.value.benefit, row.value.released
        if got.amount:
            lines.append(received(row.owner, Form.TENDERS, recorded.project, Nature.MARGIN, got))
        if released.amount:
            lines.append(pending(row.owner, recorded.project, -released))
    return lines


def payment_reversed(recorded: Recorded[ContractPaymentReversed]) -> Sequence[Reversal]:
    return [Reversal(recorded.event.recognised_by)]


def contract_over(recorded: Recorded[ContractCompleted | ContractTerminated]) -> Sequence[Line]:
    """What was not paid by then falls away."""
    return [
        pending(row.owner, recorded.project, -row.value)
        for row in recorded.event.released
        if row.value.amount
    ]


RULES: Final[Rules] = {
    **rules_of("tenders"),
    BidLost: bid_lost,
    ContractPrepared: contract_prepared,
    ContractPaymentRecognised: payment_recognised,
    ContractPaymentReversed: payment_reversed,
    ContractCompleted: contract_over,
    ContractTerminated: contract_over,
}
