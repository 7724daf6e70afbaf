"""The baseline of commands without HTTP: the library eventsourcing in its safe mode, used as in its manual.

Safe: each save locks the table of events until its commit, so that a reader of the log misses nothing. (Its
fast mode, database functions, gives out numbers without that lock: a reader may step over what commits late.)
Its aggregates are kept from command to command and brought up to date, as ours are.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sqlalchemy import URL


class Counter(Aggregate):
    """What `bench.counter` does, less the sealing."""

    total: int

    @event("Opened")
    def __init__(self, owner: UUID) -> None:
        self.owner = owner
        self.total = 0

    @event("Counted")
    def count(self, by: int, price: Decimal) -> None:
        self.total += by


class Counters(Application[UUID]):
    is_snapshotting_enabled = False


@contextmanager
def opened(url: URL, threads: int) -> Iterator[Counters]:
    with Counters(_settings(url, threads)) as application:
        yield application


def _settings(url: URL, threads: int) -> Mapping[str, str]:
    assert url.database is not None
    assert url.username is not None
    assert url.password is not None
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.database,
        "POSTGRES_HOST": str(url.query["host"]),
        "POSTGRES_PORT": str(url.query["port"]),
        "POSTGRES_USER": url.username,
        "POSTGRES_PASSWORD": url.password,
        "POSTGRES_POOL_SIZE": str(threads),
        "AGGREGATE_CACHE_MAXSIZE": "1000",
    }


def counters(application: Counters, number: int) -> Sequence[UUID]:
    made = [Counter(UUID(int=number)) for number in range(number)]
    application.save(*made)
    return [counter.id for counter in made]


def count(application: Counters, ids: Sequence[UUID], seconds: float) -> float:
    """Commands a second, each of its own transaction, in a thread for each counter."""
    end = time.perf_counter() + seconds

    def one(id: UUID) -> int:
        done = 0
        while time.perf_counter() < end:
            counter: Counter = application.repository.get(id)
            counter.count(1, Decimal("9.50"))
            application.save(counter)
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(len(ids)) as pool:
        done = sum(pool.map(one, ids))
    return done / (time.perf_counter() - began)
