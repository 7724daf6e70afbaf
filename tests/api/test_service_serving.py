"""Serving on a real port: streams, drain, ports in use, several services in one process."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI

from rigs.service_app import Rig, client_of, served
from service.application import together
from service.serve import failed_loops, listen, server_of

EVENTS = "/v1/alliances/00000000-0000-0000-0000-000000000001/events"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


class Stream:
    """The events of a stream as they come; comments are counted."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments = 0
        self._lines = answer.aiter_lines()

    async def read(self) -> dict[str, str] | None:
        """The next event; None at the stream's end."""
        event: dict[str, str] = {}
        async for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                return event
        return None


@asynccontextmanager
async def stream_of(
    client: httpx.AsyncClient, rig: Rig, address: str = EVENTS, **headers: str
) -> AsyncIterator[Stream]:
    whole = {"Accept": "text/event-stream", **rig.bearer(), **headers}
    async with client.stream("GET", address, headers=whole) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(answer)


async def test_a_stream_brings_what_is_there_and_then_what_comes(rig: Rig) -> None:
    await rig.feed.add("offered", b'{"n":1}')
    async with served(rig.app) as (client, _), stream_of(client, rig) as stream:
        assert await stream.read() == {"id": "1", "event": "offered", "data": '{"n":1}'}
        await rig.feed.add("withdrawn", b'{"n":2}')
        assert await stream.read() == {"id": "2", "event": "withdrawn", "data": '{"n":2}'}


async def test_a_stream_resumes_after_the_last_event_and_keeps_to_its_types(rig: Rig) -> None:
    for number in range(1, 7):
        await rig.feed.add("even" if number % 2 == 0 else "odd", orjson.dumps({"n": number}))
    async with (
        served(rig.app) as (client, _),
        stream_of(client, rig, f"{EVENTS}?types=even&after=0", **{"Last-Event-ID": "2"}) as stream,
    ):
        read = [await stream.read(), await stream.read()]
        assert [event["id"] for event in read if event] == ["4", "6"]


async def test_a_silent_stream_has_heartbeats(rig: Rig) -> None:
    async with served(rig.app) as (client, _), stream_of(client, rig) as stream:
        comments = 0
        async for line in stream.answer.aiter_lines():
            comments += line.startswith(":")
            if comments == 3:
                break


async def test_a_withdrawn_right_cuts_the_stream(rig: Rig) -> None:
    await rig.feed.add("offered", b"{}")
    async with served(rig.app) as (client, _), stream_of(client, rig) as stream:
        assert await stream.read()
        await rig.feed.withdraw()
        await rig.feed.add("secret", b"{}")
        assert await stream.read() is None


async def test_a_stream_ends_with_the_callers_token(rig: Rig) -> None:
    async with served(rig.app) as (client, _), stream_of(client, rig) as stream:
        rig.now += 3601
        assert await stream.read() is None


async def test_a_caller_without_the_right_gets_a_problem_and_no_stream(rig: Rig) -> None:
    await rig.feed.withdraw()
    async with served(rig.app) as (client, _):
        answer = await client.get(EVENTS, headers={"Accept": "text/event-stream", **rig.bearer()})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        answer = await client.get(EVENTS, headers={"Accept": "text/event-stream"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


async def test_a_browser_opens_a_stream_with_a_ticket(rig: Rig) -> None:
    await rig.feed.add("offered", b"{}")
    caller = await rig.verifier.verify(rig.issuer.token("anna"))
    async with served(rig.app) as (client, _):
        ticket = rig.tickets.issue(caller, EVENTS)
        address = f"{EVENTS}?ticket={ticket}"
        async with client.stream("GET", address, headers={"Accept": "text/event-stream"}) as answer:
            assert await Stream(answer).read() == {"id": "1", "event": "offered", "data": "{}"}
        other = await client.get(EVENTS.replace("0001", "0002"), params={"ticket": ticket})
        assert (other.status_code, other.json()["code"]) == (401, "ticket_invalid")


async def test_streams_close_on_drain_and_the_server_ends(rig: Rig) -> None:
    async with served(rig.app) as (client, server), stream_of(client, rig) as stream:
        server.should_exit = True
        assert await stream.read() is None


async def test_pages_give_the_same_bytes_and_say_how_to_go_on(rig: Rig) -> None:
    for number in range(1, 4):
        await rig.feed.add("offered", b'{"n": %d, "amount": "1.10"}' % number)
    async with client_of(rig.app) as client:
        page = await client.get(f"{EVENTS}?limit=2", headers=rig.bearer())
        assert b'{"n": 1, "amount": "1.10"}' in page.content
        assert (page.json()["next"], page.json()["after"]) == (2, 2)
        last = (await client.get(f"{EVENTS}?after=2", headers=rig.bearer())).json()
        assert [item["position"] for item in last["items"]] == [3]
        assert (last["next"], last["after"]) == (None, 3)
        empty = (await client.get(f"{EVENTS}?after=3", headers=rig.bearer())).json()
        assert empty == {"items": [], "next": None, "after": 3}


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40, "1.5", "²"])
async def test_a_last_event_id_that_is_no_position_is_refused(rig: Rig, last: str) -> None:
    async with client_of(rig.app) as client:
        whole = {"Accept": "text/event-stream", "Last-Event-ID": last, **rig.bearer()}
        headers = [(name.encode(), value.encode()) for name, value in whole.items()]
        answer = await client.get(EVENTS, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "position_invalid")


async def test_loops_end_by_themselves_on_drain_and_resources_outlive_them(tmp_path: Path) -> None:
    order: list[str] = []

    async def loop(drain: asyncio.Event) -> None:
        order.append("loop starts")
        await drain.wait()
        order.append("loop ends")

    @asynccontextmanager
    async def resources(_: FastAPI) -> AsyncIterator[None]:
        order.append("opened")
        yield
        order.append("closed")

    async with served(Rig(tmp_path, loops=[loop], resources=resources).app) as (client, _):
        assert (await client.get("/livez")).status_code == 200
    assert order == ["opened", "loop starts", "loop ends", "closed"]


@pytest.mark.parametrize("end", [RuntimeError("broken"), asyncio.CancelledError()])
async def test_a_failed_loop_stops_the_service_instead_of_leaving_it_half_alive(
    tmp_path: Path, end: BaseException
) -> None:
    async def relay(_: asyncio.Event) -> None:
        raise end

    rig = Rig(tmp_path, loops=[relay])
    async with client_of(rig.app) as client:
        await rig.app.state.drain.wait()
        assert (await client.get("/readyz")).status_code == 503
    assert failed_loops(rig.app) == [relay.__qualname__]
    async with asyncio.timeout(30):
        await server_of(Rig(tmp_path, loops=[relay]).app).serve([listen("127.0.0.1", 0)])


async def test_services_in_one_process_run_their_lifespans_and_share_a_drain(tmp_path: Path) -> None:
    drain, opened = asyncio.Event(), list[str]()

    def resources_of(name: str) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def resources(_: FastAPI) -> AsyncIterator[None]:
            opened.append(name)
            yield
            opened.remove(name)

        return resources

    rigs = {
        name: Rig(tmp_path / name, drain=drain, resources=resources_of(name))
        for name in ("members", "tenders")
    }
    root = together("Alliance", "1", {name: rig.app for name, rig in rigs.items()}, drain)
    async with served(root) as (client, _):
        assert (await client.get("/livez")).status_code == 200
        assert opened == ["members", "tenders"]
        assert (await client.get("/tenders/readyz")).status_code == 200
        for address in ("/nowhere", "/tenders/nowhere"):
            answer = await client.get(address)
            assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
        listed = await client.get(f"/members{EVENTS}", headers=rigs["members"].bearer())
        assert listed.status_code == 200
        assert (await client.get("/docs")).status_code == 200
        assert (await client.get("/tenders/docs")).status_code == 200
        document = (await client.get("/openapi.json")).json()
        make = document["paths"]["/tenders/v1/alliances/{alliance}/offers"]["post"]
        assert make["operationId"] == "tenders_make_offer"
        assert "Offer" in document["components"]["schemas"]
        caller = await rigs["tenders"].verifier.verify(rigs["tenders"].issuer.token("anna"))
        ticket = rigs["tenders"].tickets.issue(caller, f"/tenders{EVENTS}")
        assert (await client.get(f"/tenders{EVENTS}", params={"ticket": ticket})).status_code == 200
    assert opened == []


PROGRAM = """
import asyncio
import sys
from pathlib import Path
from rigs.service_app import Rig
from service.serve import listen, serve
from service.telemetry import configure_logging

configure_logging()
rig = Rig(Path(sys.argv[1]))
listener = listen("127.0.0.1", int(sys.argv[2]))
print(listener.getsockname()[1], rig.issuer.token("anna"), flush=True)
asyncio.run(serve(rig.app, listener))
print("cleaned up", flush=True)
"""


def start(folder: Path, port: int = 0) -> subprocess.Popen[str]:
    tests = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(port)],
        env={"PYTHONPATH": tests},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_closes_streams_and_lets_the_program_clean_up(
    tmp_path: Path, how: signal.Signals
) -> None:
    program = start(tmp_path)
    try:
        assert program.stdout is not None
        port, token = (await asyncio.to_thread(program.stdout.readline)).split()
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
            client.stream("GET", EVENTS, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            assert "server" not in answer.headers
            program.send_signal(how)
            assert await Stream(answer).read() is None
        out, log = await asyncio.to_thread(program.communicate, timeout=20)
        assert out == "cleaned up\n"
        assert program.returncode == 0
        for line in log.splitlines():
            assert orjson.loads(line)["level"] == "info"
    finally:
        program.kill()
        program.communicate()


async def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path) -> None:
    holder = listen("127.0.0.1", 0)
    port = holder.getsockname()[1]
    program = start(tmp_path, port)
    try:
        out, log = await asyncio.to_thread(program.communicate, timeout=20)
    finally:
        holder.close()
        program.kill()
        program.communicate()
    assert program.returncode == 1
    assert out == ""
    assert log.strip() == (
        f"Port {port} on 127.0.0.1 is in use: stop the program that has it, or choose another port."
    )
