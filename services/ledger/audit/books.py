"""The books of a log whose every tile is checked while it is read: replayed with the keys at hand."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from events.envelope import MalformedEvent, parse
from ledger.audit.closings import Checked
from ledger.audit.findings import DoesNotHold, Unusable
from ledger.audit.keys import KeyFile
from ledger.audit.replay import Replay, Replayed
from ledger.audit.tree import Tree
from ledger.entries.events import LogOpened
from standing import Standing
from tlog.tiles import WIDTH

NOBODY = UUID(int=0)
"""Whose keys are at hand where none are: no company has this id."""


class Books:
    """One pass over a log. Without `keys` nothing that is sealed is opened."""

    def __init__(self, tree: Tree, keys: KeyFile | None) -> None:
        """Raises Unusable for keys of another alliance, DoesNotHold where the log begins with no event."""
        self._tree = tree
        nobodys = no_keys(tree)
        if keys is not None and keys.alliance != nobodys.alliance:
            raise Unusable(
                f"The keys are those of alliance {keys.alliance}: the log is of {nobodys.alliance}."
            )
        self.keys = keys or nobodys
        self._replay = Replay(self.keys, lambda index: tree.bundle(index // WIDTH)[index % WIDTH])
        self.sealed = 0
        """Entries so far that post something which these keys do not open."""

    def entries(self, done: Callable[[int], None] = lambda entries: None) -> Iterator[Replayed]:
        """`done` is told how many more there were. Raises DoesNotHold at the first that does not hold."""
        for replayed in self._replay.over(self._bodies(done)):
            self.sealed += replayed.sealed
            yield replayed
        self._replay.closings.end(self._tree.checkpoint.size)

    @property
    def checked(self) -> Sequence[Checked]:
        """What the ledger recorded of closed half-years, and was found to be what follows."""
        return self._replay.closings.checked

    def _bodies(self, done: Callable[[int], None]) -> Iterator[bytes]:
        for bundle in self._tree.bundles():
            yield from bundle
            done(len(bundle))

    @property
    def standing(self) -> Standing | None:
        """The alliance as it was told up to here."""
        return self._replay.standing

    def name(self, company: UUID) -> str | None:
        """What a company has called itself so far."""
        member = self.standing.members.get(company) if self.standing else None
        return member.name if member else None

    @property
    def said(self) -> str:
        """Whose keys opened what, to tell with what was made of it."""
        whose = "the alliance’s keys"
        if self.keys.company is not None:
            whose = "no keys" if self.keys.company == NOBODY else f"the keys of {self.keys.company}"
        rest = f"{self.sealed} entries post what they do not open" if self.sealed else "all was opened"
        return f"With {whose}: {rest}."


def no_keys(tree: Tree) -> KeyFile:
    """Raises DoesNotHold where the log does not begin with an event."""
    first = tree.bundle(0)[0] if tree.checkpoint.size else b""
    try:
        return KeyFile(alliance=parse(first).alliance, company=NOBODY, keys={})
    except MalformedEvent as error:
        raise DoesNotHold(
            "malformed_entry", "entry 0", "no event", expected=LogOpened.type, found=str(error), entry=0
        ) from error
