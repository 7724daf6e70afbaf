"""What the ledger does with what it follows: entries, postings and sums of a batch, in one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from uuid_utils.compat import uuid7

from events.envelope import LIFE, Context, Event, Head, encode, parse, source
from events.follow import Arrived, CannotApply
from events.ids import SYSTEM, AllianceId
from events.sealing import Keyring, Seal, SealedFigure
from events.store import Appended, Kept, Transaction
from ledger.balances import views as balances
from ledger.entries.events import LogOpened
from ledger.log import views as log
from ledger.obligations import views as obligations
from ledger.period import views as period
from ledger.period.sums import Booking
from ledger.posting import views as posting
from ledger.posting.posted import CannotPost, Posted, Read, Reader, post, reversed_events
from ledger.posting.rules import Source
from ledger.recorded import LEDGER, OWN
from standing import Standing


class Book:
    """Posts what `sources` publish; `keyrings` open their figures, and seal the ledger's own."""

    def __init__(
        self, sources: Mapping[str, Source], keyrings: Mapping[str, Keyring], origin_prefix: str
    ) -> None:
        # What the ledger recorded itself posts nothing, and comes when its log is restored or rebuilt from.
        self._reader = Reader({**sources, LEDGER: OWN}, keyrings)
        self._origin_prefix = origin_prefix

    async def apply(self, transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        """Raises CannotApply on an event that cannot be read or posted: the alliance then freezes there."""
        entries = [(event.head, event.body) for event in events]
        read = [self._read(head) for head, _ in entries]
        last = await transaction.lock_head(alliance)
        if last == 0 and entries[0][0].service != LEDGER:
            opening = self._opening(alliance)
            entries, read = [opening, *entries], [self._read(opening[0]), *read]
        await self._append(transaction, alliance, last, entries, read)

    async def record(
        self,
        transaction: Transaction,
        context: Context,
        events: Sequence[Event],
        last: int,
        own: int,
        keep: Kept | None = None,
    ) -> Sequence[bytes]:
        """Appends what the ledger decided itself, and its command's receipt, to a log of `last` entries, of
        which `own` are the ledger's; the head must be locked by this transaction. Returns their bytes.
        """
        bodies = [self._encoded(context, event, number) for number, event in enumerate(events, own + 1)]
        entries = [(parse(body), body) for body in bodies]
        read = [self._read(head) for head, _ in entries]
        await self._append(transaction, context.alliance, last, entries, read, keep)
        return bodies

    async def _append(
        self,
        transaction: Transaction,
        alliance: AllianceId,
        last: int,
        entries: Sequence[tuple[Head, bytes]],
        read: Sequence[Read],
        keep: Kept | None = None,
    ) -> None:
        streams = self._streams(alliance)
        # The leaf index of an entry is one less than its sequence.
        posted, reversed_by = await _posted(transaction, alliance, last, read)
        await transaction.append(
            alliance,
            last,
            [
                Appended(streams[head.service], head.sequence, head.id, head.type, body)
                for head, body in entries
            ],
            keep,
        )
        await log.grow(transaction, alliance, last, [body for _, body in entries])
        await _write(transaction, alliance, posted, reversed_by)

    async def post(
        self,
        transaction: Transaction,
        alliance: AllianceId,
        first: int,
        heads: Sequence[Head],
        bodies: Sequence[bytes],
    ) -> None:
        """Posts entries that are in the log already, the first of which has the index `first`, as at the
        first time, and puts them into its tree. Raises CannotApply.
        """
        read = [self._read(head) for head in heads]
        await log.grow(transaction, alliance, first, bodies)
        posted, reversed_by = await _posted(transaction, alliance, first, read)
        await _write(transaction, alliance, posted, reversed_by)

    def _streams(self, alliance: AllianceId) -> Mapping[str, str]:
        return {name: source(name, alliance) for name in self._reader.sources}

    def _read(self, head: Head) -> Read:
        try:
            return self._reader.read(head)
        except CannotPost as error:
            raise CannotApply(error.code, error.detail) from error
        except SealedFigure as error:
            raise CannotApply("cannot_post", f"{head.type}: SealedFigure") from error

    def _opening(self, alliance: AllianceId) -> tuple[Head, bytes]:
        event = LogOpened(origin=f"{self._origin_prefix}/{secrets.token_hex(16)}")
        body = self._encoded(as_system(alliance, None, datetime.now(UTC)), event, 1)
        return parse(body), body

    def _encoded(self, context: Context, event: Event, number: int) -> bytes:
        """`number` counts the ledger's own events alone."""
        event_id, stream = str(uuid7()), f"log/{context.alliance}"
        seal = Seal(self._reader.keyrings[LEDGER], context.alliance, event_id)
        return encode(event, context, id=event_id, stream=stream, version=number, sequence=number, seal=seal)


def as_system(alliance: AllianceId, standing: Standing | None, now: datetime) -> Context:
    """Of what the ledger records unasked, as the alliance stands `now`."""
    today = standing.today(now) if standing else now.date()
    charter = standing.charter_on(today) if standing else None
    return Context(
        service=LEDGER,
        alliance=alliance,
        time=now,
        actor=SYSTEM,
        correlation=str(uuid7()),
        causation=None,
        effective_on=today,
        charter_version=charter.version if charter else 0,
        project=LIFE,
    )


async def _posted(
    transaction: Transaction, alliance: AllianceId, first: int, read: Sequence[Read]
) -> tuple[Sequence[Posted], Mapping[int, int]]:
    wanted = reversed_events(read)
    known = await posting.earlier(transaction, alliance, wanted) if wanted else {}
    booking = Booking(await period.open_from(transaction, alliance, first))
    try:
        return post(first, read, booking, known)
    except CannotPost as error:
        raise CannotApply(error.code, error.detail) from error


async def _write(
    transaction: Transaction,
    alliance: AllianceId,
    posted: Sequence[Posted],
    reversed_by: Mapping[int, int],
) -> None:
    if reversed_by:
        await posting.write_reversals(transaction, alliance, reversed_by)
    await posting.write(transaction, alliance, posted)
    await balances.add(transaction, alliance, posted)
    await period.add(transaction, alliance, posted)
    await obligations.add(transaction, alliance, posted)
