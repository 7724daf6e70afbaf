"""A load of HTTP requests over plain sockets: what the client costs must not hide what the server does."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Load:
    """What a run of requests took. Latencies in seconds, sorted."""

    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def at(self, part: float) -> float:
        """The latency that this part of the requests stayed under."""
        return self.latencies[min(int(len(self.latencies) * part), len(self.latencies) - 1)]


Make = Callable[[int], bytes]
"""The bytes of the request with this number."""


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    """(status, body); the answer must have a Content-Length."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    return status, await reader.readexactly(length) if length else b""


async def run(port: int, makers: Sequence[Make], seconds: float) -> Load:
    """One connection a maker, each sending one request after another until the time is over."""
    latencies: list[float] = []
    numbers = count()
    end = time.perf_counter() + seconds

    async def client(make: Make) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            sent = make(next(numbers))
            before = time.perf_counter()
            status, body = await ask(reader, writer, sent)
            latencies.append(time.perf_counter() - before)
            if status >= 300:
                raise RuntimeError(f"{status}: {body[:500]!r}")
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for make in makers:
            group.create_task(client(make))
    return Load(time.perf_counter() - began, sorted(latencies))
