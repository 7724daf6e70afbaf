"""Entries of the directory. What they say never comes here: the rows are written beside the events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.decision import Aggregate
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, NotFound, Refused
from events.ids import PersonId
from members.directory.events import PersonErased, PersonRegistered
from standing import Given


@dataclass(frozen=True)
class Register:
    person: PersonId
    company: UUID | None


@dataclass(frozen=True)
class Correct:
    """Another name or address for the same person; `company` is the one that the entry names."""

    person: PersonId
    company: UUID | None


@dataclass(frozen=True)
class Erase:
    """Forgets a person; `company` is the one that the entry names."""

    person: PersonId
    company: UUID | None


@dataclass(frozen=True)
class Entry:
    known: bool


def id_of(person: PersonId) -> UUID:
    """A person id has the 128 bits of a UUID."""
    return UUID(hex=person)


def decide(entry: Entry | None, command: Any, given: Given, now: datetime) -> Sequence[Event]:
    known = entry is not None and entry.known
    match command:
        case Register(person=person, company=company):
            if company is not None and company not in given.standing.members:
                raise Invalid("company_unknown", pointer="/company")
            if known:
                raise Refused("person_registered_already")
            return [PersonRegistered(person=person)]
        case Correct(person=person):
            if not known:
                raise NotFound("person_unknown")
            return [PersonRegistered(person=person)]
        case Erase(person=person):
            if not known:
                raise NotFound("person_unknown")
            return [PersonErased(person=person)]
    raise TypeError(command)


def evolve(entry: Entry | None, recorded: Recorded[Any]) -> Entry:
    return Entry(known=isinstance(recorded.event, PersonRegistered))


PERSON: Aggregate[Entry, Given] = Aggregate("person", evolve, decide, project=lambda stream: LIFE)
