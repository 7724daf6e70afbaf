"""Nothing private reaches the log, whoever writes into it."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from service.telemetry import configure_logging


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config()
    stream = io.StringIO()
    configure_logging(stream)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_known_fields_alone(log: io.StringIO) -> None:
    structlog.get_logger().info(
        "request", route="/x", status=200, body="4711", name="Dupont", authorization="B"
    )
    (line,) = lines(log)
    assert line.keys() == {"event", "level", "timestamp", "route", "status"}


def test_an_exception_is_logged_without_its_message(log: io.StringIO) -> None:
    def fail() -> None:
        try:
            raise ValueError("Key (name)=(Dupont) already exists")
        except ValueError as error:
            raise RuntimeError("price 4711") from error

    for logger in (structlog.get_logger(), logging.getLogger("asyncio")):
        try:
            fail()
        except RuntimeError:
            logger.exception("request_failed")
    text = log.getvalue()
    assert "4711" not in text
    assert "Dupont" not in text
    for line in lines(log):
        assert line["event"] == "request_failed"
        assert line["error"] == "RuntimeError"
        assert line["causes"] == ["ValueError"]
        frames = line["frames"]
        assert isinstance(frames, list)
        assert frames[-1].endswith(" fail")


def test_the_standard_librarys_records_become_lines_of_the_same_kind(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Shutting %s", "down", extra={"color_message": "4711"})
    (line,) = lines(log)
    assert line["event"] == "Shutting down"
    assert line["logger"] == "uvicorn.error"
    assert "color_message" not in line
