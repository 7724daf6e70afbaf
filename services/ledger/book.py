"""What the ledger does with what it follows: entries, postings and sums of a batch, in one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from uuid_utils.compat import uuid7

from events.envelope import LIFE, Context, Head, MalformedEvent, Recorded, encode, source
from events.follow import Arrived, CannotApply
from events.ids import SYSTEM, AllianceId
from events.registry import Registry, UnknownEvent
from events.sealing import Keyring, Seal
from events.store import Appended, Transaction
from ledger.balances import views as balances
from ledger.entries.events import EVENTS, LogOpened
from ledger.obligations import views as obligations
from ledger.posting import views as posting
from ledger.posting.legs import Leg, legs_of
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal

LEDGER: Final = "ledger"

Lines = Sequence[Line | Reversal]


class Book:
    """Posts what `sources` publish; `keyrings` open their figures, and seal the ledger's own."""

    def __init__(
        self, sources: Mapping[str, Source], keyrings: Mapping[str, Keyring], origin_prefix: str
    ) -> None:
        # What the ledger recorded itself posts nothing, and comes when its log is restored or rebuilt from.
        self._sources = {**sources, LEDGER: Source(Registry.of(LEDGER, EVENTS), {})}
        self._keyrings = keyrings
        self._origin_prefix = origin_prefix

    async def apply(self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        """Raises CannotApply on an event that cannot be read or posted: the alliance then freezes there."""
        read = [self._read(event.head) for event in events]
        last = await transaction.lock_head(alliance)
        opened = last > 0 or events[0].head.service == LEDGER
        opening = [] if opened else [self._opening(alliance)]
        streams = self._streams(alliance)
        followed = [
            Appended(
                streams[event.head.service],
                event.head.sequence,
                event.head.id,
                event.head.type,
                event.body,
            )
            for event in events
        ]
        # The leaf index of an entry is one less than its sequence.
        first = last + len(opening)
        posted = await _posted(transaction, alliance, first, read, streams)
        await transaction.append(alliance, last, [*opening, *followed])
        await _write(transaction, alliance, posted)

    async def post(
        self, transaction: Transaction, alliance: AllianceId, first: int, entries: Sequence[Head]
    ) -> None:
        """Posts entries that are in the log already, the first of which has the index `first`, as at the
        first time. Raises CannotApply.
        """
        read = [self._read(entry) for entry in entries]
        posted = await _posted(transaction, alliance, first, read, self._streams(alliance))
        await _write(transaction, alliance, posted)

    def _streams(self, alliance: AllianceId) -> Mapping[str, str]:
        return {name: source(name, alliance) for name in self._sources}

    def _read(self, head: Head) -> tuple[Recorded[Any], Lines]:
        followed = self._sources[head.service]
        try:
            recorded = followed.registry.decode(head, self._keyrings[head.service])
        except UnknownEvent as error:
            raise CannotApply("unknown_type", head.type) from error
        except (MalformedEvent, InvalidTag) as error:
            raise CannotApply("unreadable", f"{head.type}: {type(error).__name__}") from error
        rule = followed.rules.get(type(recorded.event))
        if rule is None:
            return recorded, ()
        try:
            return recorded, rule(recorded)
        except Exception as error:
            # Only what went wrong and never its text: it may repeat a figure.
            raise CannotApply("cannot_post", f"{head.type}: {type(error).__name__}") from error

    def _opening(self, alliance: AllianceId) -> Appended:
        now, event_id = datetime.now(UTC), str(uuid7())
        context = Context(
            service=LEDGER,
            alliance=alliance,
            time=now,
            actor=SYSTEM,
            correlation=event_id,
            causation=None,
            effective_on=now.date(),
            charter_version=0,
            project=LIFE,
        )
        event = LogOpened(origin=f"{self._origin_prefix}/{secrets.token_hex(16)}")
        seal = Seal(self._keyrings[LEDGER], alliance, event_id)
        body = encode(event, context, id=event_id, stream=f"log/{alliance}", version=1, sequence=1, seal=seal)
        return Appended(source(LEDGER, alliance), 1, event_id, event.type, body)


async def _write(transaction: Transaction, alliance: AllianceId, posted: Sequence[posting.Posted]) -> None:
    await posting.write(transaction, alliance, posted)
    await balances.add(transaction, alliance, posted)
    await obligations.add(transaction, alliance, posted)


async def _posted(
    transaction: Transaction,
    alliance: AllianceId,
    first: int,
    read: Sequence[tuple[Recorded[Any], Lines]],
    streams: Mapping[str, str],
) -> Sequence[posting.Posted]:
    """The legs of each entry, the first of which has the index `first`."""
    wanted = [line.event_id for _, lines in read for line in lines if isinstance(line, Reversal)]
    known = dict(await posting.earlier(transaction, alliance, wanted)) if wanted else {}
    reversed_by: dict[int, int] = {}
    posted = []
    for entry, (recorded, lines) in enumerate(read, first):
        stream = streams[recorded.service]
        legs: list[Leg] = []
        for line in lines:
            if isinstance(line, Line):
                legs += legs_of(line)
                continue
            reversed_ = known.get(line.event_id)
            if reversed_ is None or reversed_.stream != stream:
                raise CannotApply("reverses_unknown", f"{recorded.event.type}: {line.event_id}")
            if reversed_.reversed or reversed_.entry in reversed_by:
                raise CannotApply("reversed_already", f"{recorded.event.type}: {line.event_id}")
            reversed_by[reversed_.entry] = entry
            legs += [leg.negated() for leg in reversed_.legs]
        known[recorded.id] = posting.Earlier(entry, stream, reversed=False, legs=legs)
        posted.append(posting.Posted(entry, recorded.effective_on, legs))
    if reversed_by:
        await posting.write_reversals(transaction, alliance, reversed_by)
    return posted
