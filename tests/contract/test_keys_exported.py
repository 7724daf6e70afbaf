"""Keys that are handed out open what they are for and nothing else, and the log tells of it first."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.envelope import parse
from events.errors import NotFound, Restoring
from events.ids import AllianceId
from events.sealing import Masters, open_figures
from ledger.audit.keys import KeyFile, UnknownKey
from ledger.book import Book
from ledger.keys.exporting import export
from rigs.books import Books
from samples import books as made_up
from samples.books import Publisher
from samples.standing import given

A, B, C = sorted(uuid4() for _ in range(3))
SOURCES = ("members", "purchasing", "tenders", "ledger")
OLD = {name: [name.encode().ljust(32, b".")] for name in SOURCES}
BOTH = {name: [*secrets, name.encode().ljust(32, b"!")] for name, secrets in OLD.items()}
NEW_RINGS = {name: Masters(tuple(secrets)) for name, secrets in BOTH.items()}
BOOK = Book(made_up.SOURCES, NEW_RINGS, "test.example")


@pytest.fixture(autouse=True)
async def marked(books: Books) -> None:
    """The database is the one that was held against its topic."""
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "INSERT INTO mark (system_id, timeline) SELECT system_identifier,"
            " ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint"
            " FROM pg_control_system() ON CONFLICT DO NOTHING"
        )


@pytest.fixture
async def alliance(books: Books) -> AllianceId:
    """Of three companies, one of which has left; figures of all in two epochs of two sources."""
    alliance = AllianceId(uuid4())
    document = given([A, B, C]).standing.model_dump_json().replace("active", "left", 1).encode()
    before = [Publisher("purchasing", alliance), Publisher("tenders", alliance)]
    after = [Publisher(one.service, alliance, NEW_RINGS, one.arrived) for one in before]
    for publishers in (before, after):
        async with books.store.transaction() as transaction:
            events = [one.gave(company, "12.34") for one in publishers for company in (A, B, C)]
            await BOOK.apply(transaction, alliance, events)
    async with books.store.single() as transaction:
        await transaction.raw.execute("INSERT INTO standing VALUES ($1, 1, $2)", alliance, document)
    return alliance


async def entries(books: Books, alliance: AllianceId) -> Sequence[bytes]:
    return [body for _, body in await books.store.events(alliance, 0, 1000)]


async def opens(books: Books, file: KeyFile, alliance: AllianceId) -> dict[UUID, int]:
    """Whose figures in the log open with the file, and how many of each."""
    found: dict[UUID, int] = {}

    def count(value: Any) -> None:
        if isinstance(value, Mapping):
            if "open" in value:
                assert value["open"] == {"amount": "12.34", "currency": "EUR"}
                found[UUID(value["owner"])] = found.get(UUID(value["owner"]), 0) + 1
            for part in value.values():
                count(part)

    for body in await entries(books, alliance):
        head = parse(body)
        keyring = file.keyring(head.service)
        data = head.envelope["data"]
        count(open_figures(data, alliance=head.alliance, event_id=head.id, keyring=keyring))
    return found


async def test_a_companys_keys_open_its_figures_of_all_epochs_and_nobody_elses(
    books: Books, alliance: AllianceId
) -> None:
    file = KeyFile.model_validate_json(await export(books.store, BOOK, BOTH, alliance, B, "director"))
    assert (file.alliance, file.company) == (alliance, B)
    assert {company for keys in file.keys.values() for company in keys} == {B}
    assert await opens(books, file, alliance) == {B: 4}


async def test_an_auditors_keys_open_the_figures_of_all_who_ever_were_in_the_alliance(
    books: Books, alliance: AllianceId
) -> None:
    file = KeyFile.model_validate_json(await export(books.store, BOOK, BOTH, alliance, None, "auditor"))
    assert file.company is None
    assert await opens(books, file, alliance) == {A: 4, B: 4, C: 4}
    # Of one epoch too few, it does not pass for one in which the figures are somebody else's.
    file = KeyFile.model_validate_json(await export(books.store, BOOK, OLD, alliance, None, None))
    with pytest.raises(UnknownKey):
        await opens(books, file, alliance)


async def test_keys_of_one_alliance_open_nothing_in_another(books: Books, alliance: AllianceId) -> None:
    file = KeyFile.model_validate_json(await export(books.store, BOOK, BOTH, alliance, None, None))
    other = Publisher("purchasing", AllianceId(uuid4()), NEW_RINGS).gave(A, "1.00").head
    data = other.envelope["data"]
    ring = file.keyring("purchasing")
    assert open_figures(data, alliance=other.alliance, event_id=other.id, keyring=ring) == data
    with pytest.raises(UnknownKey):
        open_figures(data, alliance=alliance, event_id=other.id, keyring=ring)


async def test_the_log_tells_of_it_with_the_files_fingerprint_and_without_a_key(
    books: Books, alliance: AllianceId
) -> None:
    before = await entries(books, alliance)
    file = await export(books.store, BOOK, BOTH, alliance, B, "d" * 32)
    *same, body = await entries(books, alliance)
    assert same == before
    event = parse(body)
    assert event.type == "alliance.ledger.keys_exported.v1"
    assert event.envelope["actor"] == "system"
    assert event.envelope["charterversion"] == 1
    assert event.envelope["data"] == {
        "company": str(B),
        "epochs": dict.fromkeys(SOURCES, 2),
        "fingerprint": sha256(file).hexdigest(),
        "recipient": "d" * 32,
    }
    keys = [key for owned in KeyFile.model_validate_json(file).keys.values() for key in owned[B]]
    assert len(set(keys)) == 8
    assert not any(key.encode() in body for key in keys)


async def test_what_is_not_known_is_not_exported_and_not_told(books: Books, alliance: AllianceId) -> None:
    before = await entries(books, alliance)
    with pytest.raises(NotFound) as caught:
        await export(books.store, BOOK, BOTH, alliance, uuid4(), None)
    assert caught.value.code == "company_unknown"
    nowhere = AllianceId(uuid4())
    with pytest.raises(NotFound) as caught:
        await export(books.store, BOOK, BOTH, nowhere, None, None)
    assert caught.value.code == "alliance_unknown"
    assert await entries(books, alliance) == before
    assert await entries(books, nowhere) == []


async def test_nothing_is_told_to_a_database_that_may_lack_what_was_published(
    books: Books, alliance: AllianceId
) -> None:
    before = await entries(books, alliance)
    async with books.store.single() as transaction:
        await transaction.raw.execute("UPDATE mark SET timeline = timeline + 1")
    try:
        with pytest.raises(Restoring):
            await export(books.store, BOOK, BOTH, alliance, None, None)
    finally:
        async with books.store.single() as transaction:
            await transaction.raw.execute("DELETE FROM mark")
    assert await entries(books, alliance) == before
