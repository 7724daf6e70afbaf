"""What the ledger keeps of what it follows, shown on a real PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from events.envelope import parse
from events.follow import Arrived, CannotApply, Follower
from events.freezing import frozen, resume
from events.ids import AllianceId
from events.log import Record
from events.log_postgres import PostgresLog
from events.registry import Registry
from ledger.balances import views as balances
from ledger.book import Book
from ledger.obligations import views as obligations
from ledger.posting.rules import Source
from ledger.recorded import LEDGER
from rigs.books import Books
from samples import books as made_up
from samples.books import Publisher

A, B = uuid4(), uuid4()


@pytest.fixture
def purchasing(alliance: AllianceId) -> Publisher:
    return Publisher("purchasing", alliance)


@pytest.fixture
def tenders(alliance: AllianceId) -> Publisher:
    return Publisher("tenders", alliance)


async def _entries(books: Books, alliance: AllianceId) -> list[asyncpg.Record]:
    async with books.store.single() as transaction:
        return await transaction.raw.fetch(
            "SELECT sequence, stream, version, event_id, type, body FROM events"
            " WHERE alliance_id = $1 ORDER BY sequence",
            alliance,
        )


async def _sums(books: Books, alliance: AllianceId, **asked: object) -> dict[tuple[UUID, str], Decimal]:
    found: dict[tuple[UUID, str], Decimal] = {}
    async with books.store.single() as transaction:
        for one in await balances.sums(transaction, alliance, "EUR", None, **asked):  # type: ignore[arg-type]
            key = (one.member, one.side.value)
            found[key] = found.get(key, Decimal()) + one.amount
    return {key: amount for key, amount in found.items() if amount}


async def test_every_followed_event_is_an_entry_byte_for_byte_after_the_one_that_opens_the_log(
    books: Books, alliance: AllianceId, purchasing: Publisher, tenders: Publisher
) -> None:
    events = [
        purchasing.gave(A, "10.00"),
        tenders.got(B, "4.00"),
        purchasing.publish(purchasing.words.said()),
    ]
    await books.apply(alliance, events[:2])
    await books.apply(alliance, events[2:])
    first, *rest = await _entries(books, alliance)
    opening = orjson.loads(first["body"])
    assert (first["sequence"], first["type"]) == (1, "alliance.ledger.log_opened.v1")
    assert (opening["source"], opening["sequence"]) == (f"/ledger/alliances/{alliance}", f"{1:012d}")
    prefix, _, random = opening["data"]["origin"].partition("/")
    assert (prefix, len(random)) == ("test.example", 32)
    assert [row["body"] for row in rest] == [event.body for event in events]
    assert [(row["sequence"], row["stream"], row["version"], row["event_id"]) for row in rest] == [
        (2, f"/purchasing/alliances/{alliance}", 1, events[0].head.id),
        (3, f"/tenders/alliances/{alliance}", 1, events[1].head.id),
        (4, f"/purchasing/alliances/{alliance}", 2, events[2].head.id),
    ]


async def test_each_log_has_a_name_of_its_own(books: Books) -> None:
    origins = set()
    for _ in range(2):
        alliance = AllianceId(uuid4())
        await books.apply(alliance, [Publisher("tenders", alliance).gave(A, "1.00")])
        origins.add(orjson.loads((await _entries(books, alliance))[0]["body"])["data"]["origin"])
    assert len(origins) == 2


async def test_the_books_balance_in_each_entry_and_commodity(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    obligation = uuid4()
    events = [
        purchasing.gave(A, "10.00"),
        purchasing.got(A, "0.10"),
        purchasing.expected(B, "-3.00"),
        purchasing.owed(obligation, A, None, "7.00"),
    ]
    events.append(purchasing.taken_back(events[0]))
    await books.apply(alliance, events)
    async with books.store.single() as transaction:
        sums = await transaction.raw.fetch(
            "SELECT entry, commodity, sum(amount) AS amount, count(*) AS legs FROM postings"
            " WHERE alliance_id = $1 GROUP BY entry, commodity ORDER BY entry",
            alliance,
        )
    assert [(row["entry"], row["amount"], row["legs"]) for row in sums] == [
        (entry, 0, 2) for entry in range(1, 6)
    ]


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
async def test_a_reversal_negates_all_that_was_posted_for_its_event(
    books: Books, alliance: AllianceId, purchasing: Publisher, together: bool
) -> None:
    wrong = purchasing.gave(A, "1260.00", effective_on=date(2025, 3, 17))
    right = purchasing.gave(A, "810.00", effective_on=date(2025, 3, 18))
    back = purchasing.taken_back(wrong, project="campaign/2", effective_on=date(2025, 3, 18))
    events = [wrong, right, back]
    for batch in [events] if together else [events[:1], events[1:]]:
        await books.apply(alliance, batch)
    assert await _sums(books, alliance) == {(A, "contributed"): Decimal("810.00")}
    # The reversal belongs to the project that it corrects, and to its own day.
    assert await _sums(books, alliance, until=date(2025, 3, 17)) == {(A, "contributed"): Decimal("1260.00")}
    async with books.store.single() as transaction:
        projects = await balances.project_sums(transaction, alliance, "EUR", None)
    assert [(one.project, one.amount) for one in projects] == [("campaign/1", Decimal("810.00"))]


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
async def test_an_event_is_reversed_once(
    books: Books, alliance: AllianceId, purchasing: Publisher, together: bool
) -> None:
    event = purchasing.gave(A, "5.00")
    events = [event, purchasing.taken_back(event), purchasing.taken_back(event)]
    if not together:
        await books.apply(alliance, events[:2])
        events = events[2:]
    with pytest.raises(CannotApply) as refused:
        await books.apply(alliance, events)
    assert refused.value.code == "reversed_already"


async def test_only_an_earlier_event_of_the_same_source_is_reversed(
    books: Books, alliance: AllianceId, purchasing: Publisher, tenders: Publisher
) -> None:
    foreign = tenders.gave(A, "5.00")
    for events in (
        [foreign, purchasing.taken_back(foreign)],
        [purchasing.publish(purchasing.words.taken_back(event_id=str(uuid4())))],
    ):
        with pytest.raises(CannotApply) as refused:
            await books.apply(alliance, events)
        assert refused.value.code == "reverses_unknown"


def _with(event: Arrived, **attributes: object) -> Arrived:
    """The same event with other attributes in its envelope."""
    body = orjson.dumps({**event.head.envelope, **attributes})
    return Arrived(parse(body), body, event.topic, event.partition, event.offset)


async def test_what_cannot_be_read_or_posted_is_refused_and_named_without_figures(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    good = purchasing.gave(A, "77.77")
    other = purchasing.gave(B, "88.88")
    cases = {
        "unknown_type": _with(good, type="alliance.purchasing.never_heard_of.v1"),
        "unreadable": _with(good, data={"company": "77.77"}),
        "cannot_post": purchasing.publish(purchasing.words.broken()),
    }
    for code, event in cases.items():
        with pytest.raises(CannotApply) as refused:
            await books.apply(alliance, [event])
        assert refused.value.code == code
        assert "77.77" not in refused.value.detail
        assert "1234" not in refused.value.detail
    # A figure moved to another event does not open.
    with pytest.raises(CannotApply) as refused:
        await books.apply(alliance, [_with(good, data=other.head.envelope["data"])])
    assert refused.value.code == "unreadable"
    assert await _entries(books, alliance) == []


async def test_a_figure_without_a_key_is_not_passed_over(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    strangers = {**made_up.MASTERS, "purchasing": made_up.MASTERS["tenders"]}
    book = Book(made_up.SOURCES, strangers, "test.example")
    with pytest.raises(CannotApply) as refused:
        async with books.store.transaction() as transaction:
            await book.apply(transaction, alliance, [purchasing.gave(A, "1.00")])
    assert (refused.value.code, refused.value.detail) == (
        "cannot_post",
        "alliance.purchasing.gave.v1: SealedFigure",
    )


async def test_what_was_known_at_a_size_and_a_date_can_be_asked_later(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "640.00", effective_on=date(2025, 6, 30))])
    await books.apply(
        alliance,
        [
            purchasing.gave(A, "160.00", effective_on=date(2025, 6, 25)),
            purchasing.gave(A, "5.00", effective_on=date(2025, 7, 1)),
            purchasing.gave(A, "3.00", effective_on=date(2026, 1, 1)),
        ],
    )

    async def contributed(**asked: object) -> Decimal:
        return (await _sums(books, alliance, **asked)).get((A, "contributed"), Decimal())

    assert await contributed(until=date(2025, 6, 24)) == 0
    assert await contributed(until=date(2025, 6, 25)) == 160
    assert await contributed(until=date(2025, 6, 30)) == 800
    assert await contributed(until=date(2025, 6, 30), size=2) == 640
    assert await contributed(size=1) == 0
    assert await contributed(until=date(2025, 12, 31)) == 805
    assert await contributed(since=date(2026, 1, 1)) == 3
    assert await contributed() == 808


async def test_an_obligation_is_open_until_nothing_is_left_of_it(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    first, second = sorted([uuid4(), uuid4()])
    due, paid = date(2025, 4, 30), date(2025, 7, 4)
    await books.apply(
        alliance,
        [
            purchasing.owed(first, A, B, "1000.00", due, effective_on=date(2025, 3, 28)),
            purchasing.owed(second, None, A, "600.00", effective_on=date(2025, 5, 1)),
            purchasing.owed(first, A, B, "-1000.00", effective_on=paid),
        ],
    )

    async def open_ones(
        parties: Sequence[UUID] | None = None, **asked: object
    ) -> list[tuple[UUID, Decimal, date | None]]:
        async with books.store.single() as transaction:
            found = await obligations.open_ones(
                transaction,
                alliance,
                parties,
                after=UUID(int=0),
                limit=10,
                **asked,  # type: ignore[arg-type]
            )
        return [(one.obligation, one.outstanding, one.due_on) for one in found]

    assert await open_ones() == [(second, Decimal(600), None)]
    assert await open_ones([B]) == []
    assert await open_ones([A]) == [(second, Decimal(600), None)]
    assert await open_ones(until=date(2025, 6, 30)) == [
        (first, Decimal(1000), due),
        (second, Decimal(600), None),
    ]
    assert await open_ones(until=date(2025, 3, 27)) == []
    assert await open_ones(size=2) == [(first, Decimal(1000), due)]


class Followed:
    """The books as a follower keeps them, over a log in PostgreSQL."""

    def __init__(self, books: Books, book: Book) -> None:
        self._books = books
        self._log = PostgresLog(books.address)
        topics = {f"alliance.{name}": name for name in made_up.SOURCES}
        self._follower = Follower(books.store, self._log, topics, LEDGER, book.apply)

    async def publish(self, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        for event in events:
            assert await self._log.publish(event.topic, [Record(alliance, event.body)]) == 1

    async def catch_up(self) -> None:
        """Applies all that is in the log: a step without a record says so."""
        topics = list(self._follower.topics)
        async with self._log.reader(topics, LEDGER, self._follower._positions.start) as reader:
            while await self._follower.step(reader):
                continue

    async def close(self) -> None:
        await self._log.close()


@pytest.fixture
async def followed(books: Books) -> AsyncIterator[Followed]:
    followed = Followed(books, books.book)
    yield followed
    await followed.close()


async def test_an_event_sent_twice_counts_once(
    books: Books, followed: Followed, alliance: AllianceId, purchasing: Publisher
) -> None:
    events = [purchasing.gave(A, "10.00"), purchasing.gave(A, "1.00")]
    await followed.publish(alliance, [*events, *events])
    await followed.catch_up()
    await followed.publish(alliance, events)
    await followed.catch_up()
    assert len(await _entries(books, alliance)) == 3
    assert await _sums(books, alliance) == {(A, "contributed"): Decimal("11.00")}


async def test_an_unknown_event_freezes_its_alliance_alone_until_it_is_known_and_resumed(
    books: Books, followed: Followed, alliance: AllianceId, purchasing: Publisher
) -> None:
    other = AllianceId(uuid4())
    elsewhere = Publisher("purchasing", other)
    before, unheard, after = (
        purchasing.gave(A, "10.00"),
        purchasing.publish(purchasing.words.said()),
        purchasing.gave(A, "1.00"),
    )
    ignorant = Book(
        {
            name: Source(
                Registry.of(
                    name, [kind for wire, kind in source.registry.classes.items() if "said" not in wire]
                ),
                source.rules,
            )
            for name, source in made_up.SOURCES.items()
        },
        made_up.MASTERS,
        "test.example",
    )
    old = Followed(books, ignorant)
    await old.publish(alliance, [before, unheard, after])
    await old.publish(other, [elsewhere.gave(B, "2.00")])
    await old.catch_up()
    (stands,) = await frozen(books.store, alliance)
    assert (stands.source, stands.sequence, stands.code) == ("purchasing", 2, "unknown_type")
    assert stands.detail == "alliance.purchasing.said.v1"
    assert len(await _entries(books, alliance)) == 2
    assert await _sums(books, other) == {(B, "contributed"): Decimal("2.00")}
    await old.close()

    # The new version knows the event; an operator resumes.
    assert await resume(books.store, alliance)
    await followed.catch_up()
    assert await frozen(books.store, alliance) == []
    entries = await _entries(books, alliance)
    assert [row["event_id"] for row in entries[1:]] == [event.head.id for event in (before, unheard, after)]
    assert await _sums(books, alliance) == {(A, "contributed"): Decimal("11.00")}
    assert not await resume(books.store, alliance)


async def test_the_service_may_not_change_an_entry(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "1.00")])
    for statement in (
        "UPDATE events SET body = ''",
        "DELETE FROM events",
        "TRUNCATE events",
        "DELETE FROM heads",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with books.store.transaction() as transaction:
                await transaction.raw.execute(statement)
