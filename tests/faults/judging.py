"""What the answers to commands promise, against what is there. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from faults.driver import IN_FLIGHT, Attempt
from faults.orders import Alliance, Order

Attempts = Mapping[Order, Sequence[Attempt]]


@dataclass
class Findings:
    """What should be empty. Each a sentence."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Everything else: left by a refusal, out of order, other bytes, another balance, frozen."""

    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.unsettled, *self.wrong]


@dataclass(frozen=True)
class Stored:
    """An event as a store has it."""

    sequence: int
    digest: bytes
    request: str


def judge(attempts: Sequence[Attempt], written: Mapping[str, Sequence[Stored]], found: Findings) -> None:
    """One command: what its answers say against what the store has of it, by request."""
    order = attempts[0].order
    name = f"{order.service} {order.path} {order.key}"
    taken = [attempt for attempt in attempts if attempt.taken]
    events = {a.request: written[a.request] for a in attempts if a.request in written}
    count = sum(map(len, events.values()))
    if count > 1:
        found.doubled.append(f"{name}: recorded {count} times")
    if taken and not count:
        found.lost.append(f"{name}: answered {taken[0].status} and not recorded")
    found.wrong += [
        f"{name}: answered {attempt.status} {attempt.code} and left an event"
        for attempt in attempts
        if attempt.request in events and not attempt.may_have_written
    ]
    if len({(one.status, one.body["id"], one.body["version"], one.position) for one in taken}) > 1:
        found.wrong.append(f"{name}: answers that differ: {[one.body for one in taken]}")
    if sum(not one.replayed for one in taken) > 1:
        found.doubled.append(f"{name}: taken twice")
    if any(one.alone and one.code == IN_FLIGHT for one in attempts):
        found.wrong.append(f"{name}: answered, and then still in work")
    for event in chain.from_iterable(events.values()):
        if taken and event.sequence != taken[0].position:
            found.wrong.append(f"{name}: answered {taken[0].position}, stands at {event.sequence}")
    refused = {one.code for one in attempts if one.final and not one.taken}
    if taken and refused:
        found.wrong.append(f"{name}: both taken and refused: {refused}")
    expected = {order.refusal} if order.refusal else set[str]()
    if refused - expected or (taken and order.refusal and not order.rival):
        found.wrong.append(f"{name}: {refused or 'taken'}, not {order.refusal or 'taken'}")


def both_passed(attempts: Attempts) -> Iterator[str]:
    """Two of one person's day, together of more hours than it has."""
    passed = Counter(order.rival for order, each in attempts.items() if order.rival and _taken(each))
    return (f"both rivals for {name} passed" for name, count in passed.items() if count > 1)


def given(alliance: Alliance, attempts: Attempts) -> Mapping[str, Decimal]:
    """The model of the ledger: by company, what those of its commands give that were acknowledged."""
    model = dict.fromkeys(alliance.companies, Decimal(0))
    for order, each in attempts.items():
        if order.alliance is alliance and order.gives and _taken(each):
            company, amount = order.gives
            model[company] += amount
    return model


def _taken(attempts: Sequence[Attempt]) -> bool:
    return any(attempt.taken for attempt in attempts)


def by_request(events: Sequence[Stored]) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = defaultdict(list)
    for event in events:
        found[event.request].append(event)
    return dict(found)
