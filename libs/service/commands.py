"""From a request to a `Call` and from a receipt to an answer: the HTTP side of every command.

`Idempotency-Key` is required on POST, `If-Match` on PUT and PATCH and honoured where sent. Any route under
`/alliances/{alliance}` waits for `?after=<source>=<sequence>&wait=<seconds>` before it runs.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends as DependsMarker
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.responses import JSONResponse, Response

from events.decision import Call
from events.errors import Frozen, Unavailable
from events.execute import Receipt
from events.ids import NO_ALLIANCE, AllianceId
from service.auth import Bearer, authenticate
from service.parameters import Parameter
from service.problems import HttpProblem
from service.runtime import Service, shown
from standing import Given

KEY_FORM = re.compile(r"[!-~]{1,200}")
ENTITY_TAG = re.compile(r'"(0|[1-9][0-9]{0,9})"')
POSITION = re.compile(r"([a-z]{1,40})=(0|[1-9][0-9]{0,17})")

# Their patterns are published; what does not match has a refusal of its own, 400 and not 422.
KEY = Parameter[str | None](
    "header", "idempotency-key", Annotated[str | None, Field(max_length=200)], None,
    "Required on POST; repeat it to repeat the request.",
    published={"type": "string", "pattern": f"^{KEY_FORM.pattern}$"},
)  # fmt: skip
IF_MATCH = Parameter[str | None](
    "header", "if-match", Annotated[str | None, Field(max_length=40)], None,
    "The ETag last seen; required on PUT and PATCH.",
    published={"type": "string", "pattern": rf"^(\*|{ENTITY_TAG.pattern})$"},
)  # fmt: skip
DRY_RUN = Parameter[bool]("query", "dry_run", bool, False, "Answer what would happen, and write nothing.")
AFTER = Parameter[list[str]](
    "query", "after", Annotated[list[str], Field(max_length=8)], [],
    "An `Alliance-Position`: wait until this service shows it.",
    published={
        "type": "array",
        "items": {"type": "string", "pattern": f"^{POSITION.pattern}$"},
        "maxItems": 8,
    },
)  # fmt: skip
WAIT = Parameter[int](
    "query", "wait", Annotated[int, Field(ge=0, le=30)], 5, "Seconds to wait for it at most."
)


class Body(BaseModel):
    """The body of a command, read strictly: nothing stands for what it is not, and unknown fields are
    refused, so that a misspelt one is not silently ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    effective_on: date | None = Field(
        None,
        description="Business date, in the charter's time zone; today unless given. Not in the future.",
        examples=["2025-01-10"],
    )

    @model_validator(mode="wrap")
    @classmethod
    def _strictly(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        # FastAPI hands over what the JSON became in Python, where strict reading refuses every date and id,
        # and reading that is not takes "7" for a number, 1 for true and seconds since 1970 for a date.
        if not isinstance(given, dict):
            return read(given)
        body = _of_json(cls).model_validate_json(orjson.dumps(given), strict=True)
        wrong = PydanticCustomError("date_parsing", "Expected a date")
        faults = [
            InitErrorDetails(type=wrong, loc=way, input=None) for way in _numbers_for_dates(body, given)
        ]
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return cast(Self, body)


@cache
def _of_json(kind: type[Body]) -> type[Body]:
    """The same body without `_strictly`: before a function sees the whole, it becomes Python values."""

    class Plain(kind):  # type: ignore[misc, valid-type]
        @model_validator(mode="after")
        def _strictly(self) -> Self:
            return self

    return Plain


def _numbers_for_dates(read: object, given: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where digits were taken for seconds since 1970: even strictly, "20250110" is a moment of that year."""
    if isinstance(read, date):
        if given[4:5] != "-":
            yield way
    elif isinstance(read, BaseModel) and isinstance(given, dict):
        for name in read.model_fields_set:
            yield from _numbers_for_dates(getattr(read, name), given[name], *way, name)
    elif isinstance(read, list | tuple):
        for index, inner in enumerate(read):
            yield from _numbers_for_dates(inner, given[index], *way, index)


class Acknowledged(BaseModel):
    """The receipt of a command. What it changed is read where it belongs."""

    id: UUID
    version: int = Field(description="Of the resource: its ETag.")
    position: str = Field(
        description="Give it as `after` to read this write anywhere.", examples=["members=42"]
    )


class WouldBe(BaseModel):
    """An event that a command would record; without `data` where that would tell of others."""

    type: str
    data: dict[str, Any] | None = None


class DryRun(BaseModel):
    """The answer to a command with `dry_run=true`. Nothing was written."""

    dry_run: Literal[True]
    would: list[WouldBe]


async def service_of(request: Request) -> Service:
    return cast(Service, request.app.state.service)


Running = Annotated[Service, Depends(service_of)]
AlliancePath = Annotated[UUID, Path(description="The alliance's id.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as asked over HTTP."""

    call: Call
    service: Service

    def on(self, body: Body) -> Call:
        """The call, dated as its body says."""
        return replace(self.call, effective_on=body.effective_on)


class _Asking(Bearer):
    """The dependency that reads a command: one for all of it, since each one more costs as much again."""

    parameters = (DRY_RUN, KEY, IF_MATCH)

    async def __call__(self, request: Request) -> Asked:
        caller = await authenticate(request)
        key, if_match = KEY.read(request), IF_MATCH.read(request)
        if request.method == "POST" and key is None:
            raise HttpProblem(400, "idempotency_key_missing")
        if key is not None and not KEY_FORM.fullmatch(key):
            raise HttpProblem(400, "idempotency_key_invalid")
        if request.method in {"PUT", "PATCH"} and if_match is None:
            raise HttpProblem(428, "if_match_missing")
        asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        call = Call(
            actor=caller.person,
            alliance=_alliance_of(request),
            now=datetime.now(UTC),
            correlation=str(getattr(request.state, "request_id", "")),
            key=key,
            fingerprint=sha256(asked + await request.body()).digest(),
            if_match=_version(if_match),
            dry_run=DRY_RUN.read(request),
        )
        return Asked(call, await service_of(request))


def _alliance_of(request: Request) -> AllianceId:
    alliance = request.path_params.get("alliance")
    if alliance is None:
        return NO_ALLIANCE
    try:
        return AllianceId(UUID(alliance))
    except ValueError as error:
        # Dependencies run although a path parameter was found wrong: this one says so itself.
        fault = {"type": "uuid_parsing", "loc": ("path", "alliance")}
        raise RequestValidationError([fault]) from error


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    match = ENTITY_TAG.fullmatch(if_match)
    if match is None:
        raise HttpProblem(400, "if_match_invalid")
    return int(match[1])


Command = Annotated[Asked, Depends(_Asking())]
"""A command route's parameter of this type: who asks what, when, under which key."""


def answer(asked: Asked, receipt: Receipt, *, location: str | None = None, created: bool = False) -> Response:
    """201 with Location where something was created, else 200; the receipt's version as ETag.

    `location` is a path below `/v1`. A dry run answers with what would have been recorded.
    """
    name = asked.service.name
    if receipt.would is not None:
        return JSONResponse({"dry_run": True, "would": shown(receipt.would, receipt.given)})
    position = f"{name}={receipt.position}"
    headers = {"ETag": f'"{receipt.version}"', "Alliance-Position": position}
    if location is not None:
        headers["Location"] = f"/{name}/v1{location}"
    if receipt.replayed:
        headers["Idempotent-Replayed"] = "true"
    body = {"id": str(receipt.id), "version": receipt.version, "position": position}
    return JSONResponse(body, 201 if created else 200, headers)


def answer_unseen(asked: Asked, receipt: Receipt) -> Response:
    """As `answer`; but a dry run over what others may still change tells only which events would be recorded.
    Repeated after each command, one's own part of a total would give away what another has changed of it.
    """
    if receipt.would is None or receipt.given.reads_all:
        return answer(asked, receipt)
    return JSONResponse({"dry_run": True, "would": [{"type": event.type} for event in receipt.would]})


class _CatchingUp:
    """The dependency of every route below `/alliances/{alliance}`: waits as `after` and `wait` say."""

    parameters = (AFTER, WAIT)

    async def __call__(self, request: Request, response: Response, alliance: AlliancePath) -> None:
        request.state.response = response
        after, wait = AFTER.read(request), WAIT.read(request)
        if not after:
            return
        caller, service = await authenticate(request), await service_of(request)
        for text in after:
            match = POSITION.fullmatch(text)
            if match is None:
                raise HttpProblem(400, "position_invalid")
            try:
                await service.wait(match[1], AllianceId(alliance), int(match[2]), wait)
            except (Frozen, Unavailable):
                # Who has no role in the alliance learns nothing of how far it is.
                await service.given(caller.person, alliance)
                raise


CAUGHT_UP = Depends(_CatchingUp())


def router_of(prefix: str, tag: str, dependencies: Sequence[DependsMarker] = ()) -> APIRouter:
    """A router whose operations are called as its functions are."""
    return APIRouter(
        prefix=prefix, tags=[tag], dependencies=dependencies, generate_unique_id_function=attrgetter("name")
    )


def alliance_router(tag: str) -> APIRouter:
    """The router of a concept: its paths begin below `/v1/alliances/{alliance}`."""
    return router_of("/v1/alliances/{alliance}", tag, [CAUGHT_UP])


class _Viewing(Bearer):
    async def __call__(self, request: Request) -> Given:
        caller, service = await authenticate(request), await service_of(request)
        return await service.given(caller.person, _alliance_of(request))


Viewer = Annotated[Given, Depends(_Viewing())]
"""A read route's parameter of this type: the alliance as it stands, to this caller."""


def not_modified(request: Request, version: int) -> Response | None:
    """304 where the caller's If-None-Match names this version; else None, and the answer gets it as ETag."""
    wanted = request.headers.get("if-none-match", "")
    tag = f'"{version}"'
    request.state.response.headers["ETag"] = tag
    if tag in (part.strip().removeprefix("W/") for part in wanted.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return None
