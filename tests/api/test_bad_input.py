"""Bad input on every route of every service: the documented problem, never a 500, and nothing written.

The operations are those of the OpenAPI documents. Two alliances have been walked through, so that each has
been given once; whatever is wrong with a call, the rest of it is what succeeded then.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from embedded.tokens import AUDIENCE, ISSUER
from rigs.faults import broken_bodies
from rigs.operations import Operation, of_service
from rigs.product import Product
from rigs.trespass import OPEN_TO_STRANGERS, STALE, Trespasser, with_other_ids
from rigs.walk import Call, Walk, walked
from rigs.walks import PARTS
from service.issuer import Issuer

SERVICES = ("members", "purchasing", "tenders", "ledger")

in_each_service = pytest.mark.parametrize("service", SERVICES)


@dataclass(frozen=True)
class Walked:
    ours: Walk
    theirs: Walk
    """Another alliance, walked by the same people."""
    trespasser: Trespasser

    def calls(self, service: str) -> list[Call]:
        """One for each operation. KeyError names one that the walk leaves out."""
        return [self.ours.calls[one.name] for one in of_service(self.ours.operations, service)]

    async def refused(self, call: Call, *expected: int, what: object = "") -> list[str]:
        faults = call.operation.faults_of(await self.ours.send(call), *expected)
        return [f"{what} {fault}" for fault in faults]


@pytest.fixture(scope="module")
async def both(product: Product) -> Walked:
    theirs = await walked(product, PARTS)
    trespasser = Trespasser(theirs)
    ours = await walked(product, PARTS, trespasser, theirs.unique)
    return Walked(ours, theirs, trespasser)


def none(faults: Iterable[str]) -> None:
    found = list(faults)
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:40])


async def test_nothing_is_reached_with_one_thing_wrong_where_all_else_is_right(both: Walked) -> None:
    none(both.trespasser.faults)
    tried = {attempt.partition(" ")[2] for attempt in both.trespasser.refused}
    assert {"stranger", "auditor", "assistant", "stale version", "path alliance", "/company"} <= tried


NO_JSON: dict[str, tuple[bytes, str, tuple[int, ...]]] = {
    "nothing": (b"", "application/json", (422,)),
    "cut off": (b'{"effective_on": "2025', "application/json", (400,)),
    "two values": (b"{} {}", "application/json", (400,)),
    "not a number": (b'{"effective_on": NaN}', "application/json", (400,)),
    "too large a number": (b'{"effective_on": 1e400}', "application/json", (400, 422)),
    "no UTF-8": (b'{"effective_on": "\xff"}', "application/json", (400,)),
    "lone surrogate": (b'{"effective_on": "\\ud800"}', "application/json", (400, 422)),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "application/json", (400, 422)),
    "deep object": (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, "application/json", (400, 422)),
    "a list": (b"[]", "application/json", (422,)),
    "null": (b"null", "application/json", (422,)),
    "a text": (b'"effective_on"', "application/json", (422,)),
    "a form": (b"effective_on=2025-01-10", "application/x-www-form-urlencoded", (415,)),
    "another charset": (b"{}", "application/json; charset=latin-1", (415,)),
    "a megabyte": (b'{"name": "' + b"x" * 1_000_000 + b'"}', "application/json", (413, 422)),
    "a megabyte of blanks": (b"{" + b" " * 1_000_000 + b"}", "application/json", (413, 422)),
}


@in_each_service
async def test_what_is_no_json_object_is_refused(both: Walked, product: Product, service: str) -> None:
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            if call.operation.body is None:
                continue
            for what, (body, kind, expected) in NO_JSON.items():
                headers = {**call.changed().headers, "Content-Type": kind}
                wrong = call.changed(body=body, headers=headers)
                faults += await both.refused(wrong, *expected, what=what)
        none(faults)


@in_each_service
async def test_every_fault_in_every_field_is_refused(both: Walked, product: Product, service: str) -> None:
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            if call.operation.body is None or isinstance(call.body, bytes):
                continue
            for pointer, body in broken_bodies(call.operation, call.body):
                answer = await both.ours.send(call.changed(body=body))
                faults += [f"{pointer} {fault}" for fault in call.operation.faults_of(answer, 422)]
                if answer.status_code == 422 and not _names(answer, pointer):
                    faults.append(f"{call.operation.name} {pointer} is not named: {answer.text[:300]}")
        none(faults)


def _names(answer: httpx.Response, pointer: str) -> bool:
    """Whether an error is at the fault, in it, or at what it is part of."""
    pointers = [error.get("pointer") or "" for error in answer.json().get("errors", ())]
    return any(one.startswith(pointer) or pointer.startswith(one) for one in pointers)


@in_each_service
async def test_path_parameters_that_name_nothing_are_refused(
    both: Walked, product: Product, service: str
) -> None:
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            for name in call.ids:
                for wrong_id in (
                    "nonsense",
                    "-1",
                    "99999999999999999999",
                    "a b",
                    "ü",
                    "\0",
                    "%2F",
                    "x" * 3000,
                ):
                    wrong = call.changed(ids={**call.ids, name: quote(wrong_id, safe="")})
                    faults += await both.refused(wrong, 400, 404, 422, what=repr(wrong_id[:20]))
        none(faults)


@in_each_service
async def test_query_parameters_out_of_bounds_are_refused(
    both: Walked, product: Product, service: str
) -> None:
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            for name, schema in call.operation.parameters("query").items():
                for text in ("nonsense", "", "-1", "999", "ü", "\0", "x" * 5000):
                    answer = await both.ours.send(call.changed(query={**call.query, name: text}))
                    may_pass = not call.operation.records and text != "\0"
                    if may_pass or _may_be(call.operation, schema, text):
                        if not (answer.status_code == 200 and may_pass):
                            faults += call.operation.faults_of(answer)
                    else:
                        faults += call.operation.faults_of(answer, 400, 403, 404, 422)
        none(faults)


def _may_be(operation: Operation, schema: object, text: str) -> bool:
    """Whether the text of a query parameter has a reading that the schema allows."""
    assert isinstance(schema, dict)
    readings = [text, [text]]
    if text.lstrip("-").isdecimal():
        readings.append(orjson.loads(text))
    return any(operation.validator_of(schema).is_valid(reading) for reading in readings)


def _with_header(call: Call, name: str, value: str | None) -> Call:
    headers = {**call.changed().headers, name: value}
    return call.changed(headers={one: text for one, text in headers.items() if text is not None})


@in_each_service
async def test_every_command_needs_a_key_of_its_own(both: Walked, product: Product, service: str) -> None:
    keyed = [call for call in both.calls(service) if call.operation.needs_key]
    faults = []
    async with product.nothing_written():
        for call in keyed:
            faults += await both.refused(_with_header(call, "Idempotency-Key", None), 400, what="missing")
            for key in ("", "two words", "k" * 201, "tab\there"):
                wrong = _with_header(call, "Idempotency-Key", key)
                faults += await both.refused(wrong, 400, 422, what=repr(key))
            # What succeeded under this key had another body.
            assert call.content is not None
            reused = Call(call.operation, call.by, call.ids, call.query, call.content + b" ", call.headers)
            faults += await both.refused(reused, 422, what="reused")
        none(faults)


@in_each_service
async def test_a_repeated_command_gets_its_first_answer_again(
    both: Walked, product: Product, service: str
) -> None:
    async with product.nothing_written():
        for call in both.calls(service):
            if call.operation.needs_key:
                first, again = both.ours.answers[call.operation.name], await both.ours.send(call)
                assert again.headers.get("Idempotent-Replayed") == "true", (call, again.text)
                for header in ("Location", "ETag", "Alliance-Position"):
                    assert again.headers.get(header) == first.headers.get(header)
                assert (again.status_code, again.content) == (first.status_code, first.content)


@in_each_service
async def test_a_version_is_needed_to_replace_and_must_be_the_present_one(
    both: Walked, product: Product, service: str
) -> None:
    versioned = [call for call in both.calls(service) if "if-match" in call.operation.parameters("header")]
    faults = []
    async with product.nothing_written():
        for call in versioned:
            if call.operation.needs_version:
                faults += await both.refused(_with_header(call, "If-Match", None), 428, what="missing")
            for tag in ("", "7", 'W/"7"', '"-7"', '"99999999999999999999"', '"1", "2"', "x" * 41):
                wrong = _with_header(call, "If-Match", tag)
                faults += await both.refused(wrong, 400, 422, what=repr(tag))
            # After the walk many things are no longer there or over: that may be said first.
            stale = _with_header(call, "If-Match", STALE)
            faults += await both.refused(stale, 403, 404, 409, 412, what="stale")
        none(faults)


def forged_tokens(product: Product, name: str) -> dict[str, str]:
    """Authorization headers that must not be accepted, for who could do everything with a good one."""
    good = product.token(name)
    header, claims, signature = good.split(".")
    issuer = Issuer(product.jwks.parent, issuer=ISSUER, audience=AUDIENCE)
    (public,) = orjson.loads(product.jwks.read_bytes())["keys"]
    own = jwt.decode(good, ECKey.import_key(public)).claims
    real = {"typ": "at+jwt", "kid": public["kid"]}
    signing = ECKey.import_key(orjson.loads((product.jwks.parent / "signing-key.json").read_bytes()))

    def signed(key: ECKey, header: dict[str, str], **changes: object) -> str:
        return jwt.encode({"alg": "ES256", **real, **header}, {**own, **changes}, key)

    tokens = {
        "expired": issuer.token(name, -3600),
        "of another key": signed(ECKey.generate_key("P-256"), {}),
        "of a key it brings": signed(other := ECKey.generate_key("P-256"), {"kid": other.thumbprint()}),
        "for another audience": signed(signing, {}, aud="https://elsewhere.example"),
        "of another issuer": signed(signing, {}, iss="https://elsewhere.example"),
        "an ID token": signed(signing, {"typ": "JWT"}),
        "without an end": signed(signing, {}, exp=None),
        "cut off": good[:-10],
        "without a signature": f"{header}.{claims}.",
        "alg none": f"{_encoded({'alg': 'none', **real})}.{claims}.",
        **{
            f"signed with the public key as {form}": _with_secret({"alg": "HS256", **real}, own, secret)
            for form, secret in {
                "PEM": ECKey.import_key(public).as_pem(private=False),
                "DER": ECKey.import_key(public).as_der(private=False),
                "JWK": orjson.dumps(public),
            }.items()
        },
        "changed": f"{header}.{_encoded({**own, 'sub': 'coordinator'})}.{signature}",
        "not a token": "nonsense",
    }
    return {what: f"Bearer {token}" for what, token in tokens.items()} | {
        "none": "",
        "empty": "Bearer ",
        "a password": "Basic Y29vcmRpbmF0b3I6c2VjcmV0",
        "long": "Bearer " + "x" * 20_000,
    }


def _with_secret(header: object, claims: object, secret: bytes) -> str:
    """By hand: no library signs with what is plainly a public key."""
    signed = f"{_encoded(header)}.{_encoded(claims)}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _encoded(part: object) -> str:
    return urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()


@in_each_service
async def test_without_a_good_token_no_route_says_anything(
    both: Walked, product: Product, service: str
) -> None:
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            forged = forged_tokens(product, both.ours.subject(call.by))
            for what, authorization in forged.items():
                answer = await both.ours.send(call.changed(), authorization=authorization)
                faults += [f"{what} {fault}" for fault in call.operation.faults_of(answer, 401)]
                if "WWW-Authenticate" not in answer.headers:
                    faults.append(f"{call.operation.name} {what}: no WWW-Authenticate")
        none(faults)


@in_each_service
async def test_who_has_no_right_changes_nothing(both: Walked, product: Product, service: str) -> None:
    """What `Trespasser` tries in passing, once more with every table of every database looked at."""
    faults = []
    async with product.nothing_written():
        for call in both.calls(service):
            name = call.operation.name
            if name not in OPEN_TO_STRANGERS:
                faults += await both.refused(call.changed(by="stranger"), 404, what="stranger")
                if call.operation.records:
                    faults += await both.refused(call.changed(by="auditor"), 403, 404, what="auditor")
            for what, wrong in with_other_ids(call, both.theirs.calls[name]):
                answer = await both.ours.send(wrong)
                # What a list is narrowed down to may be nothing; a command is refused.
                if call.operation.records or answer.status_code != 200:
                    faults += [f"{what} {fault}" for fault in call.operation.faults_of(answer)]
        none(faults)
