"""Files from a server that may be slow, hang, lie or never end: bounded in bytes and in time, asked again
where it may help.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

from ledger.audit.findings import DoesNotHold, Unreachable, Unusable

PAUSES: Final = (0.2, 1.0, 3.0)
"""Seconds before a server in trouble is asked again."""
_MOST_WAITS: Final = 20
_LONGEST_WAIT: Final = 30.0
_SLOWEST: Final = 10_000
"""Bytes a second: who sends less is hanging."""
_RATE: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)(?P<unit>kB|MB|GB)?")
_ALLIANCE: Final = re.compile(r"/alliances/[0-9a-f-]{36}$")
_UNITS: Final = {None: 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast at most: requests, or bytes, a second."""

    number: float
    bytes: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """`20` requests, or `500kB`, `2MB`. Raises Unusable."""
        match = _RATE.fullmatch(text)
        if match is None or float(match["number"]) == 0:
            raise Unusable(f"--rate {text}: requests a second (20), or bytes a second (500kB, 2MB).")
        return cls(float(match["number"]) * _UNITS[match["unit"]], match["unit"] is not None)


def log_address(url: str) -> str:
    """Below which a log lies: an alliance's own address has it at `/log`."""
    url = url.rstrip("/")
    return f"{url}/log" if _ALLIANCE.search(url) else url


class _Again(Exception):
    """Asked again, the server may answer. `wait`: in how many seconds it says."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


class Server:
    """What lies below `base`. `seconds` without anything coming is hanging."""

    def __init__(
        self, base: str, token: str | None = None, *, rate: Rate | None = None, seconds: float = 30
    ) -> None:
        """Raises Unusable where `base` is no address."""
        headers = {"Accept-Encoding": "gzip"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.base = base.rstrip("/")
        self._rate = rate
        self._seconds = seconds
        self._turn = 0.0
        try:
            scheme = httpx.URL(self.base).scheme
            # Loading all authorities that there are takes a while, and without TLS nobody asks them.
            self._client = httpx.AsyncClient(headers=headers, timeout=seconds, verify=scheme == "https")
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Unusable(f"{base} is no address: {error}") from error
        if scheme not in {"http", "https"}:
            raise Unusable(f"{base} is no address: http://… or https://…")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def address(self, name: str) -> str:
        return f"{self.base}/{name}" if name else self.base

    async def get(self, name: str, most: int) -> bytes | None:
        """A file of at most so many bytes; None where the server has none.

        Raises Unreachable, and DoesNotHold where it is larger.
        """
        waits, pauses = _MOST_WAITS, list(PAUSES)
        while True:
            try:
                return await self._asked(self.address(name), most)
            except _Again as error:
                if error.wait is not None and waits:
                    waits -= 1
                    pause = min(error.wait, _LONGEST_WAIT)
                elif pauses:
                    pause = pauses.pop(0)
                else:
                    raise Unreachable(f"{self.address(name)}: {error}") from error
            await asyncio.sleep(pause)

    async def _asked(self, address: str, most: int) -> bytes | None:
        await self._spend(1, bytes=False)
        try:
            # Not httpx's own time alone: it begins anew with every byte.
            async with (
                asyncio.timeout(self._seconds) as limit,
                self._client.stream("GET", address) as response,
            ):
                if response.status_code == httpx.codes.NOT_FOUND:
                    return None
                _check_status(address, response)
                parts: list[bytes] = []
                size = 0
                async for part in _decoded(response, most + 1):
                    parts.append(part)
                    size += len(part)
                    if size > most:
                        raise DoesNotHold(
                            "too_large",
                            address,
                            "larger than a log's file can be",
                            expected=f"{most} bytes at most",
                            found="more",
                        )
                    waited = await self._spend(len(part), bytes=True)
                    limit.reschedule((limit.when() or 0) + waited + len(part) / _SLOWEST)
                return b"".join(parts)
        except TimeoutError as error:
            raise _Again(f"nothing came for {self._seconds:g} seconds") from error
        except httpx.TransportError as error:
            raise _Again(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, httpx.HTTPError, zlib.error) as error:
            raise Unreachable(f"{address}: {error!r}") from error

    async def _spend(self, amount: int, *, bytes: bool) -> float:
        """Waits for the turn of so many requests or bytes; returns the seconds that took."""
        if self._rate is None or self._rate.bytes is not bytes:
            return 0.0
        now = asyncio.get_running_loop().time()
        self._turn = max(self._turn, now) + amount / self._rate.number
        await asyncio.sleep(self._turn - now)
        return self._turn - now


def _check_status(address: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    said = f"answers {status} {response.reason_phrase}"
    if status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
        wait = response.headers.get("retry-after", "")
        raise _Again(said, float(wait) if wait.isascii() and wait.isdigit() else None)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _Again(said)
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        said += ": a token of somebody in the alliance is needed (--token, or ALLIANCE_TOKEN)"
    if response.has_redirect_location:
        said += f": give the address {response.headers['location']} itself"
    raise Unreachable(f"{address} {said}")


async def _decoded(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """The body, no more than `most` bytes of it: a few may unpack to very many."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        async for part in response.aiter_raw():
            yield part[:most]
        return
    if encoding != "gzip":
        raise Unreachable(f"{response.url} answers in an encoding that was not asked for: {encoding}")
    unpacking = zlib.decompressobj(wbits=31)
    left = most
    async for part in response.aiter_raw():
        unpacked = unpacking.decompress(part, left)
        left -= len(unpacked)
        yield unpacked
        if left == 0:
            return
    if not unpacking.eof:
        raise _Again("the answer ends within its gzip")
