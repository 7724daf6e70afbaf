"""What any front end may count on, whatever the service: tried over HTTP on a tiny one."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rigs.service_app import RAISED, Rig, client_of
from service.limits import Limits

ALLIANCE = "/v1/alliances/00000000-0000-0000-0000-000000000001"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, cors_origins=["https://front.example"])


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(rig.app) as client:
        yield client


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    assert content["code"] == code
    assert content["type"] == f"urn:alliance:problem:{code}"
    assert content["title"]
    assert content["detail"]
    assert content["request_id"] == answer.headers["X-Request-Id"]
    assert "Traceback" not in answer.text
    return content


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("refused", 409, "campaign_frozen"),
        ("invalid", 422, "too_long"),
        ("not_found", 404, "not_found"),
        ("forbidden", 403, "forbidden"),
        ("stale", 412, "stale_version"),
        ("key_reused", 422, "idempotency_key_reused"),
        ("in_flight", 409, "idempotency_key_in_flight"),
        ("unknown_source", 400, "unknown_source"),
        ("frozen", 503, "alliance_frozen"),
        ("unavailable", 503, "unavailable"),
    ],
)
async def test_every_error_of_the_domain_is_a_problem(
    client: httpx.AsyncClient, kind: str, status: int, code: str
) -> None:
    answer = await client.get(f"{ALLIANCE}/raise/{kind}")
    problem_of(answer, status, code)
    retry = {"unavailable": "3", "in_flight": "1"}
    assert answer.headers.get("Retry-After") == retry.get(kind)
    assert kind in RAISED


async def test_a_problem_of_the_content_names_its_pointer(client: httpx.AsyncClient) -> None:
    content = problem_of(await client.get(f"{ALLIANCE}/raise/invalid"), 422, "too_long")
    assert content["errors"] == [{"code": "too_long", "detail": "At most 3 characters.", "pointer": "/name"}]


async def test_texts_follow_accept_language_and_codes_do_not(client: httpx.AsyncClient) -> None:
    french = await client.get(
        f"{ALLIANCE}/raise/refused", headers={"Accept-Language": "de,fr;q=0.8,en;q=0.2"}
    )
    english = await client.get(f"{ALLIANCE}/raise/refused")
    assert problem_of(french, 409, "campaign_frozen")["detail"] == "La campagne est gelée depuis Monday."
    assert problem_of(english, 409, "campaign_frozen")["detail"] == "The campaign is frozen since Monday."
    assert french.headers["Content-Language"] == "fr"
    assert "Accept-Language" in french.headers["Vary"]


async def test_a_failure_tells_the_caller_its_request_id_and_nothing_else(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ALLIANCE}/raise/anything-else")
    problem_of(answer, 500, "internal_error")
    assert "Dupont" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_an_address_that_does_not_exist_is_a_problem(client: httpx.AsyncClient) -> None:
    problem_of(await client.get("/nowhere"), 404, "route_not_found")
    problem_of(await client.get(f"{ALLIANCE}/offers/"), 404, "route_not_found")


async def test_a_method_that_does_not_exist_is_a_problem_with_allow(client: httpx.AsyncClient) -> None:
    answer = await client.delete(f"{ALLIANCE}/whoami")
    problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "application/json; charset=latin-1")],
        [("Content-Type", "application/json"), ("Content-Type", "application/json")],
        [("Content-Type", "multipart/form-data; boundary=x")],
    ],
)
async def test_a_body_of_another_type_is_refused(
    client: httpx.AsyncClient, rig: Rig, headers: list[tuple[str, str]]
) -> None:
    answer = await client.post(
        f"{ALLIANCE}/offers", content=b'{"name": "x"}', headers=[*headers, *rig.bearer().items()]
    )
    problem_of(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=UTF-8", "application/ld+json"]
)
async def test_json_under_its_usual_names_is_accepted(client: httpx.AsyncClient, rig: Rig, kind: str) -> None:
    answer = await client.post(
        f"{ALLIANCE}/offers", content=b'{"name": "x"}', headers={"Content-Type": kind, **rig.bearer()}
    )
    assert answer.status_code == 201


async def streamed(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b" " * 1024


async def test_a_body_over_the_limit_is_refused_announced_or_not(client: httpx.AsyncClient, rig: Rig) -> None:
    for content in (b" " * 70_000, streamed(70_000)):
        answer = await client.post(f"{ALLIANCE}/offers", content=content, headers={**JSON, **rig.bearer()})
        problem_of(answer, 413, "body_too_large")
    problem_of(await client.post("/nowhere", content=b" " * 70_000, headers=JSON), 413, "body_too_large")


async def test_an_import_may_be_larger_up_to_its_own_limit(client: httpx.AsyncClient) -> None:
    taken = await client.post(f"{ALLIANCE}/imports", json={"text": "x" * 200_000})
    assert taken.json() == {"fields": 1}
    answer = await client.post(f"{ALLIANCE}/imports", json={"text": "x" * 300_000})
    problem_of(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"name": NaN}', 400, "malformed_json"),
        (b'{"name": "\\ud800"}', 400, "malformed_json"),
        (b'{"name": "\xff"}', 400, "malformed_json"),
        (b"[" * 50_000, 400, "malformed_json"),
        (b'{"name": "\\u0000"}', 422, "nul_character"),
        (b'{"name": "x", "quantity": 9007199254740993}', 422, "number_out_of_range"),
        (b'{"name": "' + b"x" * 30_000 + b'"}', 422, "too_long"),
        (b'{"name": "x", "any": ' + b"[" * 900 + b"]" * 900 + b"}", 201, ""),
        (b'{"name": "x", "quantity": 1.5}', 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'"text"', 422, "invalid_request"),
        (b"", 422, "invalid_request"),
    ],
)
async def test_strange_bodies_are_the_callers_fault(
    client: httpx.AsyncClient, rig: Rig, body: bytes, status: int, code: str
) -> None:
    answer = await client.post(f"{ALLIANCE}/offers", content=body, headers={**JSON, **rig.bearer()})
    if status == 201:
        assert answer.status_code == 201
    else:
        problem_of(answer, status, code)


@pytest.mark.parametrize("address", ["/offers?cursor=%00", "/raise/%00", "/offers?%00=1"])
async def test_a_nul_is_refused_in_addresses_too(client: httpx.AsyncClient, address: str) -> None:
    problem_of(await client.get(ALLIANCE + address), 400, "nul_character")


async def test_validation_names_place_and_rule_and_repeats_no_value(
    client: httpx.AsyncClient, rig: Rig
) -> None:
    body = {
        "name": "recognisable-name-of-a-customer",
        "terms": [
            {"price": "1"},
            {"price": "4711.4711-EUR", "kind": "recognisable-kind", "more": "recognisable"},
        ],
        "quantity": 0,
    }
    answer = await client.post(f"{ALLIANCE}/offers", json=body, headers=rig.bearer())
    content = problem_of(answer, 422, "invalid_request")
    assert {(error["pointer"], error["code"]) for error in content["errors"]} == {
        ("/name", "too_long"),
        ("/terms/1/price", "too_long"),
        ("/terms/1/kind", "not_one_of"),
        ("/terms/1/more", "unknown_field"),
        ("/quantity", "too_small"),
    }
    assert "recognisable" not in answer.text
    assert "4711" not in answer.text


async def test_faults_of_parameters_name_the_parameter(client: httpx.AsyncClient) -> None:
    for limit, code in (
        ("0", "too_small"),
        ("201", "too_large"),
        ("9" * 40, "too_large"),
        ("x", "wrong_format"),
    ):
        content = problem_of(await client.get(f"{ALLIANCE}/offers?limit={limit}"), 422, "invalid_request")
        assert [(error["parameter"], error["code"]) for error in content["errors"]] == [("limit", code)]
    content = problem_of(await client.get("/v1/alliances/x/offers"), 422, "invalid_request")
    assert content["errors"][0]["parameter"] == "alliance"


async def test_a_list_is_walked_to_its_end_by_cursors(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        page = (await client.get(f"{ALLIANCE}/offers", params=query)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    problem_of(await client.get(f"{ALLIANCE}/offers?cursor=tampered"), 400, "cursor_invalid")


async def test_callers_without_a_good_token_are_told_what_is_wrong(
    client: httpx.AsyncClient, rig: Rig
) -> None:
    expired = rig.issuer.token("anna", 10)
    rig.now += 100
    for headers, code in (
        ({}, "token_missing"),
        ({"Authorization": "Basic YTpi"}, "token_missing"),
        ({"Authorization": "Bearer forged"}, "token_invalid"),
        ({"Authorization": f"Bearer {expired}"}, "token_expired"),
    ):
        answer = await client.get(f"{ALLIANCE}/whoami", headers=headers)
        problem_of(answer, 401, code)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="alliance"')
    assert (await client.get(f"{ALLIANCE}/whoami", headers=rig.bearer())).status_code == 200


async def test_no_token_is_said_before_what_is_wrong_with_the_body(client: httpx.AsyncClient) -> None:
    problem_of(await client.post(f"{ALLIANCE}/offers", json={}), 401, "token_missing")


async def test_a_caller_over_its_rate_waits_and_another_does_not(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(rate=0.001, burst=5))
    async with client_of(rig.app) as client:
        anna, bert = rig.bearer("anna"), rig.bearer("bert")
        for bearer in (anna, bert):  # known from now on: each has a bucket of its own
            assert (await client.get(f"{ALLIANCE}/whoami", headers=bearer)).status_code == 200
        for _ in range(5):
            assert (await client.get(f"{ALLIANCE}/whoami", headers=anna)).status_code == 200
        answer = await client.get(f"{ALLIANCE}/whoami", headers=anna)
        problem_of(answer, 429, "rate_limited")
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.get(f"{ALLIANCE}/whoami", headers=bert)).status_code == 200
        for _ in range(20):
            assert (await client.get("/livez")).status_code == 200


async def test_made_up_tokens_do_not_get_round_the_rate(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(rate=0.001, burst=5))
    async with client_of(rig.app) as client:
        statuses = [
            (
                await client.get(f"{ALLIANCE}/whoami", headers={"Authorization": f"Bearer made-up-{n}"})
            ).status_code
            for n in range(6)
        ]
    assert statuses == [401, 401, 401, 401, 401, 429]


async def test_a_sane_request_id_is_kept_and_another_is_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/nowhere", headers={"X-Request-Id": "front-end-42"})
    assert problem_of(kept, 404, "route_not_found")["request_id"] == "front-end-42"
    for strange in ("short", "x" * 65, "a b c d e f g h", "{}{}{}{}{}"):
        answer = await client.get("/nowhere", headers={"X-Request-Id": strange})
        assert re.fullmatch("[0-9a-f]{32}", problem_of(answer, 404, "route_not_found")["request_id"])


async def test_browsers_of_allowed_origins_see_the_headers_they_need_errors_included(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(f"{ALLIANCE}/raise/anything-else", headers={"Origin": "https://front.example"})
    assert answer.status_code == 500
    assert answer.headers["Access-Control-Allow-Origin"] == "https://front.example"
    exposed = answer.headers["Access-Control-Expose-Headers"]
    for header in ("ETag", "Location", "Retry-After", "Alliance-Position", "Idempotent-Replayed"):
        assert header in exposed
    foreign = await client.get(f"{ALLIANCE}/whoami", headers={"Origin": "https://foreign.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


async def test_requests_are_measured_by_template_and_never_by_path(client: httpx.AsyncClient) -> None:
    await client.get(f"{ALLIANCE}/raise/refused")
    await client.get("/nowhere/recognisable")
    await client.request("STRANGE", "/nowhere")
    text = (await client.get("/metrics")).text
    template = "/v1/alliances/{alliance}/raise/{kind}"
    assert (
        f'http_server_request_duration_seconds_count{{method="GET",route="{template}",status="409"}} 1.0'
        in text
    )
    assert 'route="unmatched",status="404"' in text
    assert "recognisable" not in text
    assert "00000000-0000-0000" not in text
    assert "STRANGE" not in text


async def test_readiness_names_what_fails_and_shows_details_when_nothing_does(tmp_path: Path) -> None:
    broken = False

    async def database() -> None:
        if broken:
            raise RuntimeError("password hunter2 refused")

    async def details() -> dict[str, object]:
        return {"frozen": ["alliance-1"]}

    rig = Rig(tmp_path, checks={"database": database}, details=details)
    async with client_of(rig.app) as client:
        assert (await client.get("/livez")).json() == {"status": "live"}
        assert (await client.get("/readyz")).json() == {
            "status": "ready",
            "draining": False,
            "checks": {"database": "ok"},
            "details": {"frozen": ["alliance-1"]},
        }
        broken = True
        answer = await client.get("/readyz")
        assert problem_of(answer, 503, "not_ready")["checks"] == {"database": "failed"}
        assert "hunter2" not in answer.text
        assert (await client.get("/livez")).status_code == 200
        broken = False
        rig.app.state.drain.set()
        assert problem_of(await client.get("/readyz"), 503, "not_ready")["draining"] is True


async def test_the_reference_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert (await client.get(f"/{address}")).status_code == 200
    start = await client.get("/docs/start.js")
    assert "://" not in start.text
    assert '"openapi.json"' in start.text
    problem_of(await client.get("/docs/pyproject.toml"), 404, "route_not_found")
