"""`verify`: that a folder is a log, whole and unchanged, as its signed checkpoint says."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ledger.audit.checking import check_beginning, check_bundle, check_goes_on, check_same
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import LARGEST_TEXT, NEXT, Folder
from ledger.audit.quorum import Charters, Cosigned, Quorum
from ledger.audit.signing import cosigned, signed
from ledger.audit.spreading import parts, workers
from ledger.audit.tree import Tree
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES, root
from tlog.notes import Verifier
from tlog.tiles import Tile, tile_at


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that holds."""

    checkpoint: Checkpoint
    signed_by: Sequence[Verifier]
    cosigned: Cosigned


def verify(
    folder: Folder,
    keys: Collection[Verifier],
    *,
    quorum: Quorum | None = None,
    since: bytes | None = None,
    since_at: str = "since",
    done: Callable[[int], None] = lambda entries: None,
) -> Verified:
    """Checks a folder's every file, and that it goes on from the checkpoint `since`.

    The log's `keys` are pinned, or the folder's own. Without a `quorum` it is that of the charter in force.
    `since_at` is where that is from; `done` is told how many entries more have been checked. Raises
    DoesNotHold at the first fault.
    """
    tree, signers = opened(folder, keys)
    note = folder.checkpoint
    if quorum is not None:
        cosigned(note, quorum.witnesses, quorum.number)
    if since is not None:
        check_growth(tree, since, keys, since_at)
    charters = Charters()
    spans = parts(tree.checkpoint.size)
    with workers(tree.checkpoint.size, Tree, tree.checkpoint, folder) as pool:
        for span, part in zip(spans, pool.each(_charters, spans), strict=True):
            charters.merge(part)
            done(len(span))
    return Verified(tree.checkpoint, signers, check_rest(tree, keys, charters, quorum))


def check_rest(
    tree: Tree, keys: Collection[Verifier], charters: Charters, quorum: Quorum | None = None
) -> Cosigned:
    """What is to be checked of a folder when all entries were read: its other files, and that witnesses have
    signed, those of the `quorum` or else of the charter in force. Raises DoesNotHold.
    """
    # Also where other keys are pinned: the folder's own must be some.
    _ = tree.folder.keys
    check_others(tree, tree.folder, keys)
    quorum = quorum or charters.in_force()
    if quorum is None:
        return Cosigned(None, {})
    return Cosigned(quorum, cosigned(tree.folder.checkpoint, quorum.witnesses, quorum.number))


def _charters(tree: Tree, span: range) -> Charters:
    """What the charters of a span say, every tile and entry of it checked."""
    found = Charters(span.start)
    for entries in tree.bundles(span):
        found.read(entries)
    return found


def opened(folder: Folder, keys: Collection[Verifier]) -> tuple[Tree, Sequence[Verifier]]:
    """The tree of a folder whose checkpoint one of the log's `keys` has signed, and which have.

    What is read from it is checked. Raises DoesNotHold.
    """
    checkpoint, signers = signed(folder.checkpoint, keys)
    return Tree(checkpoint, folder), signers


def check_growth(tree: Tree, earlier: bytes, keys: Collection[Verifier], at: str) -> Checkpoint:
    """The log goes on from an earlier signed checkpoint, which is returned. Raises DoesNotHold."""
    before, _ = signed(earlier, keys, at)
    check_goes_on(before, tree.checkpoint)
    check_beginning(before, root(before.size, tree.hashes))
    return before


def check_others(tree: Tree, folder: Folder, keys: Collection[Verifier]) -> None:
    """No other file in the folder contradicts the log. Raises DoesNotHold.

    Tiles that the log had when it was smaller may lie there, and those of a fetch that has not come to its
    end.
    """
    size = tree.checkpoint.size
    fetching = size
    if folder.has(NEXT):
        fetching = max(size, signed(folder.file(NEXT, LARGEST_TEXT), keys, NEXT)[0].size)
    for name in folder.names():
        try:
            tile = Tile.parse(name)
        except ValueError:
            raise DoesNotHold(
                "stray_file", name, "no file of a log", expected="tiles and nothing else", found=name
            ) from None
        if not tile.is_of(fetching):
            raise DoesNotHold(
                "beyond_log", name, "goes beyond the log", expected=f"a log of {size}", found=f"{name}"
            )
        if tile.is_of(size) and tile != tile_at(tile.level, tile.index, size):
            hashes = tree.tile(tile.level or 0, tile.index)[: tile.width * HASH_BYTES]
            if tile.level is None:
                check_bundle(tile, folder.read(tile), hashes)
            else:
                check_same(tile, folder.read(tile), hashes)
