"""The witnesses that a charter names cosign what the ledger publishes, and hold up nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from events.ids import AllianceId
from ledger.entries.views import origin
from ledger.log.cosigning import LACKING, Cosigning
from ledger.log.publishing import CHECKPOINTS, Publisher
from ledger.log.signing import LogKeys
from ledger.log.witnesses import SECONDS, Witnesses
from rigs.books import Books
from rigs.witnesses import answering, cosigner, saying, witness
from samples.books import Publisher as Events
from samples.standing import given
from service.standing import Standings
from tlog.checkpoints import Checkpoint
from tlog.notes import Note, Verifier

KEYS = LogKeys([b"m" * 32])
W1, W2, W3 = (cosigner(name).verifier for name in ("w1", "w2", "w3"))
A = uuid4()


@dataclass
class Log:
    """A log of one alliance, whose charter names witnesses; they are reached at `addresses`."""

    books: Books
    addresses: dict[str, str] = field(default_factory=dict)
    now: float = 0.0
    alliance: AllianceId = field(default_factory=lambda: AllianceId(uuid4()))

    def __post_init__(self) -> None:
        self._events = Events("purchasing", self.alliance)
        store = self.books.store
        self._witnesses = Witnesses(self.addresses, lambda: self.now)
        self.cosigning = Cosigning(store, Standings(), self._witnesses)
        self.publisher = Publisher(store, KEYS, self.cosigning)

    async def close(self) -> None:
        await self.cosigning.close()

    async def charter(
        self, named: Sequence[Verifier], quorum: int, from_day: date = date(2025, 1, 2)
    ) -> None:
        """In force from a day on, with the one before it where there is one."""
        terms: Mapping[str, Any] = {"witnesses": [str(key) for key in named], "witness_quorum": quorum}
        standing = given([A], **terms).standing
        [charter] = standing.charters
        async with self.books.store.transaction() as transaction:
            before = await Standings().read(transaction, self.alliance)
            version = 1 + (len(before.charters) if before else 0)
            charter = charter.model_copy(update={"version": version, "from_day": from_day})
            charters = (*(before.charters if before else ()), charter)
            document = standing.model_copy(update={"charters": charters}).model_dump_json().encode()
            await transaction.raw.execute(
                "INSERT INTO standing (alliance_id, sequence, document) VALUES ($1, $2, $3)"
                " ON CONFLICT (alliance_id) DO UPDATE SET sequence = $2, document = $3",
                self.alliance,
                version,
                document,
            )

    async def grow(self) -> None:
        """By an entry, or by two where it is the first; acknowledged, and published."""
        await self.books.apply(self.alliance, [self._events.gave(A, "1.00")])
        async with self.books.store.single() as transaction:
            await transaction.raw.execute(
                "UPDATE heads SET relayed_sequence = last_sequence WHERE alliance_id = $1", self.alliance
            )
        await self.publisher.step()

    async def signed(self) -> set[str]:
        """By whom the published checkpoint, which is that of all entries, is signed beside the log."""
        async with self.books.store.single() as transaction:
            row = await transaction.raw.fetchrow("SELECT * FROM logs WHERE alliance_id = $1", self.alliance)
            size = await transaction.raw.fetchval(
                "SELECT last_sequence FROM heads WHERE alliance_id = $1", self.alliance
            )
        assert row is not None
        note = Note.parse(row["checkpoint"].encode())
        checkpoint = Checkpoint.parse(note.text)
        assert checkpoint.size == row["size"] == size
        [key] = KEYS.verifiers(self.alliance, checkpoint.origin)
        found = note.times([key, W1, W2, W3])
        assert key in found
        assert len(found) == len(note.signatures)
        return {one.name.removeprefix("witness.example/") for one in found if one != key}

    async def keys(self) -> Sequence[Verifier]:
        async with self.books.store.single() as transaction:
            name = await origin(transaction, self.alliance)
        return KEYS.verifiers(self.alliance, name) if name else []

    async def lacking(self) -> tuple[float, float, list[dict[str, Any]]]:
        """What operators see of this log: without quorum, lacking any, and the details."""
        async with self.books.store.single() as transaction:
            row = await transaction.raw.fetchrow(CHECKPOINTS)
            shown = await transaction.raw.fetch(LACKING["checkpoints_without_quorum"])
        assert row is not None
        of_this = [dict(one) for one in shown if one["alliance"] == str(self.alliance)]
        return row["checkpoints_without_quorum"], row["checkpoints_lacking_witnesses"], of_this


@pytest.fixture
async def log(books: Books) -> AsyncIterator[Log]:
    log = Log(books)
    yield log
    await log.close()
    async with books.store.single() as transaction:
        await transaction.raw.execute("DELETE FROM logs WHERE alliance_id = $1", log.alliance)
        await transaction.raw.execute("DELETE FROM standing WHERE alliance_id = $1", log.alliance)


@asynccontextmanager
async def watching(log: Log, folder: Path, name: str) -> AsyncIterator[None]:
    """A witness of the log: it knows its key as soon as there is one."""
    known: list[Verifier] = []
    async with witness(folder / name, name, lambda: known) as address:
        log.addresses[f"witness.example/{name}"] = address
        known += await log.keys()
        yield


async def test_a_quorum_of_those_that_the_charter_names_signs_each_checkpoint(
    log: Log, tmp_path: Path
) -> None:
    await log.charter([W1, W2], 2)
    await log.grow()
    assert await log.signed() == set()
    assert await log.lacking() == (
        1, 1, [{"alliance": str(log.alliance), "cosigned": 0, "quorum": 2, "witnesses": 2}]
    )  # fmt: skip
    async with watching(log, tmp_path, "w1"), watching(log, tmp_path, "w2"), watching(log, tmp_path, "w3"):
        for _ in range(3):
            await log.grow()
            assert await log.signed() == {"w1", "w2"}
        assert await log.lacking() == (0, 0, [])


async def test_one_that_is_dead_or_hangs_or_lies_holds_up_nothing_and_signs_later(
    log: Log, tmp_path: Path
) -> None:
    async def hang(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    await log.charter([W1, W2, W3], 2)
    await log.grow()
    async with (
        watching(log, tmp_path, "w1"),
        answering(hang) as hanging,
        answering(saying(200, b"x")) as liar,
    ):
        log.addresses |= {W2.name: hanging, W3.name: liar}
        began = monotonic()
        await log.grow()
        assert monotonic() - began < SECONDS + 1
        assert await log.signed() == {"w1"}
        assert await log.lacking() == (
            1, 1, [{"alliance": str(log.alliance), "cosigned": 1, "quorum": 2, "witnesses": 3}]
        )  # fmt: skip
        began = monotonic()
        await log.grow()
        assert monotonic() - began < SECONDS / 2  # nobody waits for it again
        async with watching(log, tmp_path, "w2"):
            log.now += 1.5
            await log.cosigning.step()
            assert await log.signed() == {"w1", "w2"}  # the same checkpoint, with one line more
            assert await log.lacking() == (0, 1, [])


async def test_a_charter_that_comes_in_force_is_followed_without_an_entry(log: Log, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    await log.charter([W1], 1)
    await log.grow()
    async with watching(log, tmp_path, "w1"), watching(log, tmp_path, "w2"):
        await log.charter([W2], 1, from_day=today + timedelta(days=30))
        await log.cosigning.step()
        assert await log.signed() == {"w1"}
        await log.charter([W2], 1, from_day=today - timedelta(days=1))
        await log.cosigning.step()
        assert await log.signed() == {"w1", "w2"}
        assert await log.lacking() == (0, 0, [])


async def test_two_ledgers_ask_the_same_witnesses_and_publish_one_history(log: Log, tmp_path: Path) -> None:
    await log.charter([W1, W2], 2)
    await log.grow()
    other = Log(log.books, log.addresses, alliance=log.alliance)
    try:
        async with watching(log, tmp_path, "w1"), watching(log, tmp_path, "w2"):
            for _ in range(4):
                await log.books.apply(log.alliance, [log._events.gave(A, "1.00")])
                async with log.books.store.single() as transaction:
                    await transaction.raw.execute(
                        "UPDATE heads SET relayed_sequence = last_sequence WHERE alliance_id = $1",
                        log.alliance,
                    )
                await asyncio.gather(*(one.publisher.step() for one in (log, other)))
                await asyncio.gather(*(one.cosigning.step() for one in (log, other)))
                assert await log.signed() == {"w1", "w2"}
    finally:
        await other.close()


async def test_a_log_whose_charter_names_nobody_is_published_as_it_is(log: Log) -> None:
    await log.grow()
    assert await log.signed() == set()
    await log.charter([], 0)
    await log.cosigning.step()
    assert await log.signed() == set()
    assert await log.lacking() == (0, 0, [])
