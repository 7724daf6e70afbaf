"""Where errors are caught: handlers in the application, and a net around it for what no handler knows."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from events.errors import AllianceError
from service.problems import Catalogue, answer_alliance_error, answer_http_exception, problem
from service.validation import answer_validation_error

_log = structlog.get_logger(__name__)


def install(app: FastAPI, catalogue: Catalogue) -> None:
    """Answer every error of `app` with a problem in the catalogue's words."""
    app.state.catalogue = catalogue

    async def alliance_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AllianceError)
        return answer_alliance_error(request.scope, error)

    async def http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer_http_exception(request.scope, error)

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer_validation_error(request.scope, error)

    app.add_exception_handler(AllianceError, alliance_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, validation_error)


class Failures:
    """Middleware: what nothing else handled becomes a 500 that tells the caller the request id and no more.

    An error after the answer has begun can only break the connection off: it is raised again, logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except HTTPException as error:
            if begun:
                raise
            await answer_http_exception(scope, error)(scope, receive, send)
        except Exception:
            _log.exception("request_failed")
            if begun:
                raise
            await problem(scope, 500, "internal_error")(scope, receive, send)
