"""What counts in which half-year, on a real PostgreSQL: what closing records, and what comes after it."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from events.envelope import parse
from events.errors import Refused
from events.follow import Arrived
from events.freezing import Freeze, freeze
from events.ids import AllianceId
from events.store import Store
from ledger import app as ledger_app
from ledger.balances import views as balances
from ledger.book import Book
from ledger.log.views import worked_out
from ledger.period import views
from ledger.period.events import BalancesSealed
from ledger.period.sealing import SealedList
from ledger.period.sums import HalfYear
from ledger.posting.rules import sources
from ledger.recorded import LEDGER
from members.alliance.events import AllianceFounded
from members.charter.events import CharterPutInForce, Terms
from rigs.books import Books, opened
from rigs.closing import LATE, close
from rigs.postgres import Postgres
from samples import books as made_up
from samples.books import Publisher
from samples.charter import charter
from service.migrations import migrate
from service.standing import Standings
from standing import Told
from tlog.merkle import leaf_hash, root, root_of

A, B = sorted(uuid4() for _ in range(2))


@pytest.fixture(scope="module")
async def elsewhere(postgres: Postgres) -> AsyncIterator[Books]:
    """A ledger of which nothing is left."""
    async with opened(postgres) as books:
        yield books


@pytest.fixture
def purchasing(alliance: AllianceId) -> Publisher:
    return Publisher("purchasing", alliance)


async def _entries(books: Books, alliance: AllianceId) -> list[asyncpg.Record]:
    async with books.store.single() as transaction:
        return await transaction.raw.fetch(
            "SELECT sequence, stream, version, type, body FROM events WHERE alliance_id = $1"
            " ORDER BY sequence",
            alliance,
        )


async def _sums(books: Books, alliance: AllianceId) -> Mapping[tuple[UUID, str, str], Decimal]:
    async with books.store.single() as transaction:
        found = await views.sums(transaction, alliance)
    return {(one.member, one.side.value, one.period.name): amount for one, amount in found.items()}


async def test_what_the_ledger_closes_are_entries_of_its_own_numbers_among_all_others(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "2000.00"), purchasing.got(B, "50.00")])
    receipt = await close(books.store, books.book, alliance, "2025-H1", [A, B])
    await books.apply(alliance, [purchasing.gave(B, "1.00", effective_on=LATE)])
    await close(books.store, books.book, alliance, "2025-H2", [A, B])
    rows = await _entries(books, alliance)
    own = [row for row in rows if row["stream"] == f"/ledger/alliances/{alliance}"]
    assert [row["type"].removeprefix("alliance.ledger.").removesuffix(".v1") for row in own] == [
        "log_opened",
        "period_closed",
        "imbalance_detected",
        "balances_sealed",
        "period_closed",
        "balances_sealed",
    ]
    heads = [parse(row["body"]) for row in own]
    assert [(row["version"], head.sequence) for row, head in zip(own, heads, strict=True)] == [
        (number, number) for number in range(1, 7)
    ]
    assert {head.envelope["subject"] for head in heads} == {f"log/{alliance}"}
    # Each names the size of the log that it was worked out from: its own index.
    for row, head in zip(own[1:], heads[1:], strict=True):
        assert head.envelope["data"]["log_size"] == row["sequence"] - 1
    assert (receipt.version, receipt.position) == (4, 6)
    assert [row["sequence"] for row in rows] == list(range(1, 10))


async def test_what_is_closed_is_in_the_tree_of_the_log(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "2000.00")])
    await close(books.store, books.book, alliance, "2025-H1", [A])
    bodies = [row["body"] for row in await _entries(books, alliance)]
    async with books.store.single() as transaction:
        found = await worked_out(transaction, alliance, len(bodies), lambda tree: root(len(bodies), tree))
    assert found == root_of(map(leaf_hash, bodies))


async def test_what_comes_late_counts_in_the_open_half_year_and_keeps_its_date(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "1380.00", effective_on=date(2025, 6, 30))])
    await close(books.store, books.book, alliance, "2025-H1", [A])
    late = purchasing.gave(A, "160.00", effective_on=LATE)
    await books.apply(alliance, [late, purchasing.got(A, "7.00", effective_on=date(2025, 8, 1))])
    assert await _sums(books, alliance) == {
        (A, "contributed", "2025-H1"): Decimal("1380.00"),
        (A, "contributed", "2025-H2"): Decimal("160.00"),
        (A, "received", "2025-H2"): Decimal("7.00"),
    }
    async with books.store.single() as transaction:
        days = await transaction.raw.fetch(
            "SELECT DISTINCT effective_on, booked_on FROM postings WHERE alliance_id = $1 ORDER BY 1",
            alliance,
        )
        (june,) = await balances.sums(transaction, alliance, "EUR", [A], until=date(2025, 6, 30))
    assert [tuple(row) for row in days] == [
        (LATE, date(2025, 7, 1)),
        (date(2025, 6, 30), date(2025, 6, 30)),
        (date(2025, 8, 1), date(2025, 8, 1)),
    ]
    # Asked by date instead of by period, it belongs to its own day.
    assert june.amount == Decimal("1540.00")


async def test_a_reversal_after_the_closing_leaves_the_closed_figures_as_they_were(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    wrong = purchasing.gave(A, "1260.00", effective_on=LATE)
    await books.apply(alliance, [wrong])
    await close(books.store, books.book, alliance, "2025-H1", [A])
    await books.apply(alliance, [purchasing.taken_back(wrong, effective_on=LATE)])
    assert await _sums(books, alliance) == {
        (A, "contributed", "2025-H1"): Decimal("1260.00"),
        (A, "contributed", "2025-H2"): Decimal("-1260.00"),
    }


async def test_what_is_sealed_are_the_sums_of_the_closed_half_years(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(
        alliance,
        [
            purchasing.gave(A, "10.00", effective_on=LATE),
            purchasing.got(B, "0.00", effective_on=LATE),
            purchasing.gave(B, "20.00", effective_on=date(2025, 7, 1)),
        ],
    )
    for period in ("2025-H1", "2025-H2"):
        await close(books.store, books.book, alliance, period, [A, B])
        async with books.store.single() as transaction:
            (sealed,) = await views.own(transaction, alliance, BalancesSealed, newest=True)
            sums = await views.sums(transaction, alliance, last_day=HalfYear.named(period).ends_on)
        whole = SealedList(sums)
        assert (sealed.event.count, sealed.event.root) == (whole.count, whole.root.hex())
    assert whole.lines == [
        f"{A} contributed 2025-H1 EUR 10.00",
        f"{B} contributed 2025-H2 EUR 20.00",
    ]


async def test_nothing_is_closed_while_an_alliance_stands_still(
    books: Books, alliance: AllianceId, purchasing: Publisher
) -> None:
    await books.apply(alliance, [purchasing.gave(A, "10.00")])
    async with books.store.transaction() as transaction:
        await freeze(transaction, Freeze(alliance, "purchasing", 2, "cannot_post", "detail"))
    with pytest.raises(Refused) as refused:
        await close(books.store, books.book, alliance, "2025-H1", [A])
    assert refused.value.code == "alliance_stands_still"
    assert len(await _entries(books, alliance)) == 2


@pytest.mark.parametrize("size", [1, 3, 100], ids=["one by one", "in threes", "all at once"])
async def test_taken_back_from_its_topic_a_log_counts_the_same_in_each_half_year(
    books: Books, elsewhere: Books, alliance: AllianceId, purchasing: Publisher, size: int
) -> None:
    """In whatever batches, and with the closing in the middle of one."""
    await books.apply(alliance, [purchasing.gave(A, "10.00", effective_on=LATE), purchasing.gave(A, "5.00")])
    await close(books.store, books.book, alliance, "2025-H1", [A])
    await books.apply(alliance, [purchasing.gave(A, "20.00", effective_on=LATE)])
    await close(books.store, books.book, alliance, "2025-H2", [A])
    await books.apply(alliance, [purchasing.gave(A, "40.00", effective_on=LATE)])
    events = [
        Arrived(parse(row["body"]), row["body"], "alliance.ledger", 0, row["sequence"] - 1)
        for row in await _entries(books, alliance)
    ]
    for first in range(0, len(events), size):
        await elsewhere.apply(alliance, events[first : first + size])
    assert await _sums(elsewhere, alliance) == await _sums(books, alliance)
    assert (await _sums(books, alliance))[A, "contributed", "2026-H1"] == Decimal("40.00")


async def test_a_ledger_from_before_half_years_is_brought_to_what_it_would_have(
    postgres: Postgres, database: str
) -> None:
    """The sums of what was posted, and the floors that the standing was told of without keeping them."""
    role, alliance = await postgres.create_role(), AllianceId(uuid4())
    url = f"postgresql+asyncpg://{{}}@/{database}?host={postgres.host}"
    await migrate(url.format("postgres"), LEDGER, ledger_app.MIGRATIONS, role)
    store = Store.connect(url.format(role), pool_size=1)
    owner = await postgres.connect(database)
    purchasing, members = Publisher("purchasing", alliance), Publisher("members", alliance)
    terms = Terms.model_validate(charter())
    told = [
        members.publish(AllianceFounded(name="Trois-Rives", founder="0" * 32)),
        members.publish(
            CharterPutInForce(version=1, from_day=date(2025, 1, 2), terms=terms, preamble=None, decision=None)
        ),
    ]
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31)]
    given = [purchasing.gave(A, f"{number}.10", effective_on=day) for number, day in enumerate(days)]
    given += [purchasing.got(A, "9.00"), purchasing.got(B, "1.00")]
    book = Book({**made_up.SOURCES, "members": sources()["members"]}, made_up.MASTERS, "test.example")
    async with store.transaction() as transaction:
        await Standings().apply(transaction, alliance, [Told.by(event.head) for event in told])
        await book.apply(transaction, alliance, [*told, *given])
    shown = "SELECT * FROM period_sums ORDER BY starts_on, member, side"
    sums = await owner.fetch(shown)
    (standing,) = await owner.fetch("SELECT * FROM standing")
    before = orjson.loads(standing["document"])
    floor = before["charters"][0].pop("floor")
    assert (len(sums), floor["threshold"]["amount"]) == (5, "1000.00")
    await owner.execute("UPDATE standing SET document = $1", orjson.dumps(before))
    await owner.execute("DROP TABLE period_sums; UPDATE alembic_version SET version_num = '0006'")
    await migrate(url.format("postgres"), LEDGER, ledger_app.MIGRATIONS, role)
    assert await owner.fetch(shown) == sums
    assert await owner.fetch("SELECT * FROM standing") == [standing]
    await store.close()
    await owner.close()
