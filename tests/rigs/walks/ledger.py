"""The ledger's part: a half-year is closed, and everything is read."""

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
    "read_checkpoint",
    "read_log_tile",
    "prove_entry",
    "list_periods",
    "read_period_balances",
    "list_imbalances",
)


async def walk(walk: Walk) -> None:
    await walk_events(walk, "ledger")
    closing = {"period": "2025-H1", "effective_on": "2025-06-30"}
    await walk.ask("ledger.close_period", "coordinator", closing)
    walk.known["period"] = closing["period"]
    walk.known["index"] = "1"
    walk.known["path"] = "0/000.p/2"
    await walk.product.quiet()
    for name in READS:
        await walk.ask(f"ledger.{name}", "aubrelle")
    await walk.ask("ledger.prove_inclusion", "aubrelle", query={"index": "1"})
    await walk.ask("ledger.prove_consistency", "aubrelle", query={"old": "1"})
    amount = {"member": walk.companies["aubrelle"], "side": "contributed"}
    await walk.ask("ledger.prove_period_balance", "aubrelle", query=amount)
