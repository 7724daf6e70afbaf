"""`replay`: what a log says of who gave and got what, worked out again from its entries.

Parts of the log are read at once, in processes of their own, and put together in order. Where anything does
not hold, or reads otherwise than it should, the clear way decides: `replay.Replay`, entry by entry.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain, groupby
from pathlib import Path
from uuid import UUID

from events.envelope import claimed
from ledger.audit.books import no_keys
from ledger.audit.closings import Checked
from ledger.audit.findings import Unusable
from ledger.audit.folder import Folder, entries_in
from ledger.audit.keys import KeyFile
from ledger.audit.ordering import Ordered
from ledger.audit.parts import Part, PartReader, Reversed
from ledger.audit.quorum import Charters
from ledger.audit.replay import Replay, known_sources
from ledger.audit.spreading import parts, workers
from ledger.audit.sums import Account, MemberSums, Sums
from ledger.audit.tree import Tree
from ledger.posting.rules import Source
from standing import Standing
from tlog.checkpoints import Checkpoint
from tlog.tiles import WIDTH, tile_at


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
    charters: Charters
    """What they say of witnesses: every entry was read, and every tile checked (`verifying.check_rest`)."""


def asked(folder: Folder, tree: Tree, keys: Path | None, size: int | None, as_of: date | None) -> Asked:
    """`keys` is a key file, None opens nothing that is sealed; `size` None: the whole log.

    Raises Unusable, and DoesNotHold where the log does not begin with an event.
    """
    whole = tree.checkpoint.size
    if size is not None and size > whole:
        raise Unusable(f"The log has {whole} entries: it never had {size}.")
    held = KeyFile.read(keys) if keys else no_keys(tree)
    return Asked(folder, tree.checkpoint, held, whole if size is None else size, as_of)


def replay(asked: Asked, done: Callable[[int], None] = lambda entries: None) -> Found:
    """`done` is told how many entries more have been read.

    Raises DoesNotHold at the first entry that does not, and Unusable for keys of another alliance.
    """
    _check_keys(asked)
    try:
        return at_once(asked, done=done)
    except Exception:
        # Parts are read without what came before: another entry may be the first that does not hold.
        return clearly(asked)


def _check_keys(asked: Asked) -> None:
    first = next(Tree(asked.checkpoint, asked.folder).entries(range(min(asked.size, 1))), None)
    found = first and claimed(first)
    if found and found[1] != asked.keys.alliance:
        raise Unusable(f"The keys are those of alliance {asked.keys.alliance}: the log is of {found[1]}.")


def clearly(asked: Asked, known: Mapping[str, Source] | None = None) -> Found:
    """As `replay`, entry by entry. Raises DoesNotHold."""
    tree = Tree(asked.checkpoint, asked.folder)
    sums, sealed = Sums(asked.as_of), 0
    walk, charters = Replay(asked.keys, tree.entry, known), Charters()
    # One by one, so that what is wrong first is found first.
    entries = ([entry] for entry in tree.entries(range(asked.size)))
    for one in walk.over(chain.from_iterable(charters.passing(entries))):
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
        charters,
    )


def at_once(
    asked: Asked,
    known: Mapping[str, Source] | None = None,
    processes: int | None = None,
    done: Callable[[int], None] = lambda entries: None,
) -> Found:
    """As `replay`, in parts; what is raised need not be of the first entry that does not hold."""
    spans = parts(asked.size, processes)
    with workers(asked.size, _Log, asked, known, processes=processes) as pool:
        whole, charters = Part(), Charters()
        for span, (part, of_part) in zip(spans, pool.each(_Log.part, spans), strict=True):
            whole.merge(part)
            charters.merge(of_part)
            done(len(span))
        ordered = Ordered(whole, asked.keys, known or known_sources())
        sought = list(ordered.sought())
        among = [sought[bisect_left(sought, span.start) : bisect_left(sought, span.stop)] for span in spans]
        for found in pool.each(_Log.find, among):
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
        charters,
    )


class _Log:
    """The log as one process reads it."""

    def __init__(self, asked: Asked, known: Mapping[str, Source] | None) -> None:
        self._folder, self._size = asked.folder, asked.checkpoint.size
        self._tree = Tree(asked.checkpoint, asked.folder)
        self._reader = PartReader(known or known_sources(), asked.keys, asked.as_of)

    def part(self, span: range) -> tuple[Part, Charters]:
        charters = Charters(span.start)
        return self._reader.part(span.start, charters.passing(self._tree.bundles(span))), charters

    def find(self, indexes: Sequence[int]) -> list[Reversed]:
        found = []
        for number, within in groupby(indexes, lambda index: index // WIDTH):
            # What was checked a moment ago is not checked again.
            tile = tile_at(None, number, self._size)
            entries = entries_in(tile, self._folder.read(tile))
            found += [self._reader.reversed(index, entries[index % WIDTH]) for index in within]
        return found
