"""From a request to a `Call` and from a receipt to an answer: the HTTP side of every command.

`Idempotency-Key` is required on POST, `If-Match` on PUT and PATCH and honoured where sent. Any route under
`/alliances/{alliance}` waits for `?after=<source>=<sequence>&wait=<seconds>` before it runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.responses import JSONResponse, Response

from events.decision import Call
from events.errors import Frozen, Unavailable
from events.execute import Receipt
from events.ids import NO_ALLIANCE, AllianceId
from service.auth import Authenticated
from service.problems import HttpProblem
from service.runtime import Service, shown
from standing import Given

KEY = re.compile(r"[!-~]{1,200}")
ENTITY_TAG = re.compile(r'"(0|[1-9][0-9]{0,9})"')
POSITION = re.compile(r"([a-z]{1,40})=(0|[1-9][0-9]{0,17})")

# Their patterns are published; what does not match has a refusal of its own, 400 and not 422.
KeyText = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{KEY.pattern}$"})]
VersionText = Annotated[str, WithJsonSchema({"type": "string", "pattern": rf"^(\*|{ENTITY_TAG.pattern})$"})]
PositionText = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{POSITION.pattern}$"})]


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


async def _asked(
    request: Request,
    caller: Authenticated,
    service: Running,
    idempotency_key: Annotated[
        KeyText | None,
        Header(max_length=200, description="Required on POST; repeat it to repeat the request."),
    ] = None,
    if_match: Annotated[
        VersionText | None,
        Header(max_length=40, description="The ETag last seen; required on PUT and PATCH."),
    ] = None,
    dry_run: Annotated[bool, Query(description="Answer what would happen, and write nothing.")] = False,
) -> Asked:
    if request.method == "POST" and idempotency_key is None:
        raise HttpProblem(400, "idempotency_key_missing")
    if idempotency_key is not None and not KEY.fullmatch(idempotency_key):
        raise HttpProblem(400, "idempotency_key_invalid")
    if request.method in {"PUT", "PATCH"} and if_match is None:
        raise HttpProblem(428, "if_match_missing")
    body = await request.body()
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    call = Call(
        actor=caller.person,
        alliance=_alliance_of(request),
        now=datetime.now(UTC),
        correlation=str(getattr(request.state, "request_id", "")),
        key=idempotency_key,
        fingerprint=sha256(asked + body).digest(),
        if_match=_version(if_match),
        dry_run=dry_run,
    )
    return Asked(call, service)


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


Command = Annotated[Asked, Depends(_asked)]
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


async def _caught_up(
    request: Request,
    response: Response,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    after: Annotated[
        list[PositionText] | None,
        Query(max_length=8, description="An `Alliance-Position`: wait until this service shows it."),
    ] = None,
    wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait for it at most.")] = 5,
) -> None:
    request.state.response = response
    for text in after or ():
        match = POSITION.fullmatch(text)
        if match is None:
            raise HttpProblem(400, "position_invalid")
        try:
            await service.wait(match[1], AllianceId(alliance), int(match[2]), wait)
        except (Frozen, Unavailable):
            # Who has no role in the alliance learns nothing of how far it is.
            await service.given(caller.person, alliance)
            raise


CAUGHT_UP = Depends(_caught_up)
"""The dependency of every router below `/alliances/{alliance}`."""


def alliance_router(tag: str) -> APIRouter:
    """The router of a concept: its paths begin below `/v1/alliances/{alliance}`."""
    return APIRouter(prefix="/v1/alliances/{alliance}", tags=[tag], dependencies=[CAUGHT_UP])


async def _viewer(caller: Authenticated, service: Running, alliance: AlliancePath) -> Given:
    return await service.given(caller.person, alliance)


Viewer = Annotated[Given, Depends(_viewer)]
"""A read route's parameter of this type: the alliance as it stands, to this caller."""


def not_modified(request: Request, version: int) -> Response | None:
    """304 where the caller's If-None-Match names this version; else None, and the answer gets it as ETag."""
    wanted = request.headers.get("if-none-match", "")
    tag = f'"{version}"'
    request.state.response.headers["ETag"] = tag
    if tag in (part.strip().removeprefix("W/") for part in wanted.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return None
