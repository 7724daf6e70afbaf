"""An entry's bytes, read with the keys at hand: what they post, of those lines that these keys open. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from events.envelope import Event, Head, MalformedEvent, Recorded, parse
from events.sealing import Confidential, SealedFigure
from ledger.audit.findings import DoesNotHold
from ledger.audit.keys import KeyFile, UnknownKey
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
    """Reads the entries of one alliance with its keys: with those of all companies all lines, with one
    company's those in its accounts.
    """

    def __init__(self, sources: Mapping[str, Source], keys: KeyFile) -> None:
        self._reader = Reader(sources, {name: keys.keyring(name) for name in sources})
        self._alliance = keys.alliance
        self._company = keys.company

    def open(self, index: int, body: bytes) -> Opened:
        """Raises DoesNotHold."""
        head = self._head(index, body)
        try:
            recorded = self._reader.decode(head)
            try:
                lines, sealed = self._reader.ruled(recorded), False
            except SealedFigure:
                lines, sealed = self._rest(recorded), True
        except CannotPost as error:
            raise wrong(error.code, index, "an event that can be read and posted", error.detail) from error
        except UnknownKey as error:
            expected, found = "a figure that the keys open", f"another key of {error}"
            raise wrong("unknown_key", index, expected, found) from error
        if sealed and self._company is None:
            raise wrong("unknown_key", index, "figures that the keys open", "one of a company without any")
        return Opened(head, Read(recorded, self._own(lines)), sealed)

    def _head(self, index: int, body: bytes) -> Head:
        try:
            head = parse(body)
        except MalformedEvent as error:
            raise wrong("malformed_entry", index, "an event", error) from error
        if head.alliance != self._alliance:
            raise wrong("wrong_alliance", index, f"an event of {self._alliance}", f"one of {head.alliance}")
        if head.service not in self._reader.sources:
            raise wrong("unknown_service", index, "an event of a followed service", head.service)
        return head

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


def wrong(code: str, entry: int, expected: str, found: object) -> DoesNotHold:
    return DoesNotHold(
        code, f"entry {entry}", "it cannot be replayed", expected=expected, found=found, entry=entry
    )
