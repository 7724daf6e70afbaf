"""One running service: its store and what works on it, as routes and background loops use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from events.decision import Call
from events.envelope import Event, plain
from events.errors import Unavailable, UnknownSource
from events.execute import Commands
from events.follow import Follower
from events.ids import AllianceId, PersonId
from events.relay import Relay
from events.sealing import Keyring
from events.store import Store, Transaction
from service.documents import Documents
from service.standing import Standings
from standing import Given, given


@dataclass(frozen=True)
class Service:
    """`state.service` of a service's application."""

    name: str
    store: Store
    commands: Commands[Given]
    standings: Standings
    documents: Documents
    keyrings: Mapping[str, Keyring]
    """By source service: what this process can open of each one's figures."""
    relay: Relay
    follower: Follower | None

    async def given_in(self, transaction: Transaction, call: Call, *, strangers: bool = False) -> Given:
        """Raises NotFound where the caller has no role in the alliance, unless `strangers` are let in."""
        standing = await self.standings.read(transaction, call.alliance)
        return given(standing, call, strangers=strangers)

    async def given(self, person: PersonId, alliance: UUID, *, strangers: bool = False) -> Given:
        """For a read, as of now; raises NotFound where the caller has no role in the alliance."""
        call = Call(person, AllianceId(alliance), datetime.now(UTC), correlation="")
        async with self.store.single() as transaction:
            return await self.given_in(transaction, call, strangers=strangers)

    async def wait(self, source: str, alliance: AllianceId, sequence: int, seconds: float) -> None:
        """Until what this service shows has that event. What it recorded itself it shows at once.

        Raises UnknownSource, Frozen, or Unavailable when the time is over.
        """
        if self.follower is not None and source in self.follower.sources:
            await self.follower.wait(source, alliance, sequence, seconds)
        elif source == self.name:
            if await self.store.last_sequence(alliance) < sequence:
                raise Unavailable("position_not_reached", source=source, sequence=sequence)
        else:
            raise UnknownSource(source)


@dataclass(frozen=True, slots=True)
class Shown:
    """In place of a seal: opens figures to those who may read them, and says whose the others are."""

    given: Given

    def close(self, owner: UUID, path: str, figure: Any) -> Any:
        return figure if self.given.may_read(owner) else {"sealed": True, "owner": str(owner)}


def shown(events: Sequence[Event], to: Given) -> list[dict[str, Any]]:
    """Events that a dry run would have recorded, as this caller may see them."""
    return [{"type": event.type, "data": plain(event, Shown(to))} for event in events]
