"""The ledger's part: it takes no commands, everything is read."""

from rigs.walk import Walk
from rigs.walks.common import walk_events

READS = (
    "read_log",
    "read_entry",
    "read_balances",
    "read_forms",
    "list_projects",
    "read_account",
    "read_statement",
    "list_open_obligations",
)


async def walk(walk: Walk) -> None:
    await walk_events(walk, "ledger")
    walk.known["index"] = "1"
    for name in READS:
        await walk.ask(f"ledger.{name}", "aubrelle")
