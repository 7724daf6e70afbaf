"""How the ledger records what it decides itself: as entries of the log among those that it follows."""

from collections.abc import Mapping, Sequence
from typing import Any

from uuid_utils.compat import uuid7

from events.decision import Placed
from events.envelope import Context, Recorded, encode
from events.execute import Commands
from events.sealing import Seal
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
        bodies = []
        for number, new in enumerate(placed, versions[stream] + 1):
            event_id = str(uuid7())
            bodies.append(
                encode(
                    new.event,
                    context,
                    id=event_id,
                    stream=f"log/{context.alliance}",
                    version=number,
                    sequence=number,
                    seal=Seal(self.keyring, context.alliance, event_id),
                )
            )
        await self._book.record(transaction, context.alliance, last, bodies, keep)
        return [self.registry.read(body, self.keyring) for body in bodies]
