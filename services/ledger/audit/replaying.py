"""`replay`: what a log says of who gave and got what, worked out again from its entries.

Parts of the log are read at once, in processes of their own, and put together in order. Where anything does
not hold, or reads otherwise than it should, the clear way decides: `replay.Replay`, entry by entry.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from events.envelope import claimed
from ledger.audit.books import no_keys
from ledger.audit.closings import Checked
from ledger.audit.findings import Unusable
from ledger.audit.folder import Folder
from ledger.audit.keys import KeyFile
from ledger.audit.ordering import Ordered
from ledger.audit.parts import Part, PartReader, Reversed
from ledger.audit.replay import Replay, known_sources
from ledger.audit.sums import Account, MemberSums, Sums
from ledger.audit.tree import Tree
from ledger.posting.rules import Source
from standing import Standing
from tlog.checkpoints import Checkpoint
from tlog.tiles import WIDTH

PART: Final = 256 * WIDTH
"""Entries that are read at a time; what becomes of them is a few megabytes."""


LITTLE: Final = 64 * WIDTH
"""Entries under which processes of their own would take longer to begin than to read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is replayed: the first `size` entries of the log in a folder whose checkpoint is signed."""

    folder: Folder
    checkpoint: Checkpoint
    keys: KeyFile
    size: int
    as_of: date | None = None
    """Sums are of what is effective up to that day, included; all is checked."""


@dataclass(frozen=True, slots=True)
class Found:
    """What holds, as far as the keys show."""

    size: int
    company: UUID | None
    sums: MemberSums
    accounts: Callable[[], Mapping[Account, Decimal]]
    """Signed as booked, without those that have come to 0."""
    standing: Standing | None
    checked: Sequence[Checked]
    sealed: int
    """Entries that post something which the keys do not open."""


def asked(folder: Folder, tree: Tree, keys: Path | None, size: int | None, as_of: date | None) -> Asked:
    """`keys` is a key file, None opens nothing that is sealed; `size` None: the whole log.

    Raises Unusable, and DoesNotHold where the log does not begin with an event.
    """
    whole = tree.checkpoint.size
    if size is not None and size > whole:
        raise Unusable(f"The log has {whole} entries: it never had {size}.")
    held = KeyFile.read(keys) if keys else no_keys(tree)
    return Asked(folder, tree.checkpoint, held, whole if size is None else size, as_of)


def replay(
    asked: Asked,
    followed: Mapping[str, Source] | None = None,
    *,
    processes: int | None = None,
    done: Callable[[int], None] = lambda entries: None,
) -> Found:
    """`followed`: the services and what they publish; `done` is told how many entries more have been read.

    Raises DoesNotHold at the first entry that does not, and Unusable for keys of another alliance.
    """
    _check_keys(asked)
    known = known_sources() if followed is None else followed
    try:
        return at_once(asked, known, processes or os.cpu_count() or 1, done)
    except Exception:
        # Parts are read without what came before: another entry may be the first that does not hold.
        return clearly(asked, known)


def _check_keys(asked: Asked) -> None:
    first = next(entries_of(Tree(asked.checkpoint, asked.folder), 0, min(asked.size, 1)), None)
    found = first and claimed(first)
    if found and found[1] != asked.keys.alliance:
        raise Unusable(f"The keys are those of alliance {asked.keys.alliance}: the log is of {found[1]}.")


def clearly(asked: Asked, known: Mapping[str, Source]) -> Found:
    """As `replay`, entry by entry. Raises DoesNotHold."""
    tree = Tree(asked.checkpoint, asked.folder)
    sums, sealed = Sums(asked.as_of), 0
    walk = Replay(asked.keys, lambda index: tree.bundle(index // WIDTH)[index % WIDTH], known)
    for one in walk.over(entries_of(tree, 0, asked.size)):
        sums.add(one.posted)
        sealed += one.sealed
    if asked.size == asked.checkpoint.size:
        walk.closings.end(asked.size)
    return Found(
        asked.size,
        asked.keys.company,
        sums.members,
        lambda: sums.accounts,
        walk.standing,
        walk.closings.checked,
        sealed,
    )


def entries_of(tree: Tree, first: int, end: int) -> Iterator[bytes]:
    """Entries `first` to `end` − 1, each checked. Raises DoesNotHold."""
    for index in range(first // WIDTH, -(-end // WIDTH)):
        start = index * WIDTH
        yield from tree.bundle(index)[max(0, first - start) : end - start]


class _Log:
    """The log as one process reads it."""

    def __init__(self, asked: Asked, known: Mapping[str, Source]) -> None:
        self._tree = Tree(asked.checkpoint, asked.folder)
        self._reader = PartReader(known, asked.keys, asked.as_of)

    def part(self, span: range) -> Part:
        return self._reader.part(span.start, entries_of(self._tree, span.start, span.stop))

    def find(self, span: range, wanted: frozenset[str]) -> list[Reversed]:
        return list(self._reader.find(span.start, entries_of(self._tree, span.start, span.stop), wanted))


def at_once(asked: Asked, known: Mapping[str, Source], processes: int, done: Callable[[int], None]) -> Found:
    """As `replay`; what is raised need not be of the first entry that does not hold."""
    step = min(PART, max(1, -(-asked.size // processes)))
    spans = [range(first, min(first + step, asked.size)) for first in range(0, asked.size, step)]
    with _reading(asked, known, processes if asked.size >= LITTLE else 1) as (part, find):
        whole = Part()
        for span, read in zip(spans, part(spans), strict=True):
            whole.merge(read)
            done(len(span))
        ordered = Ordered(whole, asked.keys, known)
        if wanted := ordered.reversed_ids:
            for found in find(spans, wanted):
                ordered.find(found)
    ordered.check()
    if asked.size == asked.checkpoint.size:
        ordered.closings.end(asked.size)
    return Found(
        asked.size,
        asked.keys.company,
        ordered.sums,
        ordered.accounts,
        ordered.standing,
        ordered.closings.checked,
        whole.sealed,
    )


_Parts = Callable[[Sequence[range]], Iterator[Part]]
_Finds = Callable[[Sequence[range], frozenset[str]], Iterator[list[Reversed]]]


@contextmanager
def _reading(asked: Asked, known: Mapping[str, Source], processes: int) -> Iterator[tuple[_Parts, _Finds]]:
    """In processes of their own, or in this one where that is all there is to do."""
    if processes < 2:
        log = _Log(asked, known)
        yield (
            lambda spans: map(log.part, spans),
            lambda spans, wanted: (log.find(span, wanted) for span in spans),
        )
        return
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(asked,)) as pool:
        yield (
            lambda spans: pool.map(_part, spans),
            lambda spans, wanted: pool.map(_find, spans, [wanted] * len(spans)),
        )


_log: _Log | None = None
"""Of a process that reads parts."""


def _begin(asked: Asked) -> None:
    global _log  # noqa: PLW0603 - what a process of the pool is there for
    # Nothing here refers to itself in a circle: looking for that takes a tenth of the time.
    gc.disable()
    _log = _Log(asked, known_sources())


def _part(span: range) -> Part:
    assert _log is not None
    return _log.part(span)


def _find(span: range, wanted: frozenset[str]) -> list[Reversed]:
    assert _log is not None
    return _log.find(span, wanted)
