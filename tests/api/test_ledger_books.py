"""What the ledger shows over HTTP, and to whom."""

from base64 import b64decode
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from events.freezing import Freeze, freeze
from events.ids import AllianceId
from ledger.book import Book
from ledger.posting.transactions import Nature
from rigs.product import Client, Founded, Product
from samples import books as made_up
from samples.books import Publisher

SECRET = "98765.43"
"""The second company's: to be seen by who may read it, and nobody else."""


class Played:
    """An alliance of three in whose books both made-up services have something."""

    def __init__(self, founded: Founded, auditor: Client, independent: Client) -> None:
        self.founded = founded
        self.auditor = auditor
        self.independent = independent
        self.first, self.second, self.third = founded.companies
        self.mine = founded.directors[0]
        self.obligations = sorted(uuid4() for _ in range(3))

    async def read(self, client: Client, rest: str, status: int = 200) -> dict[str, Any]:
        answer = await client.get(self.founded.path("ledger", rest))
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


@pytest.fixture(scope="module")
async def played(product: Product) -> Played:
    founded = await product.found(companies=3)
    auditor = await product.grant(founded, f"auditor-{uuid4()}", "auditor")
    independent = await product.grant(founded, f"accountant-{uuid4()}", "independent_person")
    await product.caught_up(founded.id)
    played = Played(founded, auditor, independent)
    alliance = AllianceId(founded.id)
    ledger = product.services["ledger"]
    purchasing = Publisher("purchasing", alliance, ledger.keyrings)
    tenders = Publisher("tenders", alliance, ledger.keyrings)
    first, second, third = founded.companies
    mine, theirs, of_purse = played.obligations
    events = [
        purchasing.gave(first, "1200.00", effective_on=date(2025, 3, 17)),
        purchasing.got(first, "500.00", effective_on=date(2025, 3, 17)),
        tenders.got(first, "100.00", Nature.MARGIN, project="lot/1", effective_on=date(2025, 6, 20)),
        tenders.expected(first, "2700.00", project="lot/1", effective_on=date(2025, 5, 5)),
        purchasing.gave(second, SECRET, effective_on=date(2025, 4, 1)),
        purchasing.got(third, SECRET, project="campaign/2", effective_on=date(2026, 1, 2)),
        purchasing.owed(mine, second, first, "48.00", date(2025, 7, 12), effective_on=date(2025, 6, 12)),
        purchasing.owed(theirs, third, second, SECRET, effective_on=date(2025, 6, 12)),
        tenders.owed(of_purse, first, None, "600.00", effective_on=date(2025, 12, 31)),
    ]
    async with ledger.store.transaction() as transaction:
        await Book(made_up.SOURCES, ledger.keyrings, "test.example").apply(transaction, alliance, events)
    return played


def _figures(balances: dict[str, Any], member: UUID) -> dict[str, Any]:
    (found,) = [one["figures"] for one in balances["members"] if one["member"] == str(member)]
    figures: dict[str, Any] = found
    return figures


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


OWN = {
    "contributed": euros("1200.00"),
    "received": euros("600.00"),
    "net": euros("-600.00"),
    "ratio": "0.5000",
    "pending": euros("2700.00"),
}


async def test_a_director_reads_its_own_balance_and_the_others_sealed(played: Played) -> None:
    balances = await played.read(played.mine, "/balances")
    assert _figures(balances, played.first) == OWN
    for other in (played.second, played.third):
        assert _figures(balances, other) == {"sealed": True, "owner": str(other)}
    assert balances["totals"] is None
    assert balances["complete"] is True


async def test_auditor_and_independent_person_read_all_and_the_total(played: Played) -> None:
    for reader in (played.auditor, played.independent):
        balances = await played.read(reader, "/balances")
        assert _figures(balances, played.first) == OWN
        assert _figures(balances, played.second)["contributed"] == euros(SECRET)
        assert balances["totals"]["contributed"] == euros("99965.43")
        assert balances["totals"]["received"] == euros("99365.43")


PATHS = (
    "/balances",
    "/balances?as_of=2025-03-31",
    "/balances?at_size=14",
    "/forms",
    "/projects",
    "/obligations",
    "/obligations?as_of=2025-06-30",
    "/log",
)


@pytest.mark.parametrize("who", ["director", "coordinator"])
async def test_no_figure_of_another_company_is_in_any_answer(played: Played, who: str) -> None:
    """The charter lets an employee of a member coordinate, who may not see its rivals' figures."""
    reader = played.mine if who == "director" else played.founded.coordinator
    log = await played.read(reader, "/log")
    paths = [*PATHS, *(f"/entries/{index}" for index in range(log["log_size"]))]
    for member in (played.second, played.third):
        paths += [f"/members/{member}/account", f"/members/{member}/account?period=2025"]
        paths += [f"/members/{member}/statement", f"/members/{member}/statement?as_of=2025-06-30"]
    for path in paths:
        answer = await reader.get(played.founded.path("ledger", path))
        assert answer.status_code == 200
        assert SECRET not in answer.text
        assert str(played.obligations[1]) not in answer.text or path.startswith("/entries")


async def test_the_coordinator_reads_all_where_the_charter_wants_it_independent(product: Product) -> None:
    founded = await product.found(companies=3, terms={"coordinator_independent": True})
    answer = await founded.coordinator.get(founded.path("ledger", "/balances"))
    assert answer.json()["totals"]["contributed"] == euros("0.00")


async def test_who_has_no_role_learns_nothing(played: Played, product: Product) -> None:
    stranger = product.as_("stranger")
    account = f"/members/{played.first}"
    for path in (*PATHS, "/entries/0", f"{account}/account", f"{account}/statement", "/events"):
        answer = await stranger.get(played.founded.path("ledger", path))
        assert (answer.status_code, answer.json()["code"]) == (404, "alliance_unknown")
        anonymous = await product.anonymous.get(played.founded.path("ledger", path))
        assert anonymous.status_code == 401


async def test_balances_can_be_asked_as_of_a_date_and_as_known_at_a_size(played: Played) -> None:
    size = (await played.read(played.mine, "/log"))["log_size"]
    march = _figures(await played.read(played.mine, "/balances?as_of=2025-03-31"), played.first)
    assert (march["received"], march["pending"], march["ratio"]) == (euros("500.00"), euros("0.00"), "0.4167")
    known = _figures(await played.read(played.mine, f"/balances?at_size={size - 8}"), played.first)
    assert (known["contributed"], known["received"]) == (euros("1200.00"), euros("0.00"))
    refused = await played.read(played.mine, f"/balances?at_size={size + 1}", 422)
    assert refused["code"] == "size_beyond_log"


async def test_an_account_says_what_a_director_wants_to_know(played: Played) -> None:
    answer = await played.read(played.mine, f"/members/{played.first}/account?period=2025")
    account = answer["account"]
    assert account["figures"] == OWN
    assert account["natures"] == {
        "contributed": {"hours": euros("1200.00")},
        "received": {"margin": euros("100.00"), "saved": euros("500.00")},
    }
    assert [
        (one["project"], one["figures"]["net"], one["figures"]["pending"]) for one in account["projects"]
    ] == [
        ("campaign/1", euros("-700.00"), euros("0.00")),
        ("lot/1", euros("100.00"), euros("2700.00")),
    ]
    assert [(one["id"], one["due_on"], one["outstanding"]) for one in account["to_pay"]] == [
        (str(played.obligations[0]), "2025-07-12", euros("48.00"))
    ]
    assert [(one["debtor"], one["outstanding"]) for one in account["to_receive"]] == [(None, euros("600.00"))]
    log = await played.read(played.mine, "/log")
    assert answer["proof"] == {
        "origin": log["origin"],
        "log_size": log["log_size"],
        "checkpoint_size": answer["proof"]["checkpoint_size"],
        "sealed": None,
    }
    assert answer["alliance"] == []


async def test_a_year_counts_its_own_and_what_was_pending_at_its_end(played: Played) -> None:
    answer = await played.read(played.mine, f"/members/{played.first}/account?period=2026")
    figures = answer["account"]["figures"]
    assert (figures["contributed"], figures["pending"]) == (euros("0.00"), euros("2700.00"))
    assert [one["project"] for one in answer["account"]["projects"]] == ["lot/1"]


async def test_a_statement_shows_each_line_with_the_event_behind_it(played: Played) -> None:
    path = f"/members/{played.first}/statement?limit=2"
    page = await played.read(played.mine, path)
    lines = page["items"]
    while page["next"]:
        page = await played.read(played.mine, f"{path}&cursor={page['next']}")
        lines += page["items"]
    assert [(line["side"], line["amount"]["amount"], line["source"], line["sequence"]) for line in lines] == [
        ("contributed", "1200.00", "purchasing", 1),
        ("received", "500.00", "purchasing", 2),
        ("received", "100.00", "tenders", 1),
        ("pending", "2700.00", "tenders", 2),
        ("owing", "48.00", "purchasing", 5),
        ("owed", "600.00", "tenders", 3),
    ]
    for line in lines:
        entry = await played.read(played.mine, f"/entries/{line['index']}")
        assert (entry["event_id"], entry["type"]) == (line["event_id"], line["type"])
    gave = await played.read(played.mine, f"/entries/{lines[0]['index']}")
    assert gave["event"]["data"]["value"]["open"] == euros("1200.00")


async def test_an_entry_is_given_byte_for_byte(played: Played, product: Product) -> None:
    entry = await played.read(played.mine, "/entries/1")
    (row,) = await product.rows(
        "members", "SELECT body FROM events WHERE alliance_id = $1 AND sequence = 1", played.founded.id
    )
    assert b64decode(entry["bytes"]) == row["body"]
    assert entry["event"] == orjson.loads(row["body"])
    assert (await played.read(played.mine, "/entries/100000", 404))["code"] == "entry_unknown"


async def test_projects_are_listed_with_the_parties_that_the_caller_may_read(played: Played) -> None:
    own = (await played.read(played.mine, "/projects"))["items"]
    assert [
        (one["project"], [party["member"] for party in one["parties"]], one["totals"]) for one in own
    ] == [
        ("campaign/1", [str(played.first)], None),
        ("lot/1", [str(played.first)], None),
    ]
    page = await played.read(played.auditor, "/projects?limit=1")
    (campaign,) = page["items"]
    assert [party["member"] for party in campaign["parties"]] == sorted(
        [str(played.first), str(played.second)]
    )
    assert campaign["totals"]["contributed"] == euros("99965.43")
    page = await played.read(played.auditor, f"/projects?limit=1&cursor={page['next']}")
    assert [one["project"] for one in page["items"]] == ["campaign/2"]


async def test_forms_add_up_to_the_balances(played: Played) -> None:
    forms = await played.read(played.auditor, "/forms")
    assert [
        (one["side"], one["form"], one["nature"], one["amount"]["amount"]) for one in forms["totals"]
    ] == [
        ("contributed", "purchasing", "hours", "99965.43"),
        ("received", "purchasing", "saved", "99265.43"),
        ("received", "tenders", "margin", "100.00"),
    ]
    own = await played.read(played.mine, "/forms")
    assert own["totals"] is None
    assert [one["sums"] for one in own["members"]][1:] == [
        {"sealed": True, "owner": str(other)} for other in (played.second, played.third)
    ]


async def test_obligations_are_shown_to_their_parties_and_to_who_reads_all(played: Played) -> None:
    mine, theirs, of_purse = map(str, played.obligations)

    async def open_ones(client: Client) -> list[str]:
        return [one["id"] for one in (await played.read(client, "/obligations"))["items"]]

    assert await open_ones(played.mine) == [mine, of_purse]
    assert await open_ones(played.founded.directors[1]) == [mine, theirs]
    assert await open_ones(played.founded.coordinator) == []
    assert await open_ones(played.auditor) == [mine, theirs, of_purse]


async def test_a_view_is_not_sent_again_while_the_books_stay_the_same(
    played: Played, product: Product
) -> None:
    path = played.founded.path("ledger", "/balances")
    first = await played.mine.get(path)
    again = await played.mine.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    await product.grant(played.founded, f"auditor-{uuid4()}", "auditor")
    await product.caught_up(played.founded.id)
    changed = await played.mine.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


async def test_a_view_waits_for_what_the_caller_has_written(product: Product) -> None:
    founded = await product.found(companies=3)
    granted = await founded.coordinator.post(
        founded.path("members", "/roles"),
        json={"issuer": "urn:elsewhere", "subject": "x", "role": "auditor", "company": None},
    )
    position = granted.headers["Alliance-Position"]
    answer = await founded.coordinator.get(founded.path("ledger", f"/log?after={position}&wait=10"))
    # One entry opens the log; all others are the members service's.
    assert answer.json()["log_size"] >= int(position.partition("=")[2]) + 1


async def test_a_frozen_alliance_says_that_its_books_are_not_complete(product: Product) -> None:
    founded = await product.found(companies=3)
    before = await founded.coordinator.get(founded.path("ledger", "/balances"))
    async with product.services["ledger"].store.transaction() as transaction:
        await freeze(transaction, Freeze(AllianceId(founded.id), "purchasing", 7, "unknown_type", "detail"))
    after = await founded.coordinator.get(
        founded.path("ledger", "/balances"), headers={"If-None-Match": before.headers["ETag"]}
    )
    assert (before.json()["complete"], after.json()["complete"]) == (True, False)
    log = (await founded.coordinator.get(founded.path("ledger", "/log"))).json()
    assert log["frozen"] == {"source": "purchasing", "sequence": 7, "code": "unknown_type"}
    ready = (await product.anonymous.get("/ledger/readyz")).json()
    assert str(founded.id) in [one["alliance"] for one in ready["details"]["frozen"]]
    metrics = (await product.anonymous.get("/ledger/metrics")).text
    gauges = dict(line.split(" ") for line in metrics.splitlines() if line.startswith(("frozen", "outbox")))
    assert float(gauges["frozen_alliances"]) >= 1
    assert gauges.keys() == {"frozen_alliances", "outbox_pending", "outbox_oldest_age_seconds"}
    waited = await founded.coordinator.get(founded.path("ledger", "/balances?after=purchasing=7&wait=30"))
    assert (waited.status_code, waited.json()["code"]) == (503, "alliance_frozen")
