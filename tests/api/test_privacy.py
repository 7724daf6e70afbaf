"""What a member keeps to itself is found in no event, record, log line or answer to anybody else.

An alliance is walked through with figures, names and texts that are found nowhere else. What each role is
answered meanwhile and afterwards, and what is left in every table and topic, is searched for them.
"""

import copy
import fnmatch
import io
import logging
import re
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from importlib import import_module
from typing import Any
from uuid import UUID

import orjson
import pytest
import structlog

from events.execute import Commands
from events.sealing import Seal
from rigs.privacy import Secrets, seen_in
from rigs.product import Product
from rigs.prying import BESIDE, INSIDE, Prying, pry, read_feed
from rigs.reading import READS_ALL, SUBJECT, Told, add_closed, add_sums, faults
from rigs.recognisable import RecognisableWalk, between_two, figures_in
from rigs.records import recorded, rows, sealed_places
from rigs.walks import PARTS, ledger, members, purchasing, tenders
from service.telemetry import configure_logging
from standing import Given

pytestmark = pytest.mark.timeout(900)  # some six thousand requests, on a machine that does other things too

SERVICES = ("members", "purchasing", "tenders", "ledger")


@pytest.fixture(scope="module")
async def log() -> AsyncIterator[io.StringIO]:
    """The log as the product writes it, except that loggers do not keep where it goes beyond the test."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(stream)
    structlog.configure(cache_logger_on_first_use=False)
    (own,) = root.handlers
    try:
        yield stream
    finally:
        structlog.configure(**before)
        root.removeHandler(own)
        for handler in handlers:
            root.addHandler(handler)
        root.setLevel(level)


@pytest.fixture(scope="module")
async def told(product: Product, log: io.StringIO) -> Told:
    walk = RecognisableWalk(product, Prying())
    await walk.found()
    for part in (purchasing.walk, between_two, tenders.walk, ledger.walk):
        await part(walk)
        await walk.caught_up()
    secrets = Secrets()
    await add_sums(walk, secrets)
    await add_closed(walk, secrets)
    await _ask_for_everything(walk, INSIDE)
    await members.walk(walk)
    await _register(walk)
    await walk.caught_up()
    await add_sums(walk, secrets)
    await _ask_for_everything(walk, ("dourvel", "coordinator"), services=("members", "ledger"))
    await _ask_for_everything(walk, sorted(walk.outside), ids=1)
    await product.quiet()
    left = await recorded(product, UUID(walk.known["alliance"]))
    for leaf in left.leaves:
        for figure in figures_in(leaf.value):
            secrets.add(figure, [leaf.owner], leaf.place)
    for spelling, typed in walk.typed.known.items():
        if not spelling.isdecimal():
            secrets.add(spelling, typed.owners, *typed.fields)
    for name in (*READS_ALL, *INSIDE, *BESIDE):
        secrets.add(walk.subject(name), [], SUBJECT)
    return Told(walk, left, secrets)


async def _register(walk: RecognisableWalk) -> None:
    """One whom nobody erases."""
    person = {**walk.calls["members.register_person"].body, "subject": walk.subject("dourvel")}
    await walk.ask("members.register_person", "dourvel", person)


async def _ask_for_everything(
    walk: RecognisableWalk,
    callers: Iterable[str],
    services: Iterable[str] = SERVICES,
    ids: int | None = None,
) -> None:
    """With all that has an id, or with so many of a kind."""
    alliance = walk.known["alliance"]
    left = await recorded(walk.product, UUID(alliance))
    everyone = {"alliance": [alliance], "version": ["1", "2"]}
    everyone["company"] = everyone["member"] = list(left.places["members"]["member"])
    everyone["period"] = ["2025-H1", "2025-H2"]
    everyone["path"] = ["0/000.p/9", "entries/000.p/9"]
    for service in services:
        places = {**left.places.get(service, {}), **everyone}
        for by in callers:
            await pry(walk, by, service, {name: known[:ids] for name, known in places.items()})
            for raw in (False, True) if by == "dourvel" else (False,) if by else ():
                await read_feed(walk, by, service, raw=raw)


async def test_a_figure_typed_in_is_sealed_to_whose_it_is(told: Told) -> None:
    companies = set(told.left.places["members"]["member"])
    sealed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for leaf in told.left.leaves:
        for figure in figures_in(leaf.value):
            sealed[figure][leaf.place].add(leaf.owner)
    for figure, typed in told.walk.typed.known.items():
        if figure.isdecimal():
            found = {place: owners & companies for place, owners in sealed[figure].items()}
            assert typed.owners in found.values(), f"{figure} of {typed.fields} is sealed to {found}"
            for place, owners in found.items():
                if not OWED.search(place):  # that is sealed to who owes it and who is owed it
                    assert owners <= typed.owners, f"{figure} of {typed.fields} is sealed to {found}"


OWED = re.compile(r"\.(obligation|payment)_[a-z_]+\.v1/amounts")

PLAIN = {"currency", "kind", "person", "company", "could_bid_alone", "invoiced_on", "valid_until"}
PLAIN |= {"first_day", "last_day", "from_day", "to_day"}
"""Parts of sealed figures that are none themselves, by name."""

UNRECOGNISED = {
    "alliance.members.ballot_cast.v1/ballot": "one of three words; open once the decision is closed",
    "alliance.purchasing.minimum_missed.v1/rows": "one of two words",
    "alliance.purchasing.methods_compared.v1/prospect/in_core/*": "yes or no",
    "*/work/rate/amount": "the charter's",
    "alliance.members.*/amounts/amount": "dues, as the charter has them for everybody",
}


def test_every_sealed_figure_of_every_event_is_among_those_looked_for(told: Told) -> None:
    recognised = {leaf.place for leaf in told.left.leaves if [*figures_in(leaf.value)]}
    missing = {
        place
        for service in SERVICES
        for event in import_module(f"{service}.app").REGISTRY.classes.values()
        for place in sealed_places(event)
        if place.rpartition("/")[2] not in PLAIN and not fnmatch.filter(recognised, place)
    }
    excused = {one: fnmatch.filter(missing, one) for one in UNRECOGNISED}
    assert missing == {place for places in excused.values() for place in places}
    assert all(excused.values()), excused


FIGURES_STAND_IN = {
    "members.declarations": "what is declared, to be attested",
    "members.declaration_lines": "hours of a day, to be held against the others of that day",
    "purchasing.declarations": "likewise",
    "purchasing.declaration_lines": "likewise",
    "purchasing.obligations": "who owes whom, to both",
    "tenders.declarations": "likewise",
    "tenders.declaration_lines": "likewise",
    "tenders.obligations": "likewise",
    "ledger.postings": "the books",
    "ledger.rollups": "the books, by day",
    "ledger.balances": "the books, in sum",
    "ledger.period_sums": "the books, by half-year",
    "ledger.obligations": "the books' open obligations",
}
"""Read models, and what for. No other table has a figure in the open."""

NAMES_STAND_IN = "members.people"
"""The directory. Other texts stand among those of the service that can be erased."""
TEXTS_STAND_IN = ("members.documents", "purchasing.documents", "tenders.documents")


async def test_no_event_record_or_table_beside_has_a_figure_or_a_text(told: Told, product: Product) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    looked_at = set()
    async for table, row in rows(product, told.alliance):
        looked_at.add(table)
        for spelling, secret in told.secrets.among(seen_in(row)).items():
            name = any("_person " in field for field in secret.fields)
            found[table].add("figure" if spelling.isdecimal() else "name" if name else "text")
    allowed = {table: {"figure"} for table in FIGURES_STAND_IN}
    allowed |= {table: {"text"} for table in TEXTS_STAND_IN} | {NAMES_STAND_IN: {"name"}}
    assert found == allowed
    assert {f"log.alliance.{service}" for service in SERVICES} <= looked_at
    assert {f"{service}.events" for service in SERVICES} <= looked_at
    assert {f"{service}.receipts" for service in SERVICES} <= looked_at


async def test_no_answer_shows_anybody_what_is_not_its_own(told: Told) -> None:
    operations = told.walk.operations
    assert set(operations) == told.walk.asked
    assert {name for name, one in operations.items() if one.method == "GET"} == told.walk.pried
    assert faults(told, told.walk.answered) == []


def logged(told: Told, log: io.StringIO) -> list[str]:
    """The lines of the log in which something private stands. How long a request took is any number."""
    lines = [orjson.loads(line) for line in log.getvalue().splitlines()]
    return [
        f"{line}: {[sorted(secret.fields) for secret in found.values()]}"
        for line in lines
        if (found := told.secrets.among(seen_in(orjson.dumps({**line, "duration_ms": 0}))))
    ]


async def _fails_over_figures(*arguments: Any, **more: Any) -> Any:
    raise RuntimeError(f"{arguments} {more}")


async def test_no_line_of_the_log_and_no_metric_names_what_is_private(
    told: Told, product: Product, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = told.walk.calls["purchasing.record_need"]
    monkeypatch.setattr(Commands, "execute", _fails_over_figures)
    answer = await told.walk.send(need.changed())
    assert answer.status_code == 500
    lines = log.getvalue().splitlines()
    assert sum('"event":"request"' in line for line in lines) > len(told.walk.answered)
    assert any('"error":"RuntimeError"' in line and "frames" in line for line in lines)
    assert logged(told, log) == []
    for service in SERVICES:
        metrics = (await product.anonymous.get(f"/{service}/metrics")).text
        counted = [line for line in metrics.splitlines() if not re.search("_(sum|created)[ {]", line)]
        assert told.secrets.among(seen_in("\n".join(counted).encode())) == {}
        assert "http_server_request_duration_seconds_count" in metrics


# From here on: what is looked for is found where it is.

FIGURE = "733117"


@pytest.mark.parametrize(
    "spelling",
    [
        b'{"amount":"7331.17"}',
        b"[7331.170]",
        b"733117 cents",
        "7\u202f331,17 \u20ac".encode(),
        b"-7,331.17",
        b64encode(b'{"amount": "7331.17"}'),
        urlsafe_b64encode(b64encode(b'{"price":7331.17}')).rstrip(b"="),
    ],
)
def test_a_figure_is_found_in_every_spelling(spelling: bytes) -> None:
    assert FIGURE in seen_in(spelling)


async def test_with_sealing_switched_off_the_figures_are_found(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else is changed: a figure stands in the open beside what is sealed."""
    close = Seal.close

    def leave_open(self: Seal, owner: UUID, path: str, figure: Any) -> dict[str, Any]:
        return {**close(self, owner, path, figure), "open": figure}

    monkeypatch.setattr(Seal, "close", leave_open)
    walk = RecognisableWalk(product)
    await walk.found()
    for part in PARTS:
        await part(walk)
        await walk.caught_up()
    await product.quiet()
    alliance = UUID(walk.known["alliance"])
    found = {table async for table, row in rows(product, alliance) if walk.typed.among(seen_in(row))}
    for service in SERVICES:
        assert {f"{service}.events", f"log.alliance.{service}"} <= found
    walk.answered.clear()
    for service in SERVICES:
        await read_feed(walk, "dourvel", service, raw=True)
    read = {answered.operation for answered in walk.answered if walk.typed.among(answered.seen)}
    assert read == {f"{service}.read_events" for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
async def test_with_every_figure_readable_by_everybody_answers_show_it(
    told: Told, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setattr(Given, "may_read", lambda self, owner: True)
    monkeypatch.setattr(Given, "reads_all", True)
    looking = copy.copy(told.walk)
    looking.answered = []
    await _ask_for_everything(looking, ["valbrune"], [service])
    shown = {fault.partition(" ")[0].partition(".")[2] for fault in faults(told, looking.answered)}
    assert shown >= SHOWN_THEN[service] | {"read_events"}


SHOWN_THEN = {
    "members": {"read_declaration", "list_declarations"},
    "purchasing": {"read_declaration", "read_methods", "read_obligation", "read_participant"},
    "tenders": {"read_bid", "read_consortium", "read_contract", "read_contract_payment"},
    "ledger": {"read_account", "read_balances", "read_entry", "read_forms", "read_statement"},
}


async def test_what_is_logged_of_a_figure_is_found(told: Told) -> None:
    line = orjson.dumps({"event": "request", "error": "price 251.13", "duration_ms": 1.5}).decode()
    assert logged(told, io.StringIO(line))
