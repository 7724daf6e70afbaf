"""Opportunities: detected → go | no-go → bidding → closed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from events.decision import Aggregate
from events.digest import Digest
from events.envelope import Event, Recorded
from events.errors import NotFound, Refused
from standing import Given, Role
from tenders.figures import require_amount
from tenders.opportunity.events import (
    Asked,
    BiddingBegun,
    GoDecided,
    LotAsked,
    LotsAdded,
    NoGoDecided,
    NoticeAmended,
    NoticeRead,
    OpportunityClosed,
    OpportunityDetected,
)

LOTS_BYTES: Final = 20_000
"""Of one event; what comes with the first lots may take as much again."""


class Stage(StrEnum):
    DETECTED = "detected"
    GO = "go"
    NO_GO = "no_go"
    BIDDING = "bidding"
    CLOSED = "closed"


FORMING_STAGES: Final = frozenset({Stage.GO, Stage.BIDDING})
"""In which consortia form and bids are drafted."""


@dataclass(frozen=True)
class TypeIn:
    """A private client's call; public ones are imported."""

    asked: Asked
    lots: tuple[LotAsked, ...]
    description: Digest | None


@dataclass(frozen=True)
class Go:
    pass


@dataclass(frozen=True)
class NoGo:
    reason: Digest | None


@dataclass(frozen=True)
class Close:
    """`given.more` is the number of open bids."""


@dataclass(frozen=True)
class Opportunity:
    asked: Asked
    stage: Stage = Stage.DETECTED
    lots: Mapping[int, LotAsked] = field(default_factory=dict)
    notice: NoticeRead | None = None
    description: Digest | None = None
    edition: int = 1
    """Counts what the buyer asked for: bids agreed to under an earlier one do not hold."""
    releases: frozenset[str] = frozenset()


def decide(opportunity: Opportunity | None, command: Any, given: Given, now: datetime) -> Sequence[Event]:
    if isinstance(command, TypeIn):
        return _type_in(command, given)
    if opportunity is None:
        raise NotFound
    match command:
        case Go():
            _require(opportunity, Stage.DETECTED)
            return [GoDecided()]
        case NoGo():
            _require(opportunity, Stage.DETECTED)
            return [NoGoDecided(reason=command.reason)]
        case Close():
            _require(opportunity, Stage.GO, Stage.BIDDING)
            if given.more:
                raise Refused("bids_open", count=given.more)
            return [OpportunityClosed()]
    raise TypeError(command)


def _type_in(command: TypeIn, given: Given) -> Sequence[Event]:
    amounts = [("/value", command.asked.value)]
    amounts += [(f"/lots/{lot.number - 1}/value", lot.value) for lot in command.lots]
    for pointer, amount in amounts:
        if amount is not None:
            require_amount(given, amount, pointer)
    first, *more = portions(command.lots)
    detected = OpportunityDetected(
        asked=command.asked,
        lots=first,
        lots_in_all=len(command.lots),
        notice=None,
        description=command.description,
    )
    return [detected, *(LotsAdded(lots=lots) for lots in more)]


def _require(opportunity: Opportunity, *stages: Stage) -> None:
    if opportunity.stage not in stages:
        raise Refused("opportunity_stage", stage=opportunity.stage.value)


def portions(lots: Sequence[LotAsked]) -> Iterator[tuple[LotAsked, ...]]:
    """Lots, in order, in portions that events can hold; at least one portion."""
    portion: list[LotAsked] = []
    size = 0
    for lot in lots:
        bytes_of_lot = len(lot.model_dump_json().encode())
        if portion and size + bytes_of_lot > LOTS_BYTES:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(lot)
        size += bytes_of_lot
    yield tuple(portion)


def evolve(opportunity: Opportunity | None, recorded: Recorded[Any]) -> Opportunity:
    event = recorded.event
    if isinstance(event, OpportunityDetected):
        return Opportunity(
            asked=event.asked,
            lots=_numbered(event.lots),
            notice=event.notice,
            description=event.description,
            releases=frozenset(event.notice.release_ids) if event.notice else frozenset(),
        )
    assert opportunity is not None
    match event:
        case NoticeAmended():
            return replace(
                opportunity,
                asked=event.asked,
                lots=_numbered(event.lots),
                notice=event.notice,
                edition=event.edition,
                releases=opportunity.releases | frozenset(event.notice.release_ids),
            )
        case LotsAdded():
            return replace(opportunity, lots={**opportunity.lots, **_numbered(event.lots)})
        case GoDecided():
            return replace(opportunity, stage=Stage.GO)
        case NoGoDecided():
            return replace(opportunity, stage=Stage.NO_GO)
        case BiddingBegun():
            return replace(opportunity, stage=Stage.BIDDING)
        case OpportunityClosed():
            return replace(opportunity, stage=Stage.CLOSED)
    return opportunity


def _numbered(lots: Sequence[LotAsked]) -> dict[int, LotAsked]:
    return {lot.number: lot for lot in lots}


def actions(opportunity: Opportunity, given: Given) -> list[str]:
    """The commands that this caller may give now."""
    found = []
    if given.has(Role.COORDINATOR):
        if opportunity.stage is Stage.DETECTED:
            found += ["go", "no_go"]
        if opportunity.stage in FORMING_STAGES:
            found += ["close"]
    if given.companies and opportunity.stage in FORMING_STAGES:
        found += ["form_consortium"]
    return found


OPPORTUNITY: Final[Aggregate[Opportunity, Given]] = Aggregate("opportunity", evolve, decide)
