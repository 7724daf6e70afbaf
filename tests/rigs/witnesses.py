"""Witnesses that really listen: honest ones, as the program has them, and ones that answer anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import time

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.witness.api import application
from ledger.witness.domain import Witness
from ledger.witness.memory import Memory
from service.serve import listen
from tlog.notes import Kind, Signer, Verifier


def cosigner(name: str) -> Signer:
    """The same key for the same name."""
    seed = name.encode().ljust(32, b".")[:32]
    return Signer(f"witness.example/{name}", Ed25519PrivateKey.from_private_bytes(seed), Kind.COSIGNATURE)


@asynccontextmanager
async def witness(folder: Path, name: str, logs: Callable[[], Collection[Verifier]]) -> AsyncIterator[str]:
    """Where a witness with that name's key listens; its memory is in `folder`."""
    folder.mkdir(exist_ok=True)
    app = application(Witness(cosigner(name), Memory(folder), logs, time))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    # No TaskGroup: a failed assertion would cancel the server in place of stopping it.
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""What is done on a connection once a request has come: its body, and where the answer goes."""


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """Where something listens that is no witness."""
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        # Cancelled only by the end below: the server would say that its task was.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split()[0])
            await answer(await reader.readexactly(length), writer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def saying(status: int, body: bytes, kind: str = "text/plain") -> Answer:
    """Answers every request with the same."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    return answer
