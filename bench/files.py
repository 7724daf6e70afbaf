"""`python -m bench.files FOLDER PORT`: a folder over HTTP, as quickly as Python can."""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop


class Files(asyncio.Protocol):
    """One connection; requests come one after the other, without a body."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode().lstrip("/")
            try:
                body, status = (self._folder / path).read_bytes(), b"200 OK"
            except OSError:
                body, status = b"", b"404 Not Found"
            self._transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
            self._transport.write(body)


async def main(folder: Path, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Files(folder), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
