"""Tokens that pass and tokens that must not."""

import asyncio
import hmac
import stat
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySetSerialization, OKPKey, RSAKey

from events.errors import Unavailable
from rigs.service_app import AUDIENCE, ISSUER, SECRET, Rig
from service.auth import Caller, Keys, Verifier, person_id
from service.problems import HttpProblem
from service.tickets import LIFETIME, Tickets


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def claims(rig: Rig, **changes: Any) -> dict[str, Any]:
    now = int(rig.now)
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 60, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def signed(rig: Rig, header: dict[str, Any] | None = None, **changes: Any) -> str:
    key = rig.issuer._key
    whole = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid, **(header or {})}
    return jwt.encode(whole, claims(rig, **changes), key, algorithms=["ES256"])


async def refusal(rig: Rig, token: str) -> str:
    with pytest.raises(HttpProblem) as caught:
        await rig.verifier.verify(token)
    assert caught.value.status_code == 401
    assert caught.value.headers is not None
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer ")
    return caught.value.code


async def test_a_token_of_the_issuer_says_who_calls(rig: Rig) -> None:
    caller = await rig.verifier.verify(rig.issuer.token("anna", 600))
    assert caller == Caller(person_id(SECRET, ISSUER, "anna"), ISSUER, "anna", int(rig.now) + 600)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://another.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 1_900_000_000},
        {"nbf": 1_900_000_000},
    ],
)
async def test_a_token_with_wrong_claims_is_refused(rig: Rig, changes: dict[str, Any]) -> None:
    assert await refusal(rig, signed(rig, **changes)) == "token_invalid"


async def test_an_audience_among_others_is_enough(rig: Rig) -> None:
    assert (await rig.verifier.verify(signed(rig, aud=["another", AUDIENCE]))).subject == "anna"


async def test_a_token_expires_even_once_it_is_remembered(rig: Rig) -> None:
    token = rig.issuer.token("anna", 60)
    assert await rig.verifier.verify(token) == rig.verifier.recall(token)
    rig.now += 91  # beyond the leeway of 30 seconds
    assert rig.verifier.recall(token) is None
    assert await refusal(rig, token) == "token_expired"


@pytest.mark.parametrize("kind", ["JWT", "", "id+jwt"])
async def test_an_id_token_is_no_access_token(rig: Rig, kind: str) -> None:
    assert await refusal(rig, signed(rig, {"typ": kind})) == "token_invalid"


async def test_a_token_signed_by_another_key_under_our_key_id_is_refused(rig: Rig) -> None:
    forger = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": rig.issuer._key.kid}
    assert (
        await refusal(rig, jwt.encode(header, claims(rig), forger, algorithms=["ES256"])) == "token_invalid"
    )


def forged(rig: Rig, algorithm: str, secret: bytes | None) -> str:
    """By hand: the library refuses to make such tokens."""
    header = {"alg": algorithm, "typ": "at+jwt", "kid": rig.issuer._key.kid}
    parts = [urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims(rig))]
    body = b".".join(parts)
    signature = b"" if secret is None else hmac.digest(secret, body, "sha256")
    return (body + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "ES256"])
async def test_a_token_without_signature_is_refused(rig: Rig, algorithm: str) -> None:
    assert await refusal(rig, forged(rig, algorithm, None)) == "token_invalid"


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
async def test_the_public_key_is_no_shared_secret(rig: Rig, form: str) -> None:
    key = rig.issuer._key
    public = {
        "pem": key.as_pem(private=False),
        "der": key.as_der(private=False),
        "jwk": rig.issuer.jwks_path.read_bytes(),
    }
    assert await refusal(rig, forged(rig, "HS256", public[form])) == "token_invalid"


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b.c", "..", "é.è.à", "e30.e30.e30", "x" * 9000, "W1tbW1tbW1s" * 300 + ".e30.e30", "\ud800"],
)
async def test_what_is_no_token_is_refused(rig: Rig, token: str) -> None:
    assert await refusal(rig, token) == "token_invalid"


async def test_a_token_changed_in_one_place_is_refused(rig: Rig) -> None:
    header, payload, signature = rig.issuer.token("anna").split(".")
    other = rig.issuer.token("bert").split(".")[1]
    assert await refusal(rig, f"{header}.{other}.{signature}") == "token_invalid"
    assert (await rig.verifier.verify(f"{header}.{payload}.{signature}")).subject == "anna"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSAKey.generate_key(2048)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # on signing, which only a test does
async def test_the_other_pinned_algorithms_are_accepted(
    rig: Rig, algorithm: str, key: RSAKey | OKPKey
) -> None:
    key.ensure_kid()

    async def load() -> KeySetSerialization:
        return {"keys": [key.as_dict(private=False)]}

    verifier = Verifier(Keys(load), issuer=ISSUER, audience=AUDIENCE, secret=SECRET, clock=rig.clock)
    header = {"alg": algorithm, "typ": "application/at+jwt", "kid": key.kid}
    token = jwt.encode(header, claims(rig), key, algorithms=[algorithm])
    assert (await verifier.verify(token)).subject == "anna"
    pinned = Verifier(
        Keys(load), issuer=ISSUER, audience=AUDIENCE, secret=SECRET, algorithms=["ES256"], clock=rig.clock
    )
    with pytest.raises(HttpProblem):
        await pinned.verify(token)


async def test_a_rotated_key_is_fetched_once_and_made_up_key_ids_do_not_storm_the_issuer(rig: Rig) -> None:
    loads = 0
    key = rig.issuer._key
    published: list[Any] = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]

    async def load() -> KeySetSerialization:
        nonlocal loads
        loads += 1
        return {"keys": list(published)}

    keys = Keys(load, minimum_interval=0)
    verifier = Verifier(keys, issuer=ISSUER, audience=AUDIENCE, secret=SECRET, clock=rig.clock)
    with pytest.raises(HttpProblem):
        await verifier.verify(signed(rig))
    published.append(key.as_dict(private=False))
    assert (await verifier.verify(signed(rig))).subject == "anna"

    keys._minimum_interval = 1000
    before = loads
    for number in range(5):
        with pytest.raises(HttpProblem):
            await verifier.verify(signed(rig, {"kid": f"made-up-{number}"}))
    assert loads == before


async def test_a_withdrawn_key_ends_what_it_signed(rig: Rig) -> None:
    published = [rig.issuer._key.as_dict(private=False)]

    async def load() -> KeySetSerialization:
        return {"keys": list(published)}

    keys = Keys(load, minimum_interval=0)
    verifier = Verifier(keys, issuer=ISSUER, audience=AUDIENCE, secret=SECRET, clock=rig.clock)
    token = signed(rig)
    await verifier.verify(token)
    published[:] = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]
    with pytest.raises(HttpProblem):
        await verifier.verify(signed(rig, {"kid": "unknown"}))
    assert verifier.recall(token) is None


async def test_without_the_issuers_keys_the_answer_is_unavailable_and_not_unauthorised(
    rig: Rig, tmp_path: Path
) -> None:
    keys = Keys.at(str(tmp_path / "nowhere.json"))
    verifier = Verifier(keys, issuer=ISSUER, audience=AUDIENCE, secret=SECRET, clock=rig.clock)
    with pytest.raises(Unavailable):
        await verifier.verify(signed(rig))


def test_a_remembered_token_costs_less_than_thirty_microseconds(rig: Rig) -> None:
    token = rig.issuer.token("anna")
    asyncio.run(rig.verifier.verify(token))

    def seconds() -> float:
        began = time.perf_counter()
        for _ in range(1000):
            rig.verifier.recall(token)
        return (time.perf_counter() - began) / 1000

    assert min(seconds() for _ in range(5)) < 30e-6


def test_a_person_is_the_same_everywhere_and_nobody_else() -> None:
    anna = person_id(SECRET, ISSUER, "anna")
    assert len(anna) == 32
    assert int(anna, 16) >= 0
    assert anna == person_id(SECRET, ISSUER, "anna")
    others = [
        person_id(SECRET, ISSUER, "bert"),
        person_id(SECRET, ISSUER + "a", "nna"),
        person_id(b"another secret", ISSUER, "anna"),
    ]
    assert anna not in others


def test_the_signing_key_is_readable_by_its_owner_alone_and_stays_the_same(tmp_path: Path, rig: Rig) -> None:
    private = tmp_path / "signing-key.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert Rig(tmp_path).issuer._key.kid == rig.issuer._key.kid
    assert b'"d"' not in rig.issuer.jwks_path.read_bytes()


CALLER = Caller(person_id(SECRET, ISSUER, "anna"), ISSUER, "anna", 1_900_000_000)


def test_a_ticket_opens_its_own_path_for_a_short_time(rig: Rig) -> None:
    ticket = rig.tickets.issue(CALLER, "/members/events")
    assert rig.tickets.redeem(ticket, "/members/events") == CALLER
    with pytest.raises(HttpProblem, match="ticket_invalid"):
        rig.tickets.redeem(ticket, "/members/other")
    rig.now += LIFETIME + 1
    with pytest.raises(HttpProblem, match="ticket_invalid"):
        rig.tickets.redeem(ticket, "/members/events")


@pytest.mark.parametrize("ticket", ["", "a", "é", "AAAA", "A" * 1000])
def test_a_made_up_ticket_is_refused(rig: Rig, ticket: str) -> None:
    with pytest.raises(HttpProblem, match="ticket_invalid"):
        rig.tickets.redeem(ticket, "/")


def test_a_ticket_of_another_deployment_is_refused_and_shows_nothing_of_the_caller(rig: Rig) -> None:
    ticket = Tickets(b"another secret of a deployment", clock=rig.clock).issue(CALLER, "/")
    assert "anna" not in ticket
    assert CALLER.person not in ticket
    with pytest.raises(HttpProblem, match="ticket_invalid"):
        rig.tickets.redeem(ticket, "/")
