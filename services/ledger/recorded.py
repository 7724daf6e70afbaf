"""What the ledger itself records in a log, beside what it follows. It posts nothing."""

from typing import Final

from events.registry import Registry
from ledger.entries import events as entries
from ledger.keys import events as keys
from ledger.period import events as period
from ledger.posting.rules import Source

LEDGER: Final = "ledger"
OWN: Final = Source(Registry.of(LEDGER, (*entries.EVENTS, *period.EVENTS, *keys.EVENTS)), {})
