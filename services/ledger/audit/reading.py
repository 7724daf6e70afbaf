"""An entry's bytes, read with the keys at hand: what they post, of those lines that these keys open. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from events.envelope import Event, Head, Recorded
from events.sealing import Confidential, Keyring, SealedFigure
from ledger.posting.posted import CannotPost, Read, Reader
from ledger.posting.rules import Source
from ledger.posting.transactions import Line, Reversal


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry as far as it could be read. `sealed`: some of what it posts needs a key not at hand."""

    head: Head
    read: Read
    sealed: bool


class Opener:
    """With the keys of all companies (`company` None) all lines, with one company's those in its accounts."""

    def __init__(
        self, sources: Mapping[str, Source], keyrings: Mapping[str, Keyring], company: UUID | None
    ) -> None:
        self._reader = Reader(sources, keyrings)
        self._company = company

    def open(self, head: Head) -> Opened:
        """Raises CannotPost."""
        recorded = self._reader.decode(head)
        try:
            lines, sealed = self._reader.ruled(recorded), False
        except SealedFigure:
            lines, sealed = self._rest(recorded), True
        return Opened(head, Read(recorded, self._own(lines)), sealed)

    def _rest(self, recorded: Recorded[Any]) -> Sequence[Line | Reversal]:
        """Rules take the rows of several companies one by one, so what the rows at hand post can be told
        without the others.
        """
        try:
            return self._reader.ruled(replace(recorded, event=_open_rows(recorded.event)))
        except (SealedFigure, CannotPost):
            # A rule may want a row of every party: without the others' it cannot say.
            return ()

    def _own(self, lines: Sequence[Line | Reversal]) -> Sequence[Line | Reversal]:
        if self._company is None:
            return lines
        return [
            line
            for line in lines
            if isinstance(line, Reversal) or self._company in (line.member, line.debtor)
        ]


def _open_rows(event: Event) -> Event:
    rows = {
        name: tuple(row for row in value if not _is_sealed(row))
        for name, value in event
        if isinstance(value, tuple)
    }
    return event.model_copy(update=rows)


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Confidential) and value.open is None
