"""What is published of what members declare to have given: one shape, under each service's wire names.

`alliance.<service>.contribution_declared.v1`, `.contribution_attested.v1`, `.contribution_contested.v1`,
`.contribution_arbitrated.v1`, `.declaration_reversed.v1`. The envelope names project, charter and posting
date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Hours, Money

Person = Annotated[
    str, Field(pattern="^[0-9a-f]{32}$", description="A person's id, as the directory has it.")
]


class Nature(StrEnum):
    """What was given."""

    HOURS = "hours"
    MEANS = "means"


class Line(BaseModel):
    """Hours that one person worked from one day to another, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Person
    first_day: date
    last_day: date
    hours: Hours


class Work(BaseModel):
    """What was given and its value: hours × rate, or an amount of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: tuple[Line, ...] = ()
    rate: Money | None = None
    """An hour; None for means."""
    value: Money


class Contribution(Event):
    """Of whom, of what form of alliance, and how: repeated in each event that may post."""

    declaration: UUID
    company: UUID
    form: str
    nature: Nature
    kind: str
    """A kind of work or of tariff of the charter, or what the means are called."""


class Declared(Contribution):
    """A company says what it gave. With `counts` that is enough; else the event that attests it posts."""

    work: Confidential[Work]
    evidence: Digest | None
    counts: bool
    independent_only: bool
    """It is the coordinator's own: only the independent person may attest it."""
    counterparty: UUID | None
    """The company whose people may attest it too."""
    replaces: UUID | None
    """The declaration, reversed, in whose place this one stands."""


class Attested(Contribution):
    """The other side agrees: it counts, on the posting date."""

    value: Confidential[Money]
    attested_on: date


class Contested(Contribution):
    """The other side does not agree: it counts for nothing until it is arbitrated."""

    why: Digest


class Arbitrated(Contribution):
    """What the independent person found right counts; nothing where the value is 0."""

    work: Confidential[Work]
    why: Digest
    arbitrated_on: date


class Reversed(Contribution):
    """It counts no more. `event` is the id of the event that posted it; None where none did."""

    event: str | None
    why: Digest
    reversed_on: date


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Vocabulary:
    """The event classes of one service."""

    declared: type[Declared]
    attested: type[Attested]
    contested: type[Contested]
    arbitrated: type[Arbitrated]
    reversed: type[Reversed]

    @property
    def events(self) -> Sequence[type[Event]]:
        return (self.declared, self.attested, self.contested, self.arbitrated, self.reversed)


@cache
def vocabulary(service: str) -> Vocabulary:
    """Always the same classes for a service: posting rules and projectors are found by class."""

    def named(name: str, wire: str, base: type[E]) -> type[E]:
        arguments: Any = {"type": f"alliance.{service}.{wire}.v1"}
        return create_model(
            name, __base__=base, __cls_kwargs__=arguments, __module__=__name__, __doc__=base.__doc__
        )

    return Vocabulary(
        named("ContributionDeclared", "contribution_declared", Declared),
        named("ContributionAttested", "contribution_attested", Attested),
        named("ContributionContested", "contribution_contested", Contested),
        named("ContributionArbitrated", "contribution_arbitrated", Arbitrated),
        named("DeclarationReversed", "declaration_reversed", Reversed),
    )
