"""The books against a model of domain.md, written down here a second time and sharing nothing with them.

Whatever two services publish, in whatever interleaving and batches it arrives: every sum is the model's, by
member, by project and by obligation, on any date and as known at any size of the log; and the books balance.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.follow import Arrived
from events.ids import AllianceId
from ledger.balances import views as balances
from ledger.obligations import views as obligations
from ledger.posting.transactions import Nature
from rigs.books import Books, opened
from rigs.postgres import Postgres
from samples.books import Publisher

COMPANIES = [UUID(int=number) for number in range(1, 4)]
OBLIGATIONS = [UUID(int=number) for number in range(101, 104)]
FIRST_DAY = date(2024, 12, 30)
LAST_DAY = FIRST_DAY + timedelta(days=400)

days = st.integers(0, 400).map(lambda number: FIRST_DAY + timedelta(days=number))
amounts = st.integers(-10_000, 10_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")


@dataclass(frozen=True)
class Fact:
    """What happened, as a person would note it. `reverses` is the number of an earlier fact of its source."""

    source: str
    kind: str
    company: UUID
    amount: str
    project: str
    day: date
    obligation: UUID
    nature: Nature
    reverses: int = 0


@dataclass(frozen=True)
class Noted:
    """What one fact changes: a key of sums, by how much, when, and as which entry of the log."""

    key: tuple[Any, ...]
    amount: Decimal
    day: date
    entry: int


def model(arrivals: Sequence[tuple[Fact, int]]) -> list[Noted]:
    """Facts in the order of the log, each with its number in its source."""
    notes: list[Noted] = []
    of_fact: dict[tuple[str, int], list[tuple[tuple[Any, ...], Decimal]]] = {}
    for entry, (fact, number) in enumerate(arrivals, 1):
        amount = Decimal(fact.amount)
        changes: list[tuple[tuple[Any, ...], Decimal]]
        match fact.kind:
            case "gave":
                changes = [(("contributed", fact.company, fact.project), amount)]
            case "got":
                changes = [(("received", fact.company, fact.project), amount)]
            case "expected":
                changes = [(("pending", fact.company, fact.project), amount)]
            case "owed":
                changes = [(("owed", fact.obligation), amount)]
            case "taken back":
                changes = [(key, -was) for key, was in of_fact[fact.source, fact.reverses]]
            case _:
                changes = []
        of_fact[fact.source, number] = changes
        notes += [Noted(key, change, fact.day, entry) for key, change in changes]
    return notes


def summed(notes: Sequence[Noted], key: Callable[[tuple[Any, ...]], Any]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for note in notes:
        sums[key(note.key)] += note.amount
    return {name: amount for name, amount in sums.items() if amount}


@st.composite
def facts(draw: st.DrawFn, source: str) -> list[Fact]:
    """Of one source, in its order; nothing is taken back twice."""
    found: list[Fact] = []
    reversible: list[int] = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        kinds = ["gave", "got", "expected", "owed", "said"] + (["taken back"] if reversible else [])
        kind = draw(st.sampled_from(kinds))
        reverses = 0
        if kind == "taken back":
            reverses = reversible.pop(draw(st.integers(0, len(reversible) - 1)))
        reversible.append(number)
        found.append(
            Fact(
                source,
                kind,
                draw(st.sampled_from(COMPANIES)),
                draw(amounts),
                draw(st.sampled_from(["life", "campaign/1", "lot/1"])),
                draw(days),
                # The two services never publish of one obligation.
                draw(st.sampled_from(OBLIGATIONS[:2] if source == "purchasing" else OBLIGATIONS[2:])),
                draw(st.sampled_from(list(Nature))),
                reverses,
            )
        )
    return found


@st.composite
def interleaved(draw: st.DrawFn, first: Sequence[Fact], second: Sequence[Fact]) -> list[tuple[Fact, int]]:
    """Both in their own order, each fact with its number in its source."""
    left = [(fact, number) for number, fact in enumerate(first, 1)]
    right = [(fact, number) for number, fact in enumerate(second, 1)]
    merged: list[tuple[Fact, int]] = []
    while left and right:
        merged.append((left if draw(st.booleans()) else right).pop(0))
    return merged + left + right


def recorded(alliance: AllianceId, arrivals: Sequence[tuple[Fact, int]]) -> list[Arrived]:
    """The facts as events: each source records its own first, as it would, then they interleave."""
    events: dict[tuple[str, int], Arrived] = {}
    publishers = {source: Publisher(source, alliance) for source in ("purchasing", "tenders")}
    for fact, number in sorted(arrivals, key=lambda arrival: arrival[1]):
        publisher = publishers[fact.source]
        place: dict[str, Any] = {"project": fact.project, "effective_on": fact.day}
        match fact.kind:
            case "gave":
                event = publisher.gave(fact.company, fact.amount, fact.nature, **place)
            case "got":
                event = publisher.got(fact.company, fact.amount, fact.nature, **place)
            case "expected":
                event = publisher.expected(fact.company, fact.amount, **place)
            case "owed":
                event = publisher.owed(fact.obligation, COMPANIES[0], None, fact.amount, **place)
            case "taken back":
                event = publisher.taken_back(events[fact.source, fact.reverses], **place)
            case _:
                event = publisher.publish(publisher.words.said(), **place)
        events[fact.source, number] = event
    return [events[fact.source, number] for fact, number in arrivals]


async def read(books: Books, alliance: AllianceId, until: date, size: int) -> list[dict[Any, Decimal]]:
    """By (side, member), and by obligation."""
    async with books.store.single() as transaction:
        sums = await balances.sums(transaction, alliance, "EUR", None, until=until, size=size)
        owed = await obligations.open_ones(
            transaction, alliance, None, after=UUID(int=0), limit=10, until=until, size=size
        )
    members: dict[Any, Decimal] = defaultdict(Decimal)
    for one in sums:
        members[one.side.value, one.member] += one.amount
    return [
        {key: amount for key, amount in members.items() if amount},
        {one.obligation: one.outstanding for one in owed},
    ]


def expected(notes: Sequence[Noted], until: date, size: int) -> list[dict[Any, Decimal]]:
    known = [note for note in notes if note.day <= until and note.entry < size]
    return [
        summed([note for note in known if note.key[0] != "owed"], lambda key: key[:2]),
        summed([note for note in known if note.key[0] == "owed"], lambda key: key[1]),
    ]


@pytest.fixture(scope="module")
async def books(postgres: Postgres) -> AsyncIterator[Books]:
    async with opened(postgres) as books:
        yield books


async def _holds(
    books: Books, arrivals: Sequence[tuple[Fact, int]], batch: int, until: date, size: int
) -> None:
    alliance = AllianceId(uuid4())
    events = recorded(alliance, arrivals)
    for start in range(0, len(events), batch):
        await books.apply(alliance, events[start : start + batch])
    notes = model(arrivals)
    for day, known in (
        (LAST_DAY, len(events) + 1),
        (until, len(events) + 1),
        (LAST_DAY, size),
        (until, size),
    ):
        assert await read(books, alliance, day, known) == expected(notes, day, known)
    async with books.store.single() as transaction:
        projects = await balances.project_sums(transaction, alliance, "EUR", None)
        unbalanced = await transaction.raw.fetch(
            "SELECT entry FROM postings WHERE alliance_id = $1"
            " GROUP BY entry, commodity HAVING sum(amount) <> 0",
            alliance,
        )
    by_project = {(one.side.value, one.member, one.project): one.amount for one in projects if one.amount}
    assert by_project == summed([note for note in notes if note.key[0] != "owed"], lambda key: key)
    assert unbalanced == []


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_books_say_what_the_model_says_in_any_interleaving(books: Books, data: Any) -> None:
    purchasing, tenders = data.draw(facts("purchasing")), data.draw(facts("tenders"))
    final: list[Any] = []
    for _ in range(2):
        arrivals = data.draw(interleaved(purchasing, tenders))
        size = data.draw(st.integers(0, len(arrivals) + 1))
        await _holds(books, arrivals, data.draw(st.integers(1, 17)), data.draw(days), size)
        final.append(expected(model(arrivals), LAST_DAY, len(arrivals) + 1))
    # The model itself does not depend on the interleaving: so neither do the books.
    assert final[0] == final[1]
