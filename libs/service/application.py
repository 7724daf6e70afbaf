"""Builds the FastAPI application of a service, and of several in one process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final

import structlog
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service import reference
from service.auth import Verifier
from service.failures import Failures, install
from service.limits import BodyGuard, Limits, RateLimit
from service.messages import MESSAGES
from service.openapi import Document, document_of, merge
from service.problems import Catalogue, Message, problem
from service.telemetry import Metrics, Telemetry
from service.tickets import Tickets

Loop = Callable[[asyncio.Event], Awaitable[None]]
"""A background loop: runs until the event (drain) is set, then finishes what it has in hand and returns."""

Check = Callable[[], Awaitable[None]]
"""A condition of readiness: returns when it holds, raises when not."""

Gauges = Callable[[], Awaitable[Mapping[str, float]]]
"""What `/metrics` shows of the moment, by the names of `telemetry.GAUGES`; as last read when it raises."""

Details = Callable[[], Awaitable[Mapping[str, object]]]
"""What `/readyz` shows beside the checks without being less ready for it, such as frozen alliances."""

ACCEPTED_HEADERS: Final = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID",
    "X-Request-Id",
)  # fmt: skip
EXPOSED_HEADERS: Final = (
    "ETag", "Location", "Retry-After", "Alliance-Position", "Idempotent-Replayed", "X-Request-Id",
)  # fmt: skip

_CHECK_SECONDS: Final = 2.0
_LOOP_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)


def application(
    title: str,
    *,
    version: str,
    routers: Sequence[APIRouter],
    messages: Sequence[Mapping[str, Message]],
    verifier: Verifier,
    tickets: Tickets,
    limits: Limits | None = None,
    cors_origins: Sequence[str] = (),
    checks: Mapping[str, Check] | None = None,
    details: Details | None = None,
    gauges: Gauges | None = None,
    loops: Sequence[Loop] = (),
    resources: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    registry: CollectorRegistry | None = None,
    drain: asyncio.Event | None = None,
) -> FastAPI:
    """The application of one service.

    `resources` is entered before the loops start and left after they have ended: it opens the database and
    puts it into `app.state`. A loop that fails sets `drain`: the service then stops as a whole and is started
    again, instead of living on without it. `state.dependencies` (name → "ok" or "down") is for whoever
    watches what the service can do without for a while: `/readyz` shows it and is no less ready for it.
    Raises ValueError for a code with two texts or an operation id used twice.
    """
    limits = limits or Limits()
    drain = drain or asyncio.Event()
    metrics = Metrics(registry or CollectorRegistry())

    def recall(authorization: str) -> str | None:
        kind, _, token = authorization.partition(" ")
        caller = verifier.recall(token.strip()) if kind.lower() == "bearer" else None
        return caller.person if caller else None

    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(loops, resources, drain),
        # FastAPI's own logs carry exception messages, its metrics come on top of ours.
        telemetry={"logs": False, "metrics": False},
        middleware=[
            Middleware(Telemetry, metrics=metrics),
            Middleware(
                CORSMiddleware,
                allow_origins=list(cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=ACCEPTED_HEADERS,
                expose_headers=EXPOSED_HEADERS,
                max_age=600,
            ),
            Middleware(Failures),
            Middleware(RateLimit, limits=limits, recall=recall),
            Middleware(BodyGuard, limits=limits),
        ],
    )  # fmt: skip
    app.state.drain = drain
    app.state.failed = []
    app.state.dependencies = {}
    app.state.limits = limits
    app.state.verifier = verifier
    app.state.tickets = tickets
    install(app, Catalogue(MESSAGES, *messages))
    for router in routers:
        app.router.routes.extend(router.routes)
    app.include_router(_operators_router(metrics, drain, checks or {}, details, gauges))
    app.include_router(reference.router)
    _document_once(app, lambda: document_of(app))
    app.openapi()  # an operation id used twice ends the start, not the first look at the reference
    return app


def _document_once(app: FastAPI, make: Callable[[], Document]) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = make()
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


def _lifespan(
    loops: Sequence[Loop],
    resources: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None,
    drain: asyncio.Event,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if resources is not None:
                await stack.enter_async_context(resources(app))
            async with asyncio.TaskGroup() as group:
                running = [
                    group.create_task(_supervised(app, loop, drain), name=loop.__qualname__) for loop in loops
                ]
                try:
                    yield
                finally:
                    drain.set()
                    if running:
                        _, late = await asyncio.wait(running, timeout=_LOOP_SECONDS)
                        for task in late:
                            _log.warning("loop_cancelled", loop=task.get_name())
                            task.cancel()

    return lifespan


async def _supervised(app: FastAPI, loop: Loop, drain: asyncio.Event) -> None:
    # Not raised on: that would close the resources under the requests still running.
    try:
        await loop(drain)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        _failed(app, loop, drain)  # of its own: a task group would not mind, and nobody would know
    except Exception:
        _failed(app, loop, drain)


def _failed(app: FastAPI, loop: Loop, drain: asyncio.Event) -> None:
    _log.exception("loop_failed", loop=loop.__qualname__)
    app.state.failed.append(loop.__qualname__)
    drain.set()


def _operators_router(
    metrics: Metrics,
    drain: asyncio.Event,
    checks: Mapping[str, Check],
    details: Details | None,
    gauges: Gauges | None,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/readyz")
    async def ready(request: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_holds(name, check)) for name, check in checks.items()}
        results = {name: "ok" if task.result() else "failed" for name, task in tasks.items()}
        shown: dict[str, object] = {"draining": drain.is_set(), "checks": results}
        if dependencies := request.app.state.dependencies:
            shown["dependencies"] = dict(dependencies)
        if details is not None and "failed" not in results.values():
            shown["details"] = dict(await details())
        if drain.is_set() or "failed" in results.values():
            return problem(request.scope, 503, "not_ready", headers={"Retry-After": "5"}, members=shown)
        return JSONResponse({"status": "ready", **shown})

    @router.get("/metrics")
    async def read_metrics() -> Response:
        if gauges is not None:
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    metrics.gauge(await gauges())
            except Exception:
                _log.warning("gauges_not_read", exc_info=True)
        return metrics.answer()

    return router


async def _holds(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception:
        _log.warning("check_failed", check=name, exc_info=True)
        return False
    return True


def together(title: str, version: str, applications: Mapping[str, FastAPI], drain: asyncio.Event) -> FastAPI:
    """Several services in one process, each under its name; they share `drain`.

    Starlette does not run the lifespans of mounted applications: this one enters and leaves them, the last
    first.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in applications.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    root = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={"tracing": False, "logs": False, "metrics": False},
        middleware=[Middleware(Failures)],
    )
    root.state.drain = drain
    install(root, Catalogue(MESSAGES))

    @root.get("/livez", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    root.include_router(reference.router)
    for name, app in applications.items():
        root.mount(f"/{name}", app)
    _document_once(
        root, lambda: merge(title, version, {name: app.openapi() for name, app in applications.items()})
    )
    return root
