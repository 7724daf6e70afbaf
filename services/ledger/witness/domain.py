"""The witness' one decision (C2SP tlog-witness): whether a checkpoint goes on from the last one it signed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from ledger.witness.memory import Memory
from tlog.checkpoints import Checkpoint, number
from tlog.merkle import HASH_BYTES, BadProof, check_consistency
from tlog.notes import MalformedNote, Note, Signer, Unsigned, Verifier, decoded

_LONGEST_PROOF: Final = 63
LARGEST_REQUEST: Final = 64 * 1024
"""Bytes: a proof of 63 hashes takes 3 KB, and a note some signatures."""

_PLAIN: Final = "text/plain; charset=utf-8"
_SIZE: Final = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    media_type: str = _PLAIN


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, text: str, media_type: str = _PLAIN) -> None:
        self.answer = Answer(status, text + "\n", media_type)


class Witness:
    """Signs with `signer`, a cosignature's; `logs()` gives the keys that logs sign with, by their names."""

    def __init__(
        self,
        signer: Signer,
        memory: Memory,
        logs: Callable[[], Collection[Verifier]],
        clock: Callable[[], float],
    ) -> None:
        self._signer = signer
        self._memory = memory
        self._logs = logs
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answers a request's body. Raises Damaged, and then signs nothing."""
        try:
            old, proof, note = _parsed(body)
            checkpoint = self._checked(note)
            if old > checkpoint.size:
                raise _Refused(HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint's")
            with self._memory.held():
                self._advance(old, proof, checkpoint)
        except _Refused as refused:
            return refused.answer
        return Answer(HTTPStatus.OK, self._signer.line(checkpoint.text, int(self._clock())))

    def _checked(self, note: Note) -> Checkpoint:
        try:
            checkpoint = Checkpoint.parse(note.text)
        except MalformedNote as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        keys = [key for key in self._logs() if key.name == checkpoint.origin]
        if not keys:
            raise _Refused(HTTPStatus.NOT_FOUND, "the log is not known here")
        try:
            signed = note.times(keys)
        except Unsigned as error:
            raise _Refused(HTTPStatus.FORBIDDEN, str(error)) from error
        if not signed:
            raise _Refused(HTTPStatus.FORBIDDEN, "no key of the log has signed")
        return checkpoint

    def _advance(self, old: int, proof: list[bytes], checkpoint: Checkpoint) -> None:
        last = self._memory.last(checkpoint.origin)
        if old != last.size or (old == checkpoint.size and checkpoint.root != last.root):
            raise _Refused(HTTPStatus.CONFLICT, str(last.size), _SIZE)
        try:
            check_consistency(old, checkpoint.size, proof, last.root, checkpoint.root)
        except BadProof as error:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        if checkpoint != last:
            self._memory.remember(checkpoint)


def _parsed(body: bytes) -> tuple[int, list[bytes], Note]:
    try:
        head, gap, note = body.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        if not gap or not first.startswith("old "):
            raise MalformedNote("the request has no old size and no checkpoint")
        if len(lines) > _LONGEST_PROOF:
            raise MalformedNote(f"the proof has over {_LONGEST_PROOF} lines")
        proof = [decoded(line) for line in lines]
        if any(len(one) != HASH_BYTES for one in proof):
            raise MalformedNote("a line of the proof is no hash")
        return number(first.removeprefix("old ")), proof, Note.parse(note)
    except (MalformedNote, UnicodeDecodeError) as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
