"""The witness over HTTP: one route, for logs and nobody else; the checkpoint's signature says who asks."""

import asyncio

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.witness.domain import LARGEST_REQUEST, Witness
from ledger.witness.memory import Damaged

_log = structlog.get_logger(__name__)


def application(witness: Witness) -> Starlette:
    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_REQUEST:
                return PlainTextResponse("the request is too large\n", 413)
        try:
            # On a thread: it waits for the disk.
            answer = await asyncio.to_thread(witness.add_checkpoint, body)
        except Damaged:
            _log.exception("memory_damaged")
            return PlainTextResponse("the witness' memory is damaged; it signs nothing\n", 500)
        return Response(answer.text, answer.status, media_type=answer.media_type)

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/livez", live)]
    )
