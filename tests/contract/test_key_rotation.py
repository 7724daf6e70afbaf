"""A new epoch of keys: the log tells of it once, before its key signs, and the old key signs as well."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from events.envelope import parse
from events.ids import AllianceId
from ledger.book import Book
from ledger.keys.rotation import Rotation
from ledger.log.publishing import Publisher
from ledger.log.signing import LogKeys
from rigs.books import Books, publisher_of
from samples import books as made_up
from samples.books import Publisher as Events
from service.standing import Standings
from tlog.checkpoints import Checkpoint
from tlog.notes import Note, Verifier

OLD, NEW, NEWEST = (bytes([number]) * 32 for number in (1, 2, 3))
ONCE = {"members": 1, "purchasing": 1, "tenders": 1, "ledger": 1}
ROTATED = "alliance.ledger.key_rotated.v1"
A = uuid4()


@pytest.fixture
async def alliance(books: Books) -> AllianceId:
    """With a log of two entries."""
    alliance = AllianceId(uuid4())
    await books.apply(alliance, [Events("purchasing", alliance).gave(A, "1.00")])
    return alliance


def rotation(books: Books, secrets: Sequence[bytes], **epochs: int) -> Rotation:
    """That of a ledger whose settings have these secrets, and so many epochs of the other sources."""
    book = Book(made_up.SOURCES, made_up.MASTERS, "test.example")
    counts = {**ONCE, **epochs, "ledger": len(secrets)}
    return Rotation(books.store, Standings(), book, LogKeys(secrets), counts)


async def told(books: Books, alliance: AllianceId) -> list[Mapping[str, Any]]:
    async with books.store.single() as transaction:
        rows = await transaction.raw.fetch(
            "SELECT body FROM events WHERE alliance_id = $1 AND type = $2 ORDER BY sequence",
            alliance,
            ROTATED,
        )
    return [parse(row["body"]).envelope["data"] for row in rows]


async def published(books: Books, alliance: AllianceId, publisher: Publisher) -> Note:
    """What is published once all entries are acknowledged."""
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "UPDATE heads SET relayed_sequence = last_sequence WHERE alliance_id = $1", alliance
        )
        await publisher.step()
        row = await transaction.raw.fetchrow(
            "SELECT checkpoint, keys FROM logs WHERE alliance_id = $1", alliance
        )
    assert row is not None
    note = Note.parse(row["checkpoint"].encode())
    keys = [Verifier.parse(key) for key in row["keys"]]
    assert [key.id for key in keys] == [key_id for _, key_id, _ in note.signatures]
    assert set(note.times(keys)) == set(keys)
    return note


def key(alliance: AllianceId, note: Note, secrets: Sequence[bytes]) -> Verifier:
    """The key of the newest of these epochs."""
    return LogKeys(secrets).verifiers(alliance, Checkpoint.parse(note.text).origin)[0]


async def test_both_keys_sign_once_the_log_tells_of_the_new_one_and_each_is_enough_alone(
    books: Books, alliance: AllianceId
) -> None:
    first = await published(books, alliance, publisher_of(books.store, LogKeys([OLD])))
    old, new = key(alliance, first, [OLD]), key(alliance, first, [OLD, NEW])
    assert list(first.times([old, new])) == [old]
    publisher = publisher_of(books.store, LogKeys([OLD, NEW]))
    await books.apply(alliance, [Events("tenders", alliance).gave(A, "1.00")])
    # Not told yet: whoever knows the log knows the old key alone.
    assert list((await published(books, alliance, publisher)).times([old, new])) == [old]
    await rotation(books, [OLD, NEW]).step()
    assert await told(books, alliance) == [{"service": "ledger", "epoch": 1, "verifier_key": str(new)}]
    note = await published(books, alliance, publisher)
    for known in ([old], [new], [old, new]):
        assert set(note.times(known)) == set(known)


async def test_of_three_epochs_the_newest_two_sign_and_no_step_is_left_out(
    books: Books, alliance: AllianceId
) -> None:
    """Though two secrets were added at once."""
    publisher = publisher_of(books.store, LogKeys([OLD, NEW, NEWEST]))
    signed = []
    for _ in range(4):
        await rotation(books, [OLD, NEW, NEWEST]).step()
        note = await published(books, alliance, publisher)
        keys = [key(alliance, note, secrets) for secrets in ([OLD], [OLD, NEW], [OLD, NEW, NEWEST])]
        signed.append([number for number, one in enumerate(keys) if one in note.times(keys)])
    # Before the first checkpoint there is nobody to whom a new key could be shown.
    assert signed == [[0], [0, 1], [1, 2], [1, 2]]
    assert [data["verifier_key"] for data in await told(books, alliance)] == [str(one) for one in keys[1:]]


async def test_each_epoch_is_told_once_by_two_ledgers_that_are_started_again_and_again(
    books: Books, alliance: AllianceId
) -> None:
    note = await published(books, alliance, publisher_of(books.store, LogKeys([OLD])))
    for secrets, epochs in (
        ([OLD], {"members": 2}),
        ([OLD, NEW], {"members": 2}),
        ([OLD, NEW], {"members": 2, "tenders": 3}),
    ):
        for _ in range(2):
            ledgers = [rotation(books, secrets, **epochs) for _ in range(2)]
            await asyncio.gather(*(ledger.step() for ledger in ledgers))
    found = [(data["service"], data["epoch"], data["verifier_key"]) for data in await told(books, alliance)]
    assert found == [
        ("members", 1, None),
        ("ledger", 1, str(key(alliance, note, [OLD, NEW]))),
        ("tenders", 1, None),
        ("tenders", 2, None),
    ]


async def test_a_key_that_nobody_knows_signs_nothing(books: Books, alliance: AllianceId) -> None:
    """A secret was put in the place of the old one, and not after it."""
    before = await published(books, alliance, publisher_of(books.store, LogKeys([OLD])))
    await books.apply(alliance, [Events("tenders", alliance).gave(A, "1.00")])
    with capture_logs() as logs:
        assert await published(books, alliance, publisher_of(books.store, LogKeys([NEW]))) == before
    assert {"log_key_replaced"} == {
        line["event"] for line in logs if line.get("alliance_id") == str(alliance)
    }
    await rotation(books, [NEW, NEWEST]).step()
    assert await told(books, alliance) == []
    after = await published(books, alliance, publisher_of(books.store, LogKeys([OLD])))
    assert Checkpoint.parse(after.text).size > Checkpoint.parse(before.text).size


async def test_with_one_epoch_each_nothing_is_told_and_nothing_runs(
    books: Books, alliance: AllianceId
) -> None:
    never = asyncio.Event()
    async with asyncio.timeout(30):
        await rotation(books, [OLD]).run(never)
    assert await told(books, alliance) == []


async def test_a_ledger_that_does_not_have_the_new_secret_yet_signs_with_the_old_key(
    books: Books, alliance: AllianceId
) -> None:
    both = publisher_of(books.store, LogKeys([OLD, NEW]))
    await published(books, alliance, both)
    await rotation(books, [OLD, NEW]).step()
    await published(books, alliance, both)
    await books.apply(alliance, [Events("tenders", alliance).gave(A, "1.00")])
    note = await published(books, alliance, publisher_of(books.store, LogKeys([OLD])))
    old, new = key(alliance, note, [OLD]), key(alliance, note, [OLD, NEW])
    assert list(note.times([old, new])) == [old]


async def test_a_newest_secret_that_is_not_the_one_told_of_signs_nothing_beside_the_old_key(
    books: Books, alliance: AllianceId
) -> None:
    both = publisher_of(books.store, LogKeys([OLD, NEW]))
    first = await published(books, alliance, both)
    await rotation(books, [OLD, NEW]).step()
    await published(books, alliance, both)
    await books.apply(alliance, [Events("tenders", alliance).gave(A, "1.00")])
    note = await published(books, alliance, publisher_of(books.store, LogKeys([OLD, NEWEST])))
    old, wrong = key(alliance, first, [OLD]), key(alliance, first, [OLD, NEWEST])
    assert Checkpoint.parse(note.text).size == 4
    assert [(name, key_id) for name, key_id, _ in note.signatures] == [(old.name, old.id)]
    assert wrong.id != old.id


async def test_a_broken_tree_keeps_no_other_log_from_telling_of_its_key(
    books: Books, alliance: AllianceId
) -> None:
    sound = AllianceId(uuid4())
    await books.apply(sound, [Events("purchasing", sound).gave(A, "1.00")])
    publisher = publisher_of(books.store, LogKeys([OLD]))
    for one in (alliance, sound):
        await published(books, one, publisher)
    async with books.store.single() as transaction:
        await transaction.raw.execute(
            "UPDATE tiles SET hashes = hashes || hashes WHERE alliance_id = $1", alliance
        )
    await rotation(books, [OLD, NEW]).step()
    assert await told(books, alliance) == []
    assert len(await told(books, sound)) == 1
