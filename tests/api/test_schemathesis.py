"""Every answer is what the OpenAPI documents say: of each operation's success, and of generated requests.

Schemathesis makes the requests and checks the answers; they are sent here, since the product lives on the
loop of the tests. The run is the same each time.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from rigs.operations import Operation, mounted, of_service
from rigs.product import Product
from rigs.walk import Call, Onlooker, Walk, walked
from rigs.walks import PARTS

SERVICES = ("members", "purchasing", "tenders", "ledger")
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CALLERS: Mapping[GenerationMode, tuple[str, ...]] = {
    GenerationMode.POSITIVE: ("coordinator", "aubrelle", "auditor", "stranger"),
    GenerationMode.NEGATIVE: ("coordinator",),
}
"""By whom requests that keep an operation's schema are sent, and those that break it."""
EXAMPLES = 6
"""Of either kind, for each operation."""


class Conformity(Onlooker):
    """Holds answers against the documents."""

    def __init__(self, product: Product) -> None:
        self.schemas: Mapping[str, BaseSchema] = {
            name: schemathesis.openapi.from_dict(app.openapi()) for name, app in mounted(product).items()
        }
        self.succeeded: set[str] = set()
        self.faults: list[str] = []

    async def after(self, walk: Walk, call: Call, answer: httpx.Response) -> None:
        case = self.operation(call.operation).Case(path_parameters=dict(call.ids))
        self.check(call.operation, case, answer)
        if call.operation.method == "GET" and "ETag" in answer.headers:
            again = call.changed(headers={"If-None-Match": answer.headers["ETag"]})
            answer = await walk.send(again)
            self.check(call.operation, case, answer)
            if answer.status_code != 304:
                self.faults.append(f"{call.operation.name}: no 304 for its own version")

    def operation(self, operation: Operation) -> Any:
        path = operation.path.removeprefix(f"/{operation.service}")
        return self.schemas[operation.service][path][operation.method]

    def check(self, operation: Operation, case: Case, answer: httpx.Response) -> None:
        if answer.is_success:
            self.succeeded.add(operation.name)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.faults.append(f"{operation.name}: {answer.status_code} {failure} {answer.text[:200]}")


@pytest.fixture(scope="module")
async def conformity(product: Product) -> Conformity:
    return Conformity(product)


@pytest.fixture(scope="module")
async def walk(product: Product, conformity: Conformity) -> Walk:
    return await walked(product, PARTS, conformity)


def generated(operation: Any, mode: GenerationMode, ids: Mapping[str, str]) -> list[Case]:
    """Requests for an operation on what is known, the same ones each time."""
    found: list[Case] = []

    @seed(20250102)
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode, path_parameters=dict(ids)))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def with_known_ids(value: Any, known: Any, ids: Mapping[str, str], name: str = "") -> Any:
    """The body with ids that there are: those that stood there in the walk, else those of the same name."""
    if isinstance(value, dict):
        inner = known if isinstance(known, dict) else {}
        return {key: with_known_ids(one, inner.get(key), ids, key) for key, one in value.items()}
    if isinstance(value, list):
        first = known[0] if isinstance(known, list) and known else None
        return [with_known_ids(one, first, ids, name) for one in value]
    if isinstance(value, str) and ID.fullmatch(value):
        return known if isinstance(known, str) else ids.get(name, value)
    return value


async def send(walk: Walk, case: Case, call: Call, by: str, mode: GenerationMode) -> httpx.Response:
    """With a key of its own, and without waiting for what never comes."""
    if call.operation.needs_key:
        case.headers.setdefault("idempotency-key", uuid4().hex)
    if mode is GenerationMode.POSITIVE:
        case.body = with_known_ids(case.body, call.body, walk.known)
        if isinstance(case.body, dict):
            case.body.pop("effective_on", None)
        for name in ("after", "wait"):
            case.query.pop(name, None)
        case.headers.pop("if-match", None)
        if call.operation.needs_key:
            case.headers["idempotency-key"] = uuid4().hex
        if call.operation.needs_version:
            case.headers["if-match"] = "*"
    made = requests.Request(**case.as_transport_kwargs(f"http://product/{call.operation.service}")).prepare()
    made.headers["Authorization"] = f"Bearer {walk.token(by)}"
    return await walk.product.anonymous.request(
        str(made.method),
        str(made.url),
        content=cast("bytes | str | None", made.body),
        headers=cast("Mapping[str, str]", made.headers),
    )


async def test_every_operation_succeeds_and_answers_as_documented(walk: Walk, conformity: Conformity) -> None:
    assert not conformity.faults, "\n".join(conformity.faults[:20])
    missing = walk.operations.keys() - conformity.succeeded
    assert not missing, f"no step of rigs.walks calls {', '.join(sorted(missing))}"


@pytest.mark.parametrize("service", SERVICES)
async def test_generated_requests_are_answered_as_documented(
    walk: Walk, conformity: Conformity, service: str
) -> None:
    conformity.faults.clear()
    for operation in of_service(walk.operations, service):
        call = walk.calls[operation.name]
        for mode, people in CALLERS.items():
            cases = await asyncio.to_thread(generated, conformity.operation(operation), mode, call.ids)
            for case in cases:
                for by in people:
                    conformity.check(operation, case, await send(walk, case, call, by, mode))
    assert not conformity.faults, "\n".join(conformity.faults[:20])
    # Whatever was recorded, every service can read and post it: nothing has frozen.
    await walk.caught_up()
