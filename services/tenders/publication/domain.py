"""Imports: what a publication says of opportunities known and unknown. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate, Placed
from events.digest import Digest
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, Refused
from standing import Given
from tenders.bid.events import BidInvalidated
from tenders.notices import ReadNotice
from tenders.opportunity.domain import OPPORTUNITY, Opportunity, portions
from tenders.opportunity.events import (
    Asked,
    LotAsked,
    LotsAdded,
    NoticeAmended,
    NoticeRead,
    OpportunityDetected,
)
from tenders.projects import lot_project, opportunity_project
from tenders.publication.events import ProcessImported, PublicationImported

MOST_PROCESSES: Final = 20
RELEASE_IDS: Final = 20
"""The newest of a notice, in one event: a release identifier may have 200 characters."""


class Outcome(StrEnum):
    DETECTED = "detected"
    AMENDED = "amended"
    UNCHANGED = "unchanged"
    OLDER = "older"


@dataclass(frozen=True)
class Process:
    """One process of the file. `opportunity` is its id should it be unknown."""

    opportunity: UUID
    read: ReadNotice
    reading: Digest


@dataclass(frozen=True)
class Import:
    """`given.more` maps the ocid of each process that is known to what is known of it."""

    original: Digest
    processes: tuple[Process, ...]
    refused: int
    faults: Digest | None


@dataclass(frozen=True)
class Known:
    """An opportunity that the alliance has of a process already."""

    opportunity: UUID
    state: Opportunity
    changed: bool
    """Whether what is asked for differs from what was read last."""
    open_bids: tuple[tuple[UUID, int], ...] = ()
    """Bids that a change makes invalid, with their lots."""


@dataclass(frozen=True)
class Publication:
    """An import that has been made."""

    imported: PublicationImported


def content(read: ReadNotice) -> dict[str, Any]:
    """What is asked for: what bids rest on, without what tells of the publication only."""
    about = {"release_ids", "tags", "published", "updated", "language", "status", "warnings"}
    return read.model_dump(exclude=about)


def outcome(read: ReadNotice, known: Known | None) -> Outcome:
    if known is None:
        return Outcome.DETECTED
    last = known.state.notice
    assert last is not None
    if read.updated and last.updated and read.updated < last.updated:
        return Outcome.OLDER
    if known.changed or not known.state.releases.issuperset(read.release_ids[-RELEASE_IDS:]):
        return Outcome.AMENDED
    return Outcome.UNCHANGED


def decide(
    publication: Publication | None, command: Import, given: Given, now: datetime
) -> Sequence[Event | Placed]:
    if len(command.processes) > MOST_PROCESSES:
        raise Invalid("too_many_processes", pointer="", limit=MOST_PROCESSES)
    events: list[Event | Placed] = []
    processes = []
    for process in command.processes:
        known: Known | None = given.more.get(process.read.ocid)
        came = outcome(process.read, known)
        opportunity = known.opportunity if known else process.opportunity
        new = came in {Outcome.DETECTED, Outcome.AMENDED}
        if new:
            events += _read(command, process, known)
        processes.append(
            ProcessImported(
                ocid=process.read.ocid,
                opportunity=opportunity,
                outcome=came.value,
                reading=process.reading if new else None,
            )
        )
    if not events:
        raise Refused("notice_known")
    imported = PublicationImported(
        original=command.original,
        processes=tuple(processes),
        refused=command.refused,
        faults=command.faults,
    )
    return [*events, imported]


def _read(command: Import, process: Process, known: Known | None) -> list[Event | Placed]:
    """What a process that says something new adds to its opportunity, and does to bids on it."""
    read = process.read
    notice = NoticeRead(
        ocid=read.ocid,
        release_ids=read.release_ids[-RELEASE_IDS:],
        tags=read.tags,
        published=read.published,
        updated=read.updated,
        original=command.original,
        reading=process.reading,
        warnings=len(read.warnings),
    )
    lots = _lots(read, known.state if known else None)
    first, *more = portions(lots)
    told: Event
    if known is None:
        told = OpportunityDetected(
            asked=_asked(read), lots=first, lots_in_all=len(lots), notice=notice, description=None
        )
    else:
        edition = known.state.edition + known.changed
        told = NoticeAmended(
            asked=_asked(read), lots=first, lots_in_all=len(lots), notice=notice, edition=edition
        )
    opportunity = known.opportunity if known else process.opportunity
    stream, project = OPPORTUNITY.stream(opportunity), opportunity_project(opportunity)
    events: list[Event | Placed] = [Placed(told, stream, project)]
    events += [Placed(LotsAdded(lots=portion), stream, project) for portion in more]
    if known is not None and known.changed:
        invalidated = BidInvalidated(edition=known.state.edition + 1)
        events += [
            Placed(invalidated, f"bid/{bid}", lot_project(opportunity, lot)) for bid, lot in known.open_bids
        ]
    return events


def _asked(read: ReadNotice) -> Asked:
    return Asked(
        title=read.title,
        buyer=read.buyer.name,
        buyer_id=read.buyer.id,
        value=read.value,
        cpv=read.cpv,
        nuts=read.nuts,
        status=read.status,
        procurement_method=read.procurement_method,
        procurement_category=read.procurement_category,
        enquiry_deadline=read.enquiry_deadline,
        submission_deadline=read.submission_deadline,
    )


def _lots(read: ReadNotice, known: Opportunity | None) -> list[LotAsked]:
    """A lot keeps its number while its identifier stays: bids and projects are called by it."""
    numbers = {lot.reference: lot.number for lot in known.lots.values()} if known else {}
    following = max(numbers.values(), default=0) + 1
    lots = []
    for lot in read.lots:
        number = numbers.get(lot.id)
        if number is None:
            number, following = following, following + 1
        lots.append(LotAsked(number=number, reference=lot.id, title=lot.title, value=lot.value))
    return lots


def evolve(publication: Publication | None, recorded: Recorded[PublicationImported]) -> Publication:
    if publication is None:
        return Publication(recorded.event)
    return replace(publication, imported=recorded.event)


PUBLICATION: Final[Aggregate[Publication, Given]] = Aggregate(
    "publication", evolve, decide, project=lambda stream: LIFE
)

Knowledge = Mapping[str, Known]
