"""Asks witnesses to cosign a log's checkpoint (C2SP tlog-witness), and takes only what they really signed.

The charter says whose signatures count; the settings say where those are reached. Nothing that a witness does
or leaves undone holds a checkpoint up for longer than `SECONDS`, or changes more of it than its own line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Final

import httpx
import structlog

from events.errors import DatabaseUnavailable
from ledger.log.views import BrokenTree
from tlog.checkpoints import Checkpoint, number
from tlog.notes import MalformedNote, Note, Unsigned, Verifier, encoded

SECONDS: Final = 2.0
"""How long a witness may take to answer, all in all."""
FIRST_REST: Final = 1.0
LONGEST_REST: Final = 60.0
"""How long a witness that does not answer, or refuses a log, is left alone: twice as long each time."""
_LARGEST_ANSWER: Final = 16 * 1024
_SIZE: Final = "text/x.tlog.size"
_TRIES: Final = 3
"""Once to be told the size it knows; once more where another replica is asking too."""
_REFUSALS: Final[Mapping[int, str]] = {
    HTTPStatus.CONFLICT: "other_history",
    HTTPStatus.UNPROCESSABLE_ENTITY: "other_history",
    HTTPStatus.NOT_FOUND: "log_unknown_there",
    HTTPStatus.FORBIDDEN: "log_key_unknown_there",
}

Prove = Callable[[int], Awaitable[Sequence[bytes]]]
"""From an earlier size, the proof that the log at the checkpoint's size goes on from it."""

logger = structlog.get_logger(__name__)


class _NotSigned(Exception):
    """A witness answered, and not with its signature: why, as a code."""


class _Ahead(Exception):
    """A witness has signed more of the log than this checkpoint covers."""


class Witnesses:
    """Those that are reached at `addresses`, by the names of their keys."""

    def __init__(self, addresses: Mapping[str, str], clock: Callable[[], float] = monotonic) -> None:
        self._addresses = addresses
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._signed: dict[tuple[str, str], int] = {}
        """By witness and log, the size it last signed: a guess, and the witness corrects it."""
        self._resting: dict[tuple[str, ...], tuple[float, float]] = {}
        """Until when, and how long that is: of a witness by its name, of one log there by both names."""

    async def cosigned(
        self, note: str, keys: Collection[Verifier], prove: Prove, *, again: bool = False
    ) -> str:
        """`note`, a log's checkpoint, with the lines of those of `keys` that lack in it and sign it now.

        Whoever did not answer, or refused, is only asked `again`, after a while: nobody waits for it.
        """
        parsed = Note.parse(note.encode())
        checkpoint = Checkpoint.parse(parsed.text)
        have = parsed.times(keys)
        asked = [
            key
            for key in keys
            if key not in have and key.name in self._addresses and not self._rests(key, checkpoint, again)
        ]
        async with asyncio.TaskGroup() as group:
            lines = [group.create_task(self._line(key, note, checkpoint, prove)) for key in asked]
        return note + "".join(line.result() for line in lines)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _rests(self, key: Verifier, checkpoint: Checkpoint, again: bool) -> bool:
        rests = [self._resting.get(place) for place in ((key.name,), (key.name, checkpoint.origin))]
        return any(rest is not None and (not again or self._clock() < rest[0]) for rest in rests)

    async def _line(self, key: Verifier, note: str, checkpoint: Checkpoint, prove: Prove) -> str:
        """Empty where there is none to be had."""
        place: tuple[str, ...] = (key.name, checkpoint.origin)
        try:
            async with asyncio.timeout(SECONDS):
                line = await self._asked(key, note, checkpoint, prove)
        except _NotSigned as refusal:
            logger.error("witness_has_not_signed", witness=key.name, code=str(refusal))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            place = (key.name,)
            logger.warning("witness_not_reached", witness=key.name, error=type(error).__name__)
        except _Ahead:
            # Another replica was quicker, or this ledger has lost something: it is asked the next time too.
            logger.warning("witness_has_not_signed", witness=key.name, code="ahead")
            return ""
        except (DatabaseUnavailable, BrokenTree):
            return ""  # no proof, and nothing said against the witness
        else:
            self._resting.pop((key.name,), None)
            self._resting.pop(place, None)
            self._signed[key.name, checkpoint.origin] = checkpoint.size
            return line
        _, last = self._resting.get(place, (0.0, FIRST_REST / 2))
        rest = min(2 * last, LONGEST_REST)
        self._resting[place] = (self._clock() + rest, rest)
        return ""

    async def _asked(self, key: Verifier, note: str, checkpoint: Checkpoint, prove: Prove) -> str:
        """Raises _NotSigned or _Ahead, and httpx' own errors where it is not reached."""
        old = min(self._signed.get((key.name, checkpoint.origin), 0), checkpoint.size)
        for _ in range(_TRIES):
            answer, text = await self._post(key, old, note, prove)
            if answer.status_code != HTTPStatus.CONFLICT or not _is_size(answer):
                return _signed(key, checkpoint, answer, text)
            before, old = old, _size_in(text)
            if old == before:
                raise _NotSigned("other_history")
            if old > checkpoint.size:
                break
        raise _Ahead

    async def _post(self, key: Verifier, old: int, note: str, prove: Prove) -> tuple[httpx.Response, str]:
        lines = "".join(f"{encoded(one)}\n" for one in await prove(old))
        body = f"old {old}\n{lines}\n{note}".encode()
        if self._client is None:
            plainly = {"Accept-Encoding": "identity"}  # what is unpacked may be of any size
            self._client = httpx.AsyncClient(timeout=SECONDS, headers=plainly, follow_redirects=False)
        url = f"{self._addresses[key.name]}/add-checkpoint"
        async with self._client.stream("POST", url, content=body) as answer:
            read = b""
            async for part in answer.aiter_raw(_LARGEST_ANSWER):
                read += part
                if len(read) > _LARGEST_ANSWER:
                    raise _NotSigned("answer_too_large")
        try:
            return answer, read.decode()
        except UnicodeDecodeError:
            raise _NotSigned("answer_is_no_text") from None


def _signed(key: Verifier, checkpoint: Checkpoint, answer: httpx.Response, text: str) -> str:
    """The line in an answer. Raises _NotSigned, and HTTPStatusError where the witness is not well."""
    if answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise httpx.HTTPStatusError("not now", request=answer.request, response=answer)
    if answer.status_code != HTTPStatus.OK:
        raise _NotSigned(_REFUSALS.get(answer.status_code, f"status_{answer.status_code}"))
    return _line_of(key, checkpoint, text)


def _is_size(answer: httpx.Response) -> bool:
    kind: str = answer.headers.get("content-type", "")
    return kind.partition(";")[0].strip() == _SIZE


def _size_in(text: str) -> int:
    try:
        return number(text.removesuffix("\n"))
    except MalformedNote:
        raise _NotSigned("size_is_no_number") from None


def _line_of(key: Verifier, checkpoint: Checkpoint, answer: str) -> str:
    """The one line that `key` signed this very checkpoint with. Raises _NotSigned."""
    for line in answer.split("\n"):
        try:
            if Note.parse(f"{checkpoint.text}\n{line}\n".encode()).times([key]):
                return f"{line}\n"
        except (MalformedNote, Unsigned):
            continue
    raise _NotSigned("wrong_signature")
