"""Which events each followed service publishes, and what the books make of them.

A type that posts nothing stands in the registry and has no rule; one that stands in neither freezes its
alliance: passed over in silence, it would leave balances that look whole and are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Final

import declarations.events
import obligations.events
from events.envelope import Event
from events.registry import Registry
from ledger.posting import members, purchasing, tenders
from ledger.posting.transactions import Rules

RULES: Final[Mapping[str, Rules]] = {
    "members": members.RULES,
    "purchasing": purchasing.RULES,
    "tenders": tenders.RULES,
}
SOURCES: Final = tuple(RULES)


@dataclass(frozen=True)
class Source:
    """A followed service: how its events are read, and posted."""

    registry: Registry
    rules: Rules


def sources() -> Mapping[str, Source]:
    """All of them. What a service publishes stands in its concepts' `events` modules and in the vocabularies
    that all share.
    """
    return {name: Source(Registry.of(name, _published(name)), rules) for name, rules in RULES.items()}


def _published(service: str) -> list[type[Event]]:
    found = [*obligations.events.vocabulary(service).events, *declarations.events.vocabulary(service).events]
    for concept in iter_modules(import_module(service).__path__, f"{service}."):
        if concept.ispkg and find_spec(f"{concept.name}.events") is not None:
            found += import_module(f"{concept.name}.events").EVENTS
    # Once each: a concept may name among its own what it takes from the libraries.
    return list(dict.fromkeys(found))
