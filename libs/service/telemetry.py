"""What operators see: JSON log lines, request ids, request metrics.

A log line holds the fields of `_FIELDS` and nothing else: a body, header, query value or name that someone
passes to the log does not reach it. Exceptions are logged as type and frames, without their message, which in
a database's error repeats the values of the row.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from time import perf_counter
from types import TracebackType
from typing import Any, Final, TextIO
from uuid import UUID, uuid4

import orjson
import structlog
from opentelemetry import trace
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits import OPERATORS_PATHS, path_within

_FIELDS: Final = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "logger",
        "request_id",
        "trace_id",
        "alliance_id",
        "event_id",
        "event_type",
        "source",
        "sequence",
        "position",
        "service",
        "method",
        "route",
        "status",
        "duration_ms",
        "code",
        "error",
        "frames",
        "causes",
        "check",
        "dependency",
        "loop",
        "attempt",
        "delay",
        "count",
        "pending",
        "topic",
        "witness",
        "partition",
        "offset",
        "lag",
        "operation",
        "port",
        "version",
    ]
)
_INBOUND_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")

_log = structlog.get_logger(__name__)

Entry = MutableMapping[str, Any]


def configure_logging(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records to `stream`, a JSON object a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_id,
        reduce_exception,
        keep_known_fields,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_to_json),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, query values included
    # It tells of each attempt, thirty times a second while brokers are down; what matters our log says once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _to_json(entry: Mapping[str, Any], **_: object) -> str:
    return orjson.dumps(entry, default=str).decode()


def add_trace_id(_: object, __: str, entry: Entry) -> Entry:
    """The trace that the line belongs to, where tracing is on."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace_id"] = trace.format_trace_id(context.trace_id)
    return entry


def reduce_exception(_: object, __: str, entry: Entry) -> Entry:
    """Put type and frames in place of an exception: its message and its values stay out of the log."""
    given = entry.pop("exc_info", None)
    if not given:
        return entry
    error = (
        given
        if isinstance(given, BaseException)
        else given[1]
        if isinstance(given, tuple)
        else sys.exc_info()[1]
    )
    if error is not None:
        entry["error"] = type(error).__qualname__
        entry["frames"] = _frames(error.__traceback__)
        entry["causes"] = [type(cause).__qualname__ for cause in _causes(error)]
    return entry


def _frames(trace_back: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace_back)[-12:]
    ]


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 8:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def keep_known_fields(_: object, __: str, entry: Entry) -> Entry:
    """Drop every field that is not known to be harmless."""
    return {name: value for name, value in entry.items() if name in _FIELDS or name.startswith("_")}


GAUGES: Final[Mapping[str, str]] = {
    "frozen_alliances": "Alliances that stand still here until they are resumed, or a relay is rewound.",
    "forked_alliances": "Those among them of which an event came twice, with other bytes: an alarm.",
    "lost_alliances": "Those of which a topic has lost what it held: rewind its source's relay.",
    "restoring": "1 while no command is taken, since the database may have been put back.",
    "not_restored_alliances": "Those whose published events the database lacks and cannot take: an alarm.",
    "consumer_lag": "Records of the other services that are not applied yet, a few seconds ago.",
    "outbox_pending": "Events recorded here that the log between the services does not have yet.",
    "outbox_oldest_age_seconds": "Age of the oldest of them; 0 where none waits.",
    "checkpoint_age_seconds": "Age of the oldest entry that no published checkpoint covers; 0 where all are.",
    "checkpoints_without_quorum": "Published checkpoints that fewer witnesses have signed than must.",
    "checkpoints_lacking_witnesses": "Those that not all witnesses have signed whom the charter names.",
}


class Metrics:
    """The request metrics of one application, in its own registry: four applications may share a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._gauges: dict[str, Gauge] = {}
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from a request's arrival to the end of its answer; to the beginning for event streams.",
            ("method", "route", "status"),
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )

    def gauge(self, values: Mapping[str, float]) -> None:
        """Shows present values under their names, those of `GAUGES`."""
        for name, value in values.items():
            if name not in self._gauges:
                self._gauges[name] = Gauge(name, GAUGES[name], registry=self.registry)
            self._gauges[name].set(value)

    def answer(self) -> Response:
        """The registry in Prometheus' text format."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


def route_of(scope: Scope) -> str:
    """The template of the route that answered: a path itself would be a label for each id, and name it."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    route = scope.get("route")
    template: str | None = getattr(context, "path_format", None) or getattr(route, "path_format", None)
    return template or getattr(route, "path", None) or "unmatched"


class Telemetry:
    """Middleware, outermost: gives the request its id, measures it, and writes one line about it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        inbound = Headers(scope=scope).get("x-request-id", "")
        request_id = inbound if _INBOUND_REQUEST_ID.fullmatch(inbound) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began = perf_counter()
        status = 0

        def measured() -> None:
            nonlocal began
            if began:
                self._measured(scope, status, perf_counter() - began)
                began = 0.0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                if headers.get("content-type", "").startswith("text/event-stream"):
                    measured()
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, watched)
            finally:
                measured()

    def _measured(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.metrics.requests.labels(method, route, str(status)).observe(seconds)
        if path_within(scope) not in OPERATORS_PATHS:
            _log.info(
                "request",
                method=method,
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 2),
                **_alliance_of(scope),
            )


def _alliance_of(scope: Scope) -> dict[str, str]:
    # A path may say anything in its place: only an id is an id.
    try:
        return {"alliance_id": str(UUID(str(scope.get("path_params", {}).get("alliance"))))}
    except ValueError:
        return {}


_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
