"""What is published of dues; what is owed stands in the obligation of the same command."""

from datetime import date
from uuid import UUID

from events.envelope import Event


class DuesCalled(Event, type="alliance.members.dues_called.v1"):
    """A company is called for a calendar year, once."""

    year: int
    company: UUID
    staff: int
    """People, as its card said: the charter's tier goes by it."""
    due_on: date
    obligation: UUID | None
    """None where the tier asks for nothing."""


EVENTS = (DuesCalled,)
