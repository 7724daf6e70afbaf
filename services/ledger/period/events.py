"""What closing a period records. Each event names the size of the log that it was worked out from, the number
of entries before it.
"""

from datetime import date
from uuid import UUID

from pydantic import Field

from events.envelope import Event
from money import Money, Ratio


class PeriodClosed(Event, type="alliance.ledger.period_closed.v1"):
    """What comes after this entry with a date up to `ends_on` counts from the day after `ends_on` on."""

    period: str = Field(pattern=r"^[0-9]{4}-H[12]$", examples=["2025-H1"])
    starts_on: date
    ends_on: date
    log_size: int


class ImbalanceDetected(Event, type="alliance.ledger.imbalance_detected.v1"):
    """A member got too little for what it gave: at the end of a window `ratio` lay under `floor`, and `net`
    under minus `threshold`. The charter is the one in force at the window's end.
    """

    member: UUID
    starts_on: date
    """The window's first day; `ends_on` its last."""
    ends_on: date
    contributed: Money
    received: Money
    net: Money
    """Received less contributed."""
    ratio: str
    """Received by contributed, as it is shown: compared was the exact one."""
    floor: Ratio
    threshold: Money
    charter_version: int
    log_size: int


class BalancesSealed(Event, type="alliance.ledger.balances_sealed.v1"):
    """What all members contributed and received in all closed periods: a list of `count` lines, hashed as
    RFC 6962 has it.
    """

    log_size: int
    count: int
    root: str = Field(pattern=r"^[0-9a-f]{64}$")


EVENTS = (PeriodClosed, ImbalanceDetected, BalancesSealed)
