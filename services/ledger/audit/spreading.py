"""Work on parts of a log at once, each in a process of its own: what it gives comes in the parts' order.

So does what it raises: it is that of the first part in which anything does not hold.
"""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from tlog.tiles import WIDTH

PART: Final = 1024 * WIDTH
"""Entries of a part at most; what becomes of them is a few megabytes."""
LITTLE: Final = 64 * WIDTH
"""Entries under which processes of their own would take longer to begin than to work."""

_MOST_PARTS: Final = 10_000
"""A size may be signed of which no more than the right edge is there."""

S = TypeVar("S")
T = TypeVar("T")
P = TypeVar("P")


class Workers(Generic[S]):
    """Processes that each keep what they work with."""

    def __init__(self, kept: S | None, pool: ProcessPoolExecutor | None) -> None:
        self._kept = kept
        self._pool = pool

    def each(self, task: Callable[..., T], parts: Sequence[P]) -> Iterator[T]:
        """`task(kept, part)` of each part, in order; of those to come some may be under way."""
        if self._pool is None:
            return (task(self._kept, part) for part in parts)
        return self._pool.map(_do, [task] * len(parts), parts)


@contextmanager
def workers(
    size: int, make: Callable[..., S], *made_of: Any, processes: int | None = None
) -> Iterator[Workers[S]]:
    """For a log of `size` entries: in this very process where they are few, or `processes` says so.

    Each process keeps `make(*made_of)`, which must be such as goes to another process.
    """
    processes = processes or (1 if size < LITTLE else os.cpu_count() or 1)
    if processes == 1:
        yield Workers(make(*made_of), None)
        return
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(make, made_of)) as pool:
        try:
            yield Workers(None, pool)
        finally:
            pool.shutdown(cancel_futures=True)


def parts(size: int, processes: int | None = None) -> Sequence[range]:
    """Of the entries 0 to `size` − 1, as many for each process."""
    processes = processes or os.cpu_count() or 1
    rounds = -(-size // (PART * processes)) or 1
    step = max(1, -(-size // (rounds * processes)), size // _MOST_PARTS)
    return [range(first, min(first + step, size)) for first in range(0, size, step)]


_kept: Any = None
"""Of a process of a pool."""


def _begin(make: Callable[..., Any], made_of: Sequence[Any]) -> None:
    global _kept  # noqa: PLW0603 - what the process is there for
    # It is for the process that began this one to be interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Parts come and go, and none refers to itself in a circle.
    gc.disable()
    _kept = make(*made_of)


def _do(task: Callable[..., T], part: Any) -> T:
    return task(_kept, part)
