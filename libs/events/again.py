"""How events that a database has lost are recorded again: a service's own, and those that it followed."""

from collections.abc import Awaitable, Callable, Sequence

from events.envelope import source
from events.follow import Apply, Arrived, note
from events.freezing import freeze_of, resume_in
from events.ids import AllianceId
from events.store import Transaction

Again = Callable[[Transaction, AllianceId, Sequence[Arrived]], Awaitable[None]]
"""Appends lost events of one alliance, in order, under its head's lock, with all that follows from them.

Raises CannotRestore, or whatever else keeps them out.
"""


class CannotRestore(Exception):
    """What the topic has does not follow on what the store has. `code` is `fork` or `gap`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


def own_events(record: Callable[[Transaction, AllianceId, Sequence[bytes]], Awaitable[None]]) -> Again:
    """For a service whose topic has its own events alone; `record` appends and projects them."""

    async def again(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        last = await transaction.lock_head(alliance)
        for wanted, event in enumerate(events, last + 1):
            _require(event, wanted)
        await record(transaction, alliance, [event.body for event in events])

    return again


def followed_events(service: str, apply: Apply) -> Again:
    """For a service whose topic has what it followed; `apply` is what its follower does with that.

    They count as followed: the follower, whose positions went back too, passes them over as duplicates.
    """

    async def again(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        streams = {event.head.service: source(event.head.service, alliance) for event in events}
        versions = await transaction.versions(alliance, list(streams.values()))
        last = {name: versions.get(stream, 0) for name, stream in streams.items()}
        for event in events:
            _require(event, last[event.head.service] + 1)
            last[event.head.service] = event.head.sequence
        await apply(transaction, alliance, events)
        await note(transaction, alliance, [event for event in events if event.head.service != service])
        stands = await freeze_of(transaction, alliance)
        if stands is not None and last.get(stands.source, 0) >= stands.sequence:
            await resume_in(transaction, alliance, {})

    return again


def _require(event: Arrived, sequence: int) -> None:
    if event.head.sequence != sequence:
        code = "fork" if event.head.sequence < sequence else "gap"
        raise CannotRestore(code, f"{event.head.service}: {sequence} expected, {event.head.sequence} came")
