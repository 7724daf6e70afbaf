"""Closing half-years over HTTP: who may, what it shows to whom, and the proof that goes with each amount."""

from dataclasses import replace
from datetime import date
from itertools import product as pairs
from typing import Any
from uuid import uuid4

import pytest

from events.freezing import Freeze, freeze
from events.ids import AllianceId
from ledger.audit.sealed import check
from ledger.book import Book
from rigs.product import Client, Founded, Product
from samples import books as made_up
from samples.books import Publisher
from service.paging import Cursor

SOON = "2026-07-02"
"""The day of a founding whose first half-year is not over."""


class Books:
    """An alliance of three, and what made-up services tell the ledger of it."""

    def __init__(self, product: Product, founded: Founded) -> None:
        self.product = product
        self.founded = founded
        self.alliance = AllianceId(founded.id)
        self.purchasing = Publisher("purchasing", self.alliance, product.services["ledger"].keyrings)

    async def figures(self, number: int, gave: str, got: str, effective_on: date = date(2025, 6, 30)) -> None:
        """What one company gives and gets on a day."""
        company, ledger = self.founded.companies[number], self.product.services["ledger"]
        events = [
            self.purchasing.gave(company, gave, effective_on=effective_on),
            self.purchasing.got(company, got, effective_on=effective_on),
        ]
        async with ledger.store.transaction() as transaction:
            book = Book(made_up.SOURCES, ledger.keyrings, "test.example")
            await book.apply(transaction, self.alliance, events)

    async def get(self, client: Client, rest: str, status: int = 200) -> Any:
        answer = await client.get(self.founded.path("ledger", rest))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def close(self, period: str, status: int = 201, **asked: Any) -> Any:
        answer = await self.ask(self.founded.coordinator, period, **asked)
        assert answer.status_code == status, answer.text
        return answer

    async def ask(
        self,
        client: Client,
        period: str,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        **body: str,
    ) -> Any:
        path = self.founded.path("ledger", f"/periods{query}")
        return await client.post(path, json={"period": period, **body}, headers=headers)


@pytest.fixture
async def books(product: Product) -> Books:
    return Books(product, await product.found(companies=3))


@pytest.fixture(scope="module")
async def closed(product: Product) -> Books:
    """The first half-year is the story's: its second company gave much and got little."""
    books = Books(product, await product.found(companies=3))
    await books.figures(0, "1040.00", "3500.00")
    await books.figures(1, "5060.00", "600.00")
    await books.figures(2, "560.00", "0.00")
    await books.figures(2, "0.00", "70.00", date(2025, 7, 1))
    await books.close("2025-H1", effective_on="2025-06-30")
    await product.quiet()
    return books


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def test_a_closing_that_is_tried_again_closes_once(books: Books) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await books.close("2025-H1", headers=key)
    size = (await books.get(books.founded.directors[0], "/log"))["log_size"]
    assert first.headers["Alliance-Position"] == f"ledger={size}"
    assert first.headers["Location"].endswith("/periods/2025-H1/balances")
    assert (await books.founded.directors[0].get(first.headers["Location"])).status_code == 200
    again = await books.close("2025-H1", headers=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    refused = await books.close("2025-H1", 409)
    assert (refused.json()["code"], refused.json()["detail"]) == (
        "period_not_next",
        "Half-years are closed in order: 2025-H2 is the first open one.",
    )
    assert (await books.get(books.founded.directors[0], "/log"))["log_size"] == size


async def test_only_the_coordinator_closes(books: Books, product: Product) -> None:
    auditor = await product.grant(books.founded, f"auditor-{uuid4()}", "auditor")
    await product.quiet()
    before = await product.digests()
    for client in (auditor, books.founded.directors[0]):
        refused = await books.ask(client, "2025-H1")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    refused = await books.ask(product.as_("stranger"), "2025-H1")
    assert (refused.status_code, refused.json()["code"]) == (404, "alliance_unknown")
    assert await product.digests() == before


async def test_half_years_close_in_order_when_they_are_over(books: Books, product: Product) -> None:
    assert (await books.close("2025-H2", 409)).json()["code"] == "period_not_next"
    refused = (await books.close("2025-H1", 409, effective_on="2025-06-29")).json()
    assert refused["code"] == "period_not_over"
    young = Books(product, await product.found(effective_on=SOON))
    assert (await young.close("2026-H2", 409)).json()["code"] == "period_not_over"
    assert (await young.close("2026-H1", 409)).json()["code"] == "period_not_next"
    for name in ("2025-H3", "0000-H1", "2025", "2025-H1 "):
        assert (await books.close(name, 422)).json()["code"] == "invalid_request"
    listed = await books.get(books.founded.coordinator, "/periods")
    assert [(one["period"], one["state"]) for one in listed["items"]] == [("2025-H1", "open")]


async def test_nothing_closes_while_the_alliance_stands_still(books: Books, product: Product) -> None:
    async with product.services["ledger"].store.transaction() as transaction:
        await freeze(transaction, Freeze(books.alliance, "purchasing", 7, "unknown_type", "detail"))
    assert (await books.close("2025-H1", 409)).json()["code"] == "alliance_stands_still"
    assert (await books.get(books.founded.coordinator, "/periods"))["actions"] == []


async def test_a_dry_run_writes_nothing_and_tells_nothing_of_open_figures(
    books: Books, product: Product
) -> None:
    await books.figures(1, "5060.00", "600.00")
    await product.quiet()
    before = await product.digests()
    answer = (await books.close("2025-H1", 200, query="?dry_run=true")).json()
    assert [one["type"] for one in answer["would"]] == ["alliance.ledger.period_closed.v1"]
    assert await product.digests() == before
    open_to_all = Books(product, await product.found(terms={"coordinator_independent": True}))
    await open_to_all.figures(1, "5060.00", "600.00")
    answer = (await open_to_all.close("2025-H1", 200, query="?dry_run=true")).json()
    assert [one["data"].get("ratio") for one in answer["would"]] == [None, "0.1186", None]


async def test_a_closing_is_held_to_the_version_that_the_list_has(books: Books) -> None:
    answer = await books.founded.coordinator.get(books.founded.path("ledger", "/periods"))
    assert (answer.headers["ETag"], answer.json()["actions"]) == ('"1"', ["close_period"])
    assert answer.json()["version"] == 1
    await books.close("2025-H1", 412, headers={"If-Match": '"7"'})
    closed = await books.close("2025-H1", headers={"If-Match": answer.headers["ETag"]})
    listed = await books.founded.coordinator.get(
        books.founded.path("ledger", "/periods"), headers={"If-None-Match": closed.headers["ETag"]}
    )
    assert listed.status_code == 304


async def test_half_years_are_listed_up_to_the_open_one(books: Books) -> None:
    for period in ("2025-H1", "2025-H2", "2026-H1"):
        await books.close(period)
    director = books.founded.directors[0]
    page = await books.get(director, "/periods?limit=2")
    items = page["items"]
    while page["next"]:
        page = await books.get(director, f"/periods?limit=2&cursor={page['next']}")
        items += page["items"]
    assert [(one["period"], one["starts_on"], one["state"], one["entry"] is None) for one in items] == [
        ("2025-H1", "2025-01-01", "closed", False),
        ("2025-H2", "2025-07-01", "closed", False),
        ("2026-H1", "2026-01-01", "closed", False),
        ("2026-H2", "2026-07-01", "open", True),
    ]
    entry = await books.get(director, f"/entries/{items[0]['entry']}")
    assert entry["event"]["data"] == {
        "period": "2025-H1",
        "starts_on": "2025-01-01",
        "ends_on": "2025-06-30",
        "log_size": items[0]["entry"],
    }
    assert page["actions"] == []


async def test_a_company_that_is_not_known_here_yet_is_waited_for(books: Books) -> None:
    stranger = Books(books.product, replace(books.founded, companies=[uuid4()]))
    stranger.purchasing = books.purchasing
    await stranger.figures(0, "20000.00", "10.00")
    await books.close("2025-H1")
    for rest in ("/periods/2025-H1/balances", "/imbalances"):
        answer = await books.get(books.founded.coordinator, rest, 503)
        assert answer["code"] == "company_not_known_yet"


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**63 - 1, 10**30])
@pytest.mark.parametrize("name", ["periods", "imbalances"])
async def test_a_cursor_of_no_entry_there_can_be_is_refused(closed: Books, name: str, number: int) -> None:
    cursor = Cursor(name, int).encode((number,))
    answer = await closed.get(closed.founded.coordinator, f"/{name}?cursor={cursor}", 400)
    assert answer["code"] == "cursor_invalid"


async def test_every_member_sees_what_each_gave_and_got_in_a_closed_half_year(closed: Books) -> None:
    found = await closed.get(closed.founded.directors[2], "/periods/2025-H1/balances")
    figures = {one["member"]: one["figures"] for one in found["members"]}
    assert [figures[str(company)] for company in closed.founded.companies] == [
        {
            "contributed": euros(gave),
            "received": euros(got),
            "net": euros(net),
            "ratio": ratio,
        }
        for gave, got, net, ratio in (
            ("1040.00", "3500.00", "2460.00", "3.3654"),
            ("5060.00", "600.00", "-4460.00", "0.1186"),
            ("560.00", "0.00", "-560.00", "0.0000"),
        )
    ]
    assert found["totals"] == {
        "contributed": euros("6660.00"),
        "received": euros("4100.00"),
        "net": euros("-2560.00"),
        "ratio": "0.6156",
    }
    # By date, another's figures stay its own.
    by_date = await closed.get(closed.founded.directors[2], "/balances?as_of=2025-06-30")
    assert "5060.00" not in str(by_date)


async def test_an_account_shows_the_alliances_closed_totals_and_what_they_are_proved_by(
    closed: Books,
) -> None:
    member = closed.founded.companies[0]
    in_period = await closed.get(closed.founded.directors[0], "/periods/2025-H1/balances")
    for reader in closed.founded.directors[:2]:
        account = await closed.get(reader, f"/members/{member}/account?period=2025")
        assert account["alliance"] == [{"period": "2025-H1", "figures": in_period["totals"]}]
        assert account["proof"]["sealed"] == in_period["sealed"]
        assert account["proof"]["checkpoint_size"] == account["proof"]["log_size"]
        assert ("sealed" in account["account"]) == (reader is closed.founded.directors[1])
    account = await closed.get(closed.founded.directors[0], f"/members/{member}/account?period=2024")
    assert account["alliance"] == []


async def test_an_open_half_year_shows_nothing(closed: Books) -> None:
    member = closed.founded.companies[0]
    for period, rest in pairs(
        ("2025-H2", "2024-H2", "2999-H1"), ("/balances", f"/proof?member={member}&side=received")
    ):
        refused = await closed.get(closed.founded.directors[0], f"/periods/{period}{rest}", 404)
        assert refused["code"] == "period_not_closed"


async def test_who_is_under_the_floor_is_listed(closed: Books) -> None:
    listed = await closed.get(closed.founded.directors[0], "/imbalances")
    (one,) = listed["items"]
    entry = one.pop("entry")
    assert one == {
        "member": str(closed.founded.companies[1]),
        "name": "Mécanique Dourvel 2",
        "starts_on": "2025-01-01",
        "ends_on": "2025-06-30",
        "figures": {
            "contributed": euros("5060.00"),
            "received": euros("600.00"),
            "net": euros("-4460.00"),
            "ratio": "0.1186",
        },
        "floor": "0.5",
        "threshold": euros("1000.00"),
        "charter_version": 1,
    }
    shown = await closed.get(closed.founded.directors[0], f"/entries/{entry}")
    assert shown["type"] == "alliance.ledger.imbalance_detected.v1"


async def test_each_amount_and_each_absence_has_a_proof_that_is_checked_without_the_ledger(
    closed: Books,
) -> None:
    reader = closed.founded.directors[0]
    amounts = {
        ("2025-H1", 0, "contributed"): "1040.00",
        ("2025-H1", 0, "received"): "3500.00",
        ("2025-H1", 1, "contributed"): "5060.00",
        ("2025-H1", 2, "received"): "0",
    }
    checkpoint = (await reader.get(closed.founded.path("ledger", "/log/checkpoint"))).text
    for (period, number, side), amount in amounts.items():
        member = str(closed.founded.companies[number])
        answer = await closed.get(reader, f"/periods/{period}/proof?member={member}&side={side}")
        assert check(answer, member, side, period, "EUR") == (amount, checkpoint)
        assert float(answer["amount"]["amount"]) == float(amount)
        assert len(answer["lines"]) == (2 if amount == "0" else 1) or number == 2


async def test_what_comes_late_is_in_the_statement_with_both_its_dates(books: Books) -> None:
    await books.close("2025-H1")
    await books.figures(0, "160.00", "0.00", date(2025, 6, 25))
    director, company = books.founded.directors[0], books.founded.companies[0]
    statement = await books.get(director, f"/members/{company}/statement")
    assert [(one["effective_on"], one["booked_on"]) for one in statement["items"]] == [
        ("2025-06-25", "2025-07-01")
    ] * 2
    by_date = await books.get(director, "/balances?as_of=2025-06-30")
    (figures,) = [one["figures"] for one in by_date["members"] if one["member"] == str(company)]
    assert figures["contributed"] == euros("160.00")
    in_period = await books.get(director, "/periods/2025-H1/balances")
    assert in_period["totals"]["contributed"] == euros("0.00")
    await books.close("2025-H2")
    in_period = await books.get(director, "/periods/2025-H2/balances")
    assert in_period["totals"]["contributed"] == euros("160.00")


async def test_who_has_no_role_learns_nothing_of_periods(closed: Books, product: Product) -> None:
    proof = f"/periods/2025-H1/proof?member={closed.founded.companies[0]}&side=received"
    for path in ("/periods", "/periods/2025-H1/balances", proof, "/imbalances"):
        refused = await closed.get(product.as_("stranger"), path, 404)
        assert refused["code"] == "alliance_unknown"
