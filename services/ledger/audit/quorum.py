"""Which witnesses must have cosigned a checkpoint: as whoever checks says, or as the log's own charters
do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from events.envelope import MalformedEvent, parse
from ledger.audit.findings import DoesNotHold
from standing.alliance import CHARTER
from tlog.notes import MalformedNote, Verifier

_MARK: Final = f'"{CHARTER}"'.encode()
_ESCAPE: Final = b"\\"
"""With it the type could be spelt so that the mark is not found."""
_MEMBERS: Final = "members"
_INSTANT: Final = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class Quorum:
    """The witnesses of whom `number` must have cosigned, and who says so."""

    witnesses: Sequence[Verifier]
    number: int
    by: str


@dataclass(frozen=True, slots=True)
class Cosigned:
    """By whom it had to be, None where nobody is named, and when each did, in seconds since 1970."""

    quorum: Quorum | None
    times: Mapping[Verifier, int]


class _Terms(BaseModel):
    time_zone: str
    witnesses: tuple[str, ...] = ()
    witness_quorum: int = Field(0, ge=0)


class _Charter(BaseModel):
    version: int
    from_day: date
    terms: _Terms


class Charters:
    """Told a log's entries in their order, from `first` on: what its charters say of witnesses."""

    def __init__(self, first: int = 0) -> None:
        self._charters: list[_Charter] = []
        self._entries = first
        self._last = b""

    def read(self, entries: Sequence[bytes]) -> None:
        """Raises DoesNotHold where a charter cannot be read: another quorum may stand in it."""
        together = b"".join(entries)
        if _MARK in together or _ESCAPE in together:
            for number, entry in enumerate(entries, self._entries):
                if _MARK in entry or _ESCAPE in entry:
                    self._read(number, entry)
        self._entries += len(entries)
        self._last = entries[-1] if entries else self._last

    def passing(self, bundles: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes]]:
        """Reads entries while they go to somebody else."""
        for entries in bundles:
            self.read(entries)
            yield entries

    def merge(self, later: "Charters") -> None:
        """`later` was told the entries from where this one ends."""
        self._charters += later._charters
        self._entries = later._entries
        self._last = later._last or self._last

    def _read(self, number: int, entry: bytes) -> None:
        try:
            head = parse(entry)
        except MalformedEvent:
            return  # for nobody a charter; `complete` names it
        if head.type == CHARTER and head.service == _MEMBERS:
            try:
                self._charters.append(_Charter.model_validate(head.envelope["data"]))
            except ValidationError as error:
                raise _malformed(number, error) from error

    def in_force(self) -> Quorum | None:
        """What the charter says that is in force when the last entry is made; None where it names none.

        Raises DoesNotHold.
        """
        if not self._charters:
            return None
        number = self._entries - 1
        try:
            now = _INSTANT.validate_python(parse(self._last).envelope["time"])
            day = now.astimezone(ZoneInfo(self._charters[-1].terms.time_zone)).date()
            begun = [charter for charter in self._charters if charter.from_day <= day]
            charter = max(begun, key=lambda one: one.version, default=self._charters[0])
            witnesses = [Verifier.parse(text) for text in charter.terms.witnesses]
        except (MalformedEvent, ValidationError, KeyError, ValueError, MalformedNote) as error:
            raise _malformed(number, error) from error
        if not witnesses:
            return None
        return Quorum(witnesses, charter.terms.witness_quorum, f"charter version {charter.version}")


def _malformed(number: int, error: Exception) -> DoesNotHold:
    return DoesNotHold(
        "malformed_entry",
        f"entry {number}",
        "the charter in force cannot be told",
        expected="an event",
        found=type(error).__name__,
        entry=number,
    )
