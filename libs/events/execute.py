"""One command, end to end, in one database transaction that is committed before the answer is sent.

1. Claim the idempotency key; a kept receipt gives the same answer again.
2. Lock the head of the alliance; load the stream, and what else the decision needs of this service (`given`).
3. `permit`, then `decide`: pure, events or a refusal; If-Match is checked when sent.
4. Encode, seal and append the events.
5. Project the read models, keep the receipt.

A refusal rolls all of it back: it leaves nothing, no receipt either.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

import orjson
from uuid_utils.compat import uuid7

from events.begin import Begin, Begun, begin_alone
from events.decision import Aggregate, Call, Given, Placed
from events.envelope import Context, Event, Head, Recorded, encode, parse
from events.errors import InFlight, KeyReused, Stale, Unavailable
from events.ids import NO_ALLIANCE, AllianceId
from events.projection import Projectors, bring_about
from events.registry import Registry
from events.sealing import Keyring, Seal
from events.store import Appended, Kept, Store, Transaction

S = TypeVar("S")
G = TypeVar("G", bound=Given)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a command: never a view."""

    id: UUID
    version: int
    """Of the stream, after the command: the ETag."""
    position: int
    """Of the alliance in this service, after the command."""
    alliance: AllianceId
    replayed: bool = False
    would: tuple[Event, ...] | None = None
    """Of a dry run: the events that would be recorded. Nothing was written."""
    given: Any = None
    """Of a dry run: what the decision rested on."""

    def to_json(self) -> bytes:
        # As text: orjson refuses what the driver gives as UUID, a class of its own.
        return orjson.dumps(
            {
                "id": str(self.id),
                "version": self.version,
                "position": self.position,
                "alliance": str(self.alliance),
            }
        )

    @classmethod
    def replay(cls, answer: bytes) -> "Receipt":
        kept = orjson.loads(answer)
        return cls(
            UUID(kept["id"]),
            kept["version"],
            kept["position"],
            AllianceId(UUID(kept["alliance"])),
            replayed=True,
        )


class _DryRun(Exception):
    """Ends the transaction of a dry run, so that it is rolled back."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class _Load(Generic[S]):
    version: int
    state: S | None


class Commands(Generic[G]):
    """The one way by which a service records events.

    `given(transaction, call, begun)` loads what every decision of the service rests on, under the head's
    lock, as far as `begin` has not read it already (`begun` is None for a reaction);
    `permit(call, state, command, given)` raises Forbidden or NotFound; `follow_own` projects what needs
    more than single events (bytes, in order), in the same transaction; `recorded()` is called after a commit.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        keyring: Keyring,
        *,
        given: Callable[[Transaction, Call, Begun | None], Awaitable[G]],
        permit: Callable[[Call, Any, Any, G], None],
        projectors: Projectors,
        follow_own: Callable[[Transaction, AllianceId, Sequence[bytes]], Awaitable[None]] | None = None,
        recorded: Callable[[], None] = lambda: None,
        begin: Begin = begin_alone,
    ) -> None:
        self.store = store
        self.registry = registry
        self.keyring = keyring
        self._given = given
        self._permit = permit
        self._projectors = projectors
        self._follow_own = follow_own
        self._recorded = recorded
        self._begin = begin
        self._states: OrderedDict[tuple[AllianceId, str], _Load[Any]] = OrderedDict()

    async def execute(
        self,
        call: Call,
        aggregate: Aggregate[S, G],
        id: UUID,
        command: object,
        *,
        load: Callable[[Transaction, S | None, G], Awaitable[G]] | None = None,
        founding: Given | None = None,
    ) -> Receipt:
        """Raises what `decide` and `permit` raise, Stale, KeyReused, InFlight or Unavailable.

        `load` adds what this command needs beyond the service's `given`, under the lock. A `founding` comes
        with what its decision rests on, since `call.alliance` does not exist yet; anyone may found, and the
        key and a lock are kept under the nil UUID.
        """
        stream = aggregate.stream(id)
        try:
            async with self.store.transaction() as transaction:
                receipt, loaded = await self._run(
                    transaction, call, aggregate, stream, id, command, load, founding
                )
                if call.dry_run and not receipt.replayed:
                    raise _DryRun(receipt)
        except _DryRun as dry:
            return dry.receipt
        if loaded is not None:
            self._keep(call.alliance, stream, loaded)
            self._recorded()
        return receipt

    async def _run(
        self,
        transaction: Transaction,
        call: Call,
        aggregate: Aggregate[S, G],
        stream: str,
        id: UUID,
        command: object,
        load: Callable[[Transaction, S | None, G], Awaitable[G]] | None,
        founding: Given | None,
    ) -> tuple[Receipt, _Load[S] | None]:
        """The receipt, and the stream as the command leaves it once committed; None for a replay."""
        under = NO_ALLIANCE if founding is not None else call.alliance
        transaction.writable(call.alliance)
        kept = self._states.get((call.alliance, stream))
        key = None if call.dry_run else call.key
        arguments = (call.actor, under, key, stream, kept.version if kept else 0)
        begun = await self._begin(transaction, call.alliance, arguments)
        match begun.row["outcome"]:
            case "in_flight":
                raise InFlight
            case "replay":
                if begun.row["fingerprint"] != call.fingerprint:
                    raise KeyReused
                return Receipt.replay(begun.row["answer"]), None
        last = begun.row["last_sequence"]
        if founding is not None:
            last = await transaction.lock_head(call.alliance)
        loaded = self._keep(call.alliance, stream, self._evolve(aggregate, kept, begun.row["bodies"]))
        given: Any = founding
        if founding is None:
            given = await self._given(transaction, call, begun)
            self._permit(call, loaded.state, command, given)
        if load is not None:
            given = await load(transaction, loaded.state, given)
        if call.if_match is not None and call.if_match != loaded.version:
            raise Stale(loaded.version)
        decided = aggregate.decide(loaded.state, command, given, call.now)
        context = self._context(call, given, aggregate.project(stream))
        placed = _placed(decided)
        own = sum(new.stream in {None, stream} for new in placed)
        receipt = Receipt(id, loaded.version + own, last + len(placed), call.alliance)
        if call.dry_run:
            receipt = replace(receipt, would=tuple(new.event for new in placed), given=given)
        keep = None
        if call.key is not None and not call.dry_run:
            keep = Kept(call.actor, under, call.key, call.fingerprint, receipt.to_json())
        written = await self.record(
            transaction, context, placed, last, {stream: loaded.version}, stream, keep=keep
        )
        for new in written:
            if new.stream == stream:
                loaded = _Load(new.version, aggregate.evolve(loaded.state, new))
        return receipt, loaded

    async def react(
        self,
        transaction: Transaction,
        cause: Head,
        aggregate: Aggregate[S, G],
        id: UUID,
        command: object,
        now: datetime,
        *,
        load: Callable[[Transaction, S | None, G], Awaitable[G]] | None = None,
    ) -> None:
        """Answers another service's event, as actor `system`, in the transaction that moves the position.

        Ids are derived from the cause, so that a repeat changes nothing. Raises what `decide` raises: what
        `load` has written by then is the caller's to keep or to roll back.
        """
        call = replace(
            Call.of_system(cause.alliance, now, key=cause.id, causation=cause.id),
            correlation=str(cause.envelope["correlationid"]),
        )
        stream = aggregate.stream(id)
        last = await transaction.lock_head(cause.alliance)
        loaded = await self.state_in(transaction, cause.alliance, aggregate, stream)
        version, state = loaded
        given = await self._given(transaction, call, None)
        if load is not None:
            given = await load(transaction, state, given)
        placed = _placed(aggregate.decide(state, command, given, now))
        context = self._context(call, given, aggregate.project(stream))
        ids = [str(uuid5(UUID(cause.id), f"{number} {new.event.type}")) for number, new in enumerate(placed)]
        if ids and await transaction.has(ids):
            return
        await self.record(transaction, context, placed, last, {stream: version}, stream, ids)

    def _context(self, call: Call, given: Given, project: str) -> Context:
        return Context(
            service=self.registry.service,
            alliance=call.alliance,
            time=call.now,
            actor=call.actor,
            correlation=call.correlation,
            causation=call.causation,
            effective_on=given.effective_on,
            charter_version=given.charter_version,
            project=project,
        )

    async def record(
        self,
        transaction: Transaction,
        context: Context,
        placed: Sequence[Placed],
        last: int,
        versions: Mapping[str, int],
        stream: str,
        ids: Sequence[str] | None = None,
        *,
        keep: Kept | None = None,
    ) -> list[Recorded[Any]]:
        """Encodes, seals, appends and projects events, under the head's lock; `last` is its last sequence.

        `versions` are those of the streams known so far, others are looked up; `ids` only for reactions,
        which derive them from their cause so that a repeat changes nothing.
        """
        versions = dict(versions)
        others = {new.stream for new in placed if new.stream is not None and new.stream not in versions}
        if others:
            versions |= await transaction.versions(context.alliance, sorted(others))
        written: list[Recorded[Any]] = []
        appended: list[Appended] = []
        for index, new in enumerate(placed):
            at = new.stream or stream
            versions[at] = versions.get(at, 0) + 1
            charter = context.charter_version if new.charter_version is None else new.charter_version
            project, day = new.project or context.project, new.effective_on or context.effective_on
            around = replace(context, project=project, charter_version=charter, effective_on=day)
            event_id = ids[index] if ids else str(uuid7())
            body = encode(
                new.event,
                around,
                id=event_id,
                stream=at,
                version=versions[at],
                sequence=last + index + 1,
                seal=Seal(self.keyring, context.alliance, event_id),
            )
            appended.append(Appended(at, versions[at], event_id, new.event.type, body))
            written.append(
                Recorded(
                    id=event_id,
                    service=around.service,
                    alliance=around.alliance,
                    stream=at,
                    version=versions[at],
                    sequence=last + index + 1,
                    time=around.time,
                    actor=around.actor,
                    correlation=around.correlation,
                    causation=around.causation,
                    effective_on=around.effective_on,
                    charter_version=around.charter_version,
                    project=around.project,
                    event=new.event,
                )
            )
        await transaction.append(context.alliance, last, appended, keep)
        await self._project(transaction, context.alliance, written, [new.body for new in appended])
        return written

    async def record_again(
        self, transaction: Transaction, alliance: AllianceId, bodies: Sequence[bytes]
    ) -> None:
        """Appends events that were recorded before and lost, byte for byte, and projects them.

        Raises MalformedEvent or InvalidTag for one that cannot be read.
        """
        last = await transaction.lock_head(alliance)
        heads = [parse(body) for body in bodies]
        written = [self.registry.decode(head, self.keyring) for head in heads]
        appended = [
            Appended(new.stream, new.version, new.id, head.type, body)
            for new, head, body in zip(written, heads, bodies, strict=True)
        ]
        await transaction.append(alliance, last, appended)
        await self._project(transaction, alliance, written, bodies)

    async def _project(
        self,
        transaction: Transaction,
        alliance: AllianceId,
        written: Sequence[Recorded[Any]],
        bodies: Sequence[bytes],
    ) -> None:
        changes = [
            change
            for new in written
            for projector in self._projectors.get(type(new.event), ())
            for change in projector(new)
        ]
        await bring_about(transaction, changes)
        if self._follow_own is not None and bodies:
            await self._follow_own(transaction, alliance, bodies)

    def forget(self) -> None:
        """Drops the states kept from call to call: the database is not the one that they were read from."""
        self._states.clear()

    async def state(self, alliance: AllianceId, aggregate: Aggregate[S, G], id: UUID) -> tuple[int, S | None]:
        """(version, state) of a stream as last committed; (0, None) where there is none in this alliance."""
        stream = aggregate.stream(id)
        kept = self._states.get((alliance, stream))
        async with self.store.single() as transaction:
            bodies = await transaction.stream(alliance, stream, kept.version if kept else 0)
        loaded = self._keep(alliance, stream, self._evolve(aggregate, kept, bodies))
        return loaded.version, loaded.state

    async def state_in(
        self, transaction: Transaction, alliance: AllianceId, aggregate: Aggregate[S, G], stream: str
    ) -> tuple[int, S | None]:
        """The same within a transaction that may have appended itself: what it sees is not kept for
        others.
        """
        kept = self._states.get((alliance, stream))
        bodies = await transaction.stream(alliance, stream, kept.version if kept else 0)
        loaded = self._evolve(aggregate, kept, bodies)
        return loaded.version, loaded.state

    def _evolve(self, aggregate: Aggregate[S, G], kept: _Load[S] | None, bodies: Sequence[bytes]) -> _Load[S]:
        version, state = (kept.version, kept.state) if kept else (0, None)
        for body in bodies:
            event = self.registry.read(body, self.keyring)
            if event.version != version + 1:
                raise Unavailable("stream_broken", stream=event.stream)
            version, state = event.version, aggregate.evolve(state, event)
        return _Load(version, state)

    def _keep(self, alliance: AllianceId, stream: str, loaded: _Load[S]) -> _Load[S]:
        """From call to call, only what is committed: bytes never change, so a prefix stays true."""
        kept = self._states.get((alliance, stream))
        if loaded.version > (kept.version if kept else 0):
            self._states[(alliance, stream)] = loaded
            self._states.move_to_end((alliance, stream))
            if len(self._states) > STATES_KEPT:
                self._states.popitem(last=False)
        return loaded


def _placed(decided: Sequence[Event | Placed]) -> list[Placed]:
    return [item if isinstance(item, Placed) else Placed(item) for item in decided]


STATES_KEPT = 4096
