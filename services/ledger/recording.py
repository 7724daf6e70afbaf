"""How the ledger records what it decides itself: as entries of the log among those that it follows."""

from collections.abc import Mapping, Sequence
from typing import Any

from events.decision import Placed
from events.envelope import Context, Recorded
from events.execute import Commands
from events.store import Kept, Transaction
from ledger.book import Book
from standing import Given


class Recording(Commands[Given]):
    """Its events have numbers of their own: the store counts all entries of the log, `sequence` and
    `streamversion` those of the ledger alone.
    """

    def __init__(self, book: Book, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._book = book

    async def record(
        self,
        transaction: Transaction,
        context: Context,
        placed: Sequence[Placed],
        last: int,
        versions: Mapping[str, int],
        stream: str,
        ids: Sequence[str] | None = None,
        *,
        keep: Kept | None = None,
    ) -> list[Recorded[Any]]:
        """As the books do it: appended, put into the tree and posted."""
        events = [new.event for new in placed]
        bodies = await self._book.record(transaction, context, events, last, versions[stream], keep)
        return [self.registry.read(body, self.keyring) for body in bodies]
