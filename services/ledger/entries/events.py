"""What the ledger itself records in a log."""

from events.envelope import Event


class LogOpened(Event, type="alliance.ledger.log_opened.v1"):
    """The first entry of a log; `origin` is its name for ever, and the name of its key."""

    origin: str


EVENTS = (LogOpened,)
