"""The proxy between the pieces does what the schedule says, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rigs.proxy import Place, Proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1024):
        writer.write(data)
    writer.close()


class Way:
    """A client's connection through the proxy to a server that gives back what it gets."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    async def connect(self) -> None:
        if isinstance(self.proxy.at, Path):
            self._reader, self._writer = await asyncio.open_unix_connection(self.proxy.at)
        else:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.proxy.at)

    async def say(self, text: bytes) -> bytes:
        """Empty where the connection is lost."""
        try:
            self._writer.write(text)
            return await self._reader.read(1024)
        except ConnectionError:
            return b""

    def close(self) -> None:
        self._writer.transport.abort()


@pytest.fixture(params=["port", "socket"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    server: asyncio.Server
    to: Place
    at: Place
    if request.param == "port":
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        to, at = server.sockets[0].getsockname()[1], 0
    else:
        to, at = tmp_path / "far", tmp_path / "near"
        server = await asyncio.start_unix_server(_echo, to)
    proxy = Proxy(to, at)
    await proxy.open()
    way = Way(proxy)
    await way.connect()
    yield way
    way.close()
    await proxy.close()
    server.close()


async def test_bytes_pass_as_they_are(way: Way) -> None:
    assert await way.say(b"\x00one") == b"\x00one"
    assert await way.say(b"two") == b"two"


async def test_a_cut_breaks_connections_off_and_takes_new_ones(way: Way) -> None:
    assert await way.say(b"one") == b"one"
    way.proxy.cut()
    assert await way.say(b"two") == b""
    way.close()
    await way.connect()
    assert await way.say(b"three") == b"three"


async def test_shut_it_takes_no_new_ones_until_it_is_cleared(way: Way) -> None:
    assert await way.say(b"one") == b"one"
    way.proxy.shut()
    assert await way.say(b"two") == b""
    for cleared in (False, True):
        if cleared:
            way.proxy.clear()
        way.close()
        await way.connect()
        assert await way.say(b"three") == (b"three" if cleared else b"")


async def test_what_is_held_up_arrives_when_it_is_cleared(way: Way) -> None:
    way.proxy.hold()
    async with asyncio.TaskGroup() as group:
        saying = group.create_task(way.say(b"one"))
        done, _ = await asyncio.wait([saying], timeout=0.1)
        assert not done
        way.proxy.clear()
    assert saying.result() == b"one"


async def test_what_is_slowed_down_takes_its_time_each_way(way: Way) -> None:
    clock = asyncio.get_running_loop()
    way.proxy.delay = 0.05
    began = clock.time()
    assert await way.say(b"one") == b"one"
    assert clock.time() - began >= 0.1
