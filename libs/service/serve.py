"""Runs an application on a port until it is told to stop, and lets go of streams and callers in good order.

On SIGTERM or SIGINT: `drain` is set, so that readiness fails and streams close; no new connection is taken;
running requests finish; then the lifespan ends (background loops, database).
"""

import asyncio
import errno
import gc
import signal
import socket
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

_GRACE: Final = 20
"""Seconds for running requests; Kubernetes kills after 30."""

_log = structlog.get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, before anything else is started. Ends with one sentence when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Listening at once: of two that bind under SO_REUSEADDR only the first may listen.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SystemExit(
                f"Port {port} on {host} is in use: stop the program that has it, or choose another port."
            ) from None
        raise SystemExit(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None
    return listener


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, drain: asyncio.Event) -> None:
        super().__init__(config)
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn's own raises the signal once more after serving: whoever called `serve` would then be killed
        # before stopping what it started itself.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        # Drain set from within: a background loop has failed.
        return self._drain.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Before uvicorn waits for open answers, of which a stream is one that ends on drain alone.
        self._drain.set()
        await super().shutdown(sockets)


def server_of(app: FastAPI) -> uvicorn.Server:
    """The server for an application from `application` or `together`."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than gateways keep idle connections, so that it is they who close
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(config, app.state.drain)


async def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Ends the program with a non-zero status when a loop failed.

    The caller has configured logging: uvicorn writes where the standard library's records go.
    """
    collect_seldom()
    _log.info("listening", port=listener.getsockname()[1])
    server = server_of(app)
    await server.serve(sockets=[listener])
    if not server.started:
        raise SystemExit("The service did not start: the log says why.")
    if failed := failed_loops(app):
        raise SystemExit(f"Stopped because of a failure in {', '.join(failed)}: the log says more.")


def collect_seldom() -> None:
    """What is loaded by now stays: looking through it at every collection costs a fifth of the processor."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def failed_loops(app: FastAPI) -> list[str]:
    """The names of the background loops that failed, of mounted applications too."""
    failed: list[str] = list(getattr(app.state, "failed", []))
    for route in app.routes:
        inner = getattr(route, "app", None)
        if isinstance(inner, FastAPI):
            failed += failed_loops(inner)
    return failed
