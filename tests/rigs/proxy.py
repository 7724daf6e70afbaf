"""A way between two parties that can be cut, closed, held up and slowed down; the bytes pass as they are."""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Final

Place = int | Path
"""A port on loopback, or a Unix socket."""

_CHUNK: Final = 64 * 1024


class Proxy:
    """Takes connections `at` a place (port 0: any free one) and carries them `to` another."""

    def __init__(self, to: Place, at: Place = 0) -> None:
        self._to = to
        self.at = at
        self.delay = 0.0
        """Seconds that every piece of data is kept back."""
        self._shut = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._carried: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if isinstance(self.at, Path):
            self._server = await asyncio.start_unix_server(self._carry, self.at)
        else:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.at)
            self.at = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.shut()
        while self._carried:
            await asyncio.wait(self._carried)

    def cut(self) -> None:
        """Breaks every connection off, in the middle of whatever it carries; new ones are taken."""
        for task in self._carried:
            task.cancel()

    def shut(self) -> None:
        """The same, and takes no new ones until `clear`."""
        self._shut = True
        self.cut()

    def hold(self) -> None:
        """Nothing passes until `clear`, and nobody is told."""
        self._flowing.clear()

    def strand(self) -> None:
        """Nothing passes any more on the connections that there are, and nobody is told."""
        self._flowing.clear()
        self._flowing = asyncio.Event()
        self._flowing.set()

    def clear(self) -> None:
        """As at the beginning."""
        self._shut, self.delay = False, 0.0
        self._flowing.set()

    async def _carry(self, near_reader: StreamReader, near: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        flowing, far = self._flowing, None
        try:
            if not self._shut:
                far_reader, far = await self._connected()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(near_reader, far, flowing))
                    group.create_task(self._pass(far_reader, near, flowing))
        except* (OSError, asyncio.CancelledError):
            pass  # the end of a connection: that of a way is what it is for
        finally:
            for writer in (near, far):
                if writer is not None:
                    writer.transport.abort()
            self._carried.discard(task)

    async def _connected(self) -> tuple[StreamReader, StreamWriter]:
        if isinstance(self._to, Path):
            return await asyncio.open_unix_connection(self._to)
        return await asyncio.open_connection("127.0.0.1", self._to)

    async def _pass(self, reader: StreamReader, writer: StreamWriter, flowing: asyncio.Event) -> None:
        while data := await reader.read(_CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            await flowing.wait()
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            await writer.drain()
        raise ConnectionResetError  # either side's end is the end of both
