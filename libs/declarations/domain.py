"""A declaration of hours or means: commands, state, decisions. Pure.

declared → attested | contested → arbitrated; counted at once up to the charter's limit. Whatever its state,
it can be reversed, once; another one then stands in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from declarations.events import (
    Arbitrated,
    Attested,
    Contested,
    Contribution,
    Declared,
    Line,
    Nature,
    Reversed,
    Work,
    vocabulary,
)
from declarations.project import Project
from declarations.worth import amount_of, hours_at, require_days, worth_of_hours, worth_of_means
from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import Recorded
from events.errors import Invalid, NotFound, Refused
from events.sealing import Confidential
from money import Money
from standing import Given, Role, Standing


class State(StrEnum):
    """Where a declaration stands."""

    DECLARED = "declared"
    COUNTED = "counted"
    ATTESTED = "attested"
    CONTESTED = "contested"
    ARBITRATED = "arbitrated"
    REVERSED = "reversed"


COUNTING = frozenset({State.COUNTED, State.ATTESTED, State.ARBITRATED})


@dataclass(frozen=True)
class DeclareHours:
    """Hours of work for a project; they are worth the pinned charter's rate for their kind."""

    declaration: UUID
    company: UUID
    project: str
    kind: str
    lines: tuple[Line, ...]
    evidence: Digest | None = None
    replaces: UUID | None = None


@dataclass(frozen=True)
class DeclareMeans:
    """Means lent or given: worth the charter's tariff, or an amount with evidence."""

    declaration: UUID
    company: UUID
    project: str
    kind: str
    amount: Money | None
    evidence: Digest | None = None
    replaces: UUID | None = None


@dataclass(frozen=True)
class Attest:
    """It is so."""


@dataclass(frozen=True)
class Contest:
    """It is not so; why stands in a document."""

    why: Digest


@dataclass(frozen=True)
class Arbitrate:
    """What is right: `lines` of hours, or an `amount` of means; none, or 0, where nothing is."""

    lines: tuple[Line, ...]
    amount: Money | None
    why: Digest


@dataclass(frozen=True)
class Reverse:
    """It was wrong; why stands in a document."""

    why: Digest


@dataclass(frozen=True)
class Declaration:
    """What a company has declared."""

    id: UUID
    company: UUID
    project: str
    charter_version: int
    form: str
    nature: Nature
    kind: str
    work: Work
    posted_on: date
    """The one date on which it counts."""
    independent_only: bool
    counterparty: UUID | None
    state: State
    posted_by: str | None = None
    """The id of the event that posts it."""


@dataclass(frozen=True)
class Other:
    """A line of another declaration that stands."""

    company: UUID
    counts: bool
    """By itself, attested or arbitrated: not while it is only declared or contested."""
    line: Line


@dataclass(frozen=True)
class Rests:
    """What decisions on declarations need beyond `Given`, loaded under the lock (`given.more`)."""

    project: Project | None = None
    others: tuple[Other, ...] = ()
    """Hours of the same people in all declarations that stand, but for this one."""
    hours_spent: Decimal = Decimal(0)
    """By the company for the project, in declarations that stand."""
    replaced: "Replaced | None" = None


@dataclass(frozen=True)
class Replaced:
    """The declaration that the new one names as the one it replaces."""

    company: UUID
    project: str
    state: State
    replaced: bool
    """Another one stands in its place already."""


def decide(
    service: str, declaration: Declaration | None, command: object, given: Given, now: datetime
) -> Sequence[Placed]:
    match command:
        case DeclareHours() | DeclareMeans():
            return [_declared(service, command, given)]
    if declaration is None:
        raise NotFound("declaration_unknown")
    words, about = vocabulary(service), _about(declaration)
    if given.effective_on < declaration.posted_on:
        raise Invalid("before_declaration", pointer="/effective_on")
    match command:
        case Attest():
            _require(declaration, State.DECLARED, "declaration_not_awaiting")
            if declaration.work.rate is not None:
                require_days(declaration.work.lines, _counted_beside(declaration, given), pointer=None)
            value = Confidential[Money](owner=declaration.company, open=declaration.work.value)
            event: Contribution = words.attested(**about, value=value, attested_on=given.effective_on)
        case Contest(why=why):
            _require(declaration, State.DECLARED, "declaration_not_awaiting")
            event = words.contested(**about, why=why)
        case Arbitrate(why=why):
            _require(declaration, State.CONTESTED, "declaration_not_contested")
            work = Confidential[Work](
                owner=declaration.company, open=_found_right(declaration, command, given)
            )
            event = words.arbitrated(**about, work=work, why=why, arbitrated_on=given.effective_on)
        case Reverse(why=why):
            if declaration.state is State.REVERSED:
                raise Refused("declaration_reversed_already")
            event = words.reversed(
                **about, event=declaration.posted_by, why=why, reversed_on=given.effective_on
            )
        case _:
            raise TypeError(command)
    return [
        Placed(
            event,
            project=declaration.project,
            charter_version=declaration.charter_version,
            effective_on=declaration.posted_on,
        )
    ]


def _require(declaration: Declaration, state: State, otherwise: str) -> None:
    if declaration.state is not state:
        raise Refused(otherwise)


def _declared(service: str, command: DeclareHours | DeclareMeans, given: Given) -> Placed:
    given.member(command.company)
    rests: Rests = given.more
    project = rests.project
    assert project is not None
    charter = (
        given.charter
        if project.charter_version is None
        else given.standing.charter_numbered(project.charter_version)
    )
    if command.replaces is not None:
        _require_reversed(command, rests.replaced)
    if isinstance(command, DeclareHours):
        nature = Nature.HOURS
        work = worth_of_hours(
            command.lines,
            command.kind,
            project,
            charter,
            # Of the company alone: that another one's hours leave no room would tell how many they are.
            others=[other.line for other in rests.others if other.company == command.company],
            spent=rests.hours_spent,
            posted_on=given.effective_on,
        )
    else:
        nature = Nature.MEANS
        evidence = command.evidence is not None
        work = worth_of_means(command.kind, command.amount, project, charter, has_evidence=evidence)
    own = _of_coordinator(given.standing, command.company, work.lines) or given.has(Role.COORDINATOR)
    shared = any(other.counts and other.company != command.company for other in rests.others)
    event = vocabulary(service).declared(
        declaration=command.declaration,
        company=command.company,
        form=project.form,
        nature=nature,
        kind=command.kind,
        work=Confidential[Work](owner=command.company, open=work),
        evidence=command.evidence,
        # The coordinator attests what others declare: nothing of its own counts without being looked at.
        # Nor is a declaration enough for somebody who works for another company too: whether the days of all
        # its hours are long enough is seen when it is attested.
        counts=work.value <= charter.declaration_limit and not own and not shared,
        independent_only=own,
        counterparty=project.counterparty,
        replaces=command.replaces,
    )
    return Placed(event, project=project.name, charter_version=charter.version)


def _require_reversed(command: DeclareHours | DeclareMeans, replaced: Replaced | None) -> None:
    if replaced is None or (replaced.company, replaced.project) != (command.company, command.project):
        raise Invalid("replaced_unknown", pointer="/replaces")
    if replaced.state is not State.REVERSED:
        raise Refused("replaced_stands", pointer="/replaces")
    if replaced.replaced:
        raise Refused("replaced_already", pointer="/replaces")


def _found_right(declaration: Declaration, command: Arbitrate, given: Given) -> Work:
    declared = declaration.work
    if declared.rate is None:
        if command.lines:
            raise Invalid("hours_of_no_work", pointer="/lines")
        work = Work(value=amount_of(command.amount, declared.value.currency))
    else:
        if command.amount is not None:
            raise Invalid("amount_of_work", pointer="/amount")
        others = _counted_beside(declaration, given)
        work = hours_at(declared.rate, command.lines, others=others, posted_on=declaration.posted_on)
    if work.value > declared.value:
        raise Invalid("more_than_declared", pointer="/lines" if declared.rate else "/amount")
    return work


def _counted_beside(declaration: Declaration, given: Given) -> Sequence[Line]:
    """The same people's hours of the company, and of the others those that count."""
    rests: Rests = given.more
    return [other.line for other in rests.others if other.counts or other.company == declaration.company]


def _of_coordinator(standing: Standing, company: UUID, lines: Sequence[Line]) -> bool:
    coordinators = {granted.person for granted in standing.roles if granted.role is Role.COORDINATOR}
    return any(
        granted.company == company and granted.person in coordinators for granted in standing.roles
    ) or any(line.person in coordinators for line in lines)


def attestable_by(declaration: Declaration, given: Given) -> bool:
    """Whether the caller is the other side of it, who attests or contests: the coordinator or who acts for
    the counterparty; of what is the coordinator's own, only the independent person. Nobody for its own
    company.
    """
    if given.acts_for(declaration.company):
        return False
    if given.has(Role.INDEPENDENT):
        return True
    if declaration.independent_only or _of_coordinator(
        given.standing, declaration.company, declaration.work.lines
    ):
        return False
    counterparty = declaration.counterparty
    return given.has(Role.COORDINATOR) or (counterparty is not None and given.acts_for(counterparty))


def evolve(declaration: Declaration | None, recorded: Recorded[Any]) -> Declaration:
    event = recorded.event
    if isinstance(event, Declared):
        return Declaration(
            id=event.declaration,
            company=event.company,
            project=recorded.project,
            charter_version=recorded.charter_version,
            form=event.form,
            nature=event.nature,
            kind=event.kind,
            work=event.work.value,
            posted_on=recorded.effective_on,
            independent_only=event.independent_only,
            counterparty=event.counterparty,
            state=State.COUNTED if event.counts else State.DECLARED,
            posted_by=recorded.id if event.counts else None,
        )
    assert declaration is not None
    match event:
        case Attested():
            return replace(declaration, state=State.ATTESTED, posted_by=recorded.id)
        case Contested():
            return replace(declaration, state=State.CONTESTED)
        case Arbitrated(work=work):
            posted = recorded.id if work.value.value.amount else None
            return replace(declaration, state=State.ARBITRATED, work=work.value, posted_by=posted)
        case Reversed():
            return replace(declaration, state=State.REVERSED)
    raise TypeError(event)


@cache
def aggregate(service: str) -> Aggregate[Declaration, Given]:
    return Aggregate(
        "declaration",
        evolve,
        lambda declaration, command, given, now: decide(service, declaration, command, given, now),
    )


def _about(declaration: Declaration) -> Mapping[str, Any]:
    return {
        "declaration": declaration.id,
        "company": declaration.company,
        "form": declaration.form,
        "nature": declaration.nature,
        "kind": declaration.kind,
    }
