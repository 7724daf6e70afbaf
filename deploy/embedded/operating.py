"""What an operator asks and does, beside the running product or without it: who is frozen, resume, rewind,
restore, and the log's move to Kafka.
"""

from collections.abc import Sequence
from pathlib import Path

from embedded.folder import CannotStart, held
from embedded.postgres import running
from embedded.secrets import load_or_make
from events import freezing, relay
from events.ids import AllianceId
from events.restore import tell
from events.store import Transaction
from processes.stores import of_server, store_of, stores


async def status(data: Path | None) -> Sequence[str]:
    """For each service how many events wait to be relayed, and which alliances stand still there, and why."""
    lines = []
    async with stores(data) as reached:
        for service, store in reached.items():
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


async def resume(data: Path | None, service: str, alliance: AllianceId) -> str:
    """Lets an alliance go on, once the cause is removed; says what it did."""
    async with stores(data) as reached:
        store = store_of(reached, service)
        stands = await freezing.frozen(store, alliance)
        if not await freezing.resume(store, alliance):
            return f"{service}: {alliance} does not stand still; nothing was done."
    at = f" from {stands[0].source} {stands[0].sequence}" if stands else ""
    return f"{service}: {alliance} goes on{at}."


async def rewind(data: Path | None, service: str, alliance: AllianceId | None) -> str:
    """Has a service's relay send an alliance's events again, or (None) all; says what it did.

    Harmless at any time: who follows passes over what it has. Given again before the relay is through, it
    begins again.
    """
    async with stores(data) as reached, store_of(reached, service).transaction() as transaction:
        count = await relay.rewind(transaction, alliance)
        events = await _waiting(transaction, alliance)
    if count == 0:
        of = "no alliance" if alliance is None else f"nothing of {alliance}"
        return f"{service}: {of} is recorded here; nothing was done."
    return f"{service}: {events} events of {count} alliances are sent again, from the first on."


async def restore(data: Path | None, service: str) -> str:
    """Tells a service that its database was put back; says what follows."""
    async with stores(data) as reached:
        await tell(store_of(reached, service))
    return (
        f"{service}: takes no command until it has read its topic and recorded again what it had lost. "
        "It does so at once where it runs, else when it is started; /readyz tells when it is done."
    )


async def _waiting(transaction: Transaction, alliance: AllianceId | None) -> int:
    count: int = await transaction.raw.fetchval(
        "SELECT sum(last_sequence - relayed_sequence)::bigint FROM heads"
        " WHERE $1::uuid IS NULL OR alliance_id = $1",
        alliance,
    )
    return count


async def move_log(data: Path) -> Sequence[str]:
    """Moves the log between the services of a folder from its PostgreSQL to Kafka; says what it did.

    The stores have all that the log has: so nothing is copied. Each relay sends everything again, to Kafka,
    and who follows begins there at 0 and passes over what it has. The mark of the folder is set last: broken
    off, the command is given again. What the old log holds is left where it is, and not read again.
    """
    with held(data) as folder:
        if folder.log is None:
            raise CannotStart(f"There is no log in {folder.path} yet: make run-kafka begins one on Kafka.")
        if folder.log == "kafka":
            return [f"The log of {folder.path} is on Kafka already; nothing was done."]
        lines = []
        async with running(folder, load_or_make(folder).passwords) as server, of_server(server) as reached:
            for service, store in reached.items():
                async with store.transaction() as transaction:
                    count = await relay.rewind(transaction, None)
                    await freezing.begin_elsewhere(transaction)
                    events = await _waiting(transaction, None) if count else 0
                lines.append(f"{service}: {events} events of {count} alliances are sent to Kafka.")
        folder.keep_log_in("kafka")
    return [*lines, f"The log of {folder.path} is on Kafka from now on: run it with make run-kafka."]
