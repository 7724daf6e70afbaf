"""Clearing a member that gave notice: a stream a company, one event a notice. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate
from events.envelope import LIFE, Event, Recorded
from events.errors import Refused
from purchasing.clearing.events import MemberCleared
from standing import Given


@dataclass(frozen=True)
class Clear:
    """Answers the company's last notice, unless something is still open."""

    company: UUID


@dataclass(frozen=True)
class Standing:
    """What this service has of a company: `given.more` of the command. `notice` None: it gave none."""

    notice: UUID | None
    anything_open: bool


@dataclass(frozen=True)
class Clearance:
    """The last notice answered."""

    notice: UUID


def decide(clearance: Clearance | None, command: Clear, given: Given, now: datetime) -> Sequence[Event]:
    stands: Standing = given.more
    if stands.notice is None or (clearance is not None and clearance.notice == stands.notice):
        return []
    if stands.anything_open:
        raise Refused("still_open")
    return [MemberCleared(company=command.company, notice=stands.notice)]


def evolve(clearance: Clearance | None, recorded: Recorded[Any]) -> Clearance:
    return Clearance(recorded.event.notice)


CLEARANCE: Final[Aggregate[Clearance, Given]] = Aggregate(
    "member", evolve, decide, project=lambda stream: LIFE
)
