"""What an operator asks and does, beside the running product or without it: who is frozen, and resume."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from embedded.databases import SERVICES
from embedded.folder import InUse, existing, held
from embedded.postgres import Server, attached, running
from embedded.secrets import load_or_make
from events import freezing
from events.ids import AllianceId
from events.store import Store


async def status(data: Path) -> Sequence[str]:
    """For each service how many events wait to be relayed, and which alliances stand still there, and why."""
    lines = []
    async with _reached(data) as server:
        for service in SERVICES:
            async with _store(server, service) as store:
                async with store.single() as transaction:
                    waiting = await transaction.raw.fetchval(
                        "SELECT coalesce(sum(last_sequence - relayed_sequence), 0) FROM heads"
                    )
                stands = await freezing.frozen(store)
            lines.append(f"{service}: {waiting} events to relay, {len(stands)} alliances frozen")
            lines += [
                f"  {one.alliance} stands still at {one.source} {one.sequence}: {one.code} ({one.detail})"
                for one in stands
            ]
    return lines


async def resume(data: Path, service: str, alliance: AllianceId) -> str:
    """Lets an alliance go on, once the cause is removed; says what it did."""
    async with _reached(data) as server, _store(server, service) as store:
        stands = await freezing.frozen(store, alliance)
        if not await freezing.resume(store, alliance):
            return f"{service}: {alliance} does not stand still; nothing was done."
    at = f" from {stands[0].source} {stands[0].sequence}" if stands else ""
    return f"{service}: {alliance} goes on{at}."


@asynccontextmanager
async def _reached(data: Path) -> AsyncIterator[Server]:
    """The database of the product that is running on the folder; started for the time being where none is."""
    folder = existing(data)
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(held(data))
        except InUse:
            server = attached(folder, load_or_make(folder).passwords)
        else:
            server = await stack.enter_async_context(running(folder, load_or_make(folder).passwords))
        yield server


@asynccontextmanager
async def _store(server: Server, service: str) -> AsyncIterator[Store]:
    """Under the service's own role: what it may not do, an operator's command does not need."""
    store = Store.connect(server.url(service).render_as_string(hide_password=False), pool_size=1)
    try:
        yield store
    finally:
        await store.close()
