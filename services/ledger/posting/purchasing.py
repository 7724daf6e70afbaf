"""What group purchasing posts: benefit expected and recognised, and what prefinancing cost."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from events.envelope import Recorded
from ledger.posting.shared import rules_of
from ledger.posting.transactions import Form, Line, Nature, Rules, contributed, pending, received
from money import Money
from purchasing.campaign.events import (
    CampaignCancelled,
    CampaignFrozen,
    CampaignSettled,
    CostsAllocated,
    PrefinancingCounted,
)


def _change(member: UUID, project: str, amount: Money) -> list[Line]:
    return [pending(member, project, amount)] if amount.amount else []


def frozen(recorded: Recorded[CampaignFrozen]) -> Sequence[Line]:
    rows = recorded.event.rows
    return [line for row in rows for line in _change(row.owner, recorded.project, row.value.benefit)]


def cancelled(recorded: Recorded[CampaignCancelled]) -> Sequence[Line]:
    rows = recorded.event.fallen_away
    return [line for row in rows for line in _change(row.owner, recorded.project, -row.value)]


def allocated(recorded: Recorded[CostsAllocated]) -> Sequence[Line]:
    """What is expected becomes what was worked out from invoice and delivery."""
    return [
        line
        for row in recorded.event.rows
        for line in _change(row.owner, recorded.project, row.value.benefit - row.value.expected)
    ]


def settled(recorded: Recorded[CampaignSettled]) -> Sequence[Line]:
    """The benefit counts, also one of nothing or less, and is expected no longer."""
    lines = []
    for row in recorded.event.rows:
        benefit = row.value.benefit
        lines.append(received(row.owner, Form.PURCHASING, recorded.project, Nature.SAVED, benefit))
        lines += _change(row.owner, recorded.project, -benefit)
    return lines


def prefinancing_counted(recorded: Recorded[PrefinancingCounted]) -> Sequence[Line]:
    event = recorded.event
    return [
        contributed(event.company, Form.PURCHASING, recorded.project, Nature.CASH, count.value.contribution)
        for count in event.counts
    ]


RULES: Final[Rules] = {
    **rules_of("purchasing"),
    CampaignFrozen: frozen,
    CampaignCancelled: cancelled,
    CostsAllocated: allocated,
    CampaignSettled: settled,
    PrefinancingCounted: prefinancing_counted,
}
