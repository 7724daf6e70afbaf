"""The sealed log: what it adds to posting, and how long a proof takes in a large one."""

import random
import time
from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median, quantiles
from typing import Final
from uuid import uuid4

import psutil
import uvloop

from bench.backlog import SERVICE, SOURCE, TOPIC, Backlog
from bench.servers import Database, postgres
from bench.table import Row
from events.arriving import Arrived
from events.envelope import parse
from events.ids import AllianceId
from events.store import Store, Transaction
from ledger import book as books
from ledger.book import Book
from ledger.log.views import grow, read_tile, worked_out
from ledger.recorded import LEDGER
from tlog.merkle import inclusion_proof
from tlog.tiles import WIDTH, tile_at

EVENTS: Final = 40_000
BATCH: Final = 1_000
"""As the follower takes them."""
LEAVES: Final = 1_000_000
ALL_LEAVES: Final = 10_000_000
READS: Final = 500


def measure(full: bool) -> Iterator[Row]:
    yield from uvloop.run(_measured(ALL_LEAVES if full else LEAVES))


async def _measured(leaves: int) -> list[Row]:
    async with postgres() as database:
        store = Store.connect(database.url(LEDGER), pool_size=2)
        rows = [await _adds(database, store), *await _reads(store, leaves)]
        await store.close()
        return rows


async def _adds(database: Database, store: Store) -> Row:
    """Batches with and without the tree take turns."""
    took: dict[bool, list[float]] = {True: [], False: []}
    book = Book({SERVICE: SOURCE}, database.keyrings, "bench.example")
    backlogs = {with_tree: Backlog(database.keyrings[SERVICE], EVENTS) for with_tree in took}
    for batches in zip(*(backlog.batches(BATCH) for backlog in backlogs.values()), strict=True):
        for (with_tree, backlog), bodies in zip(backlogs.items(), batches, strict=True):
            events = [Arrived(parse(body), body, TOPIC, 0, 0) for body in bodies]
            books.log.grow = grow if with_tree else _no_tree
            began = time.perf_counter()
            async with store.transaction() as transaction:
                await book.apply(transaction, backlog.alliance, events)
            took[with_tree].append(time.perf_counter() - began)
    books.log.grow = grow
    ratio = median(took[True]) / median(took[False])
    return Row("posting with the sealed log / without", f"{ratio:.2f}", "≤ 1.3")


async def _no_tree(
    transaction: Transaction, alliance: AllianceId, first: int, bodies: Sequence[bytes]
) -> None: ...


async def _reads(store: Store, leaves: int) -> list[Row]:
    alliance, chance = AllianceId(uuid4()), random.Random(1)
    for first in range(0, leaves, 10_000):
        async with store.transaction() as transaction:
            bodies = [number.to_bytes(4, "big") for number in range(first, first + 10_000)]
            await transaction.lock_head(alliance)
            await grow(transaction, alliance, first, bodies)
    before, proofs, tiles = psutil.Process().memory_info().rss, [], []
    for _ in range(READS):
        index = chance.randrange(leaves)
        began = time.perf_counter()
        async with store.single() as transaction:
            await worked_out(transaction, alliance, leaves, partial(inclusion_proof, index, leaves))
        proofs.append(time.perf_counter() - began)
        began = time.perf_counter()
        async with store.single() as transaction:
            await read_tile(transaction, alliance, tile_at(0, index // WIDTH, leaves))
        tiles.append(time.perf_counter() - began)
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    return [
        Row(f"proof that an entry is in a log of {leaves:,}", _times(proofs), "< 5 ms"),
        Row("one of its tiles", f"{_times(tiles)}; memory {grown:+.0f} MB", "flat"),
    ]


def _times(took: Sequence[float]) -> str:
    return f"{median(took) * 1000:.1f} ms, p99 {quantiles(took, n=100)[98] * 1000:.1f} ms"
