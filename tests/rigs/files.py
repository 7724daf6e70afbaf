"""A server of a log's files on a real socket, which can be made to do anything else instead."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self

Answer = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: "Served"

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.files.asked.append(path)
        self.server.files.answer(path, self)

    def give(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Served(ThreadingHTTPServer):
    files: "Files"
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Who asked has gone away: that is what most of these tests make it do."""


class Files:
    """`files` by path below `prefix`; `instead` has what else to do for a path. Close it by its context."""

    def __init__(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        self.files = dict(files)
        self.instead: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.over = Event()
        """Set at the end: what hangs waits for it."""
        self._prefix = prefix
        self._server = Served(("127.0.0.1", 0), Asked)
        self._server.files = self
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.root}/{prefix}".rstrip("/")

    def answer(self, path: str, asked: Asked) -> None:
        name = path.removeprefix(self._prefix)
        if name in self.instead:
            self.instead[name](asked)
        elif name in self.files:
            asked.give(self.files[name])
        else:
            asked.give(b"", 404)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
