"""The OpenAPI document of any service: complete, resolvable and stable, shown on a tiny one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from rigs.service_app import Feed, Rig, build_router, client_of
from service.application import application
from service.commands import router_of
from service.openapi import text_of


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        yield from item.items()


async def test_every_operation_documents_its_problems_under_a_stable_id(tmp_path: Path) -> None:
    async with client_of(Rig(tmp_path).app) as client:
        document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    ids = {operation["operationId"] for _, operation in operations(document)}
    assert ids == {"raise_error", "make_offer", "import_offers", "list_offers", "read_caller", "read_events"}
    make = document["paths"]["/v1/alliances/{alliance}/offers"]["post"]
    assert make["security"] == [{"bearer": []}]
    assert {"201", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"} <= make[
        "responses"
    ].keys()
    text = orjson.dumps(document).decode()
    assert "HTTPValidationError" not in text
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        node = document
        for step in reference.split("/"):
            node = node[step]
    answer = document["components"]["responses"]["NotFound"]
    assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_the_committed_document_is_the_same_text_each_time(tmp_path: Path) -> None:
    first, second = (text_of(Rig(tmp_path / name).app.openapi()) for name in ("a", "b"))
    assert first == second
    assert first.endswith("}\n")


def test_an_operation_id_used_twice_ends_the_start(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    router = router_of("", "elsewhere")

    @router.get("/elsewhere")
    async def make_offer() -> None: ...

    with pytest.raises(ValueError, match="make_offer"):
        application(
            "Twice",
            version="1",
            routers=[build_router(Feed()), router],
            messages=[],
            verifier=rig.verifier,
            tickets=rig.tickets,
        )
