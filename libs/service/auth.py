"""Who calls: bearer tokens (RFC 6750) that are JWT access tokens (RFC 9068), checked against a JWKS.

A token says who, never what one may do: rights come from members' events. Three refusals, all 401:
`token_missing`, `token_expired`, `token_invalid`; the last does not say why, which only a forger would want
to know.
"""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import Annotated, Any, Final

import httpx
import orjson
import structlog
from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key, KeySet, KeySetSerialization

from events.errors import Unavailable
from events.ids import PersonId
from service.problems import HttpProblem

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA", "Ed25519")
"""What a token may be signed with unless the settings say otherwise: public-key signatures only."""

_LEEWAY: Final = 30
"""Seconds that two clocks may differ by."""
_LONGEST_TOKEN: Final = 8192
_LONGEST_SUBJECT: Final = 255

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a verified token stands for; `expires` in seconds since 1970, UTC."""

    person: PersonId
    issuer: str
    subject: str
    expires: int


def person_id(secret: bytes, issuer: str, subject: str) -> PersonId:
    """The id under which events know a person: 128 bits of HMAC-SHA256, the issuer's length before it.

    Without the length, two pairs whose texts join to the same would be one person.
    """
    issuer_bytes = issuer.encode()
    message = len(issuer_bytes).to_bytes(4, "big") + issuer_bytes + subject.encode()
    return PersonId(hmac.digest(secret, message, "sha256")[:16].hex())


class Keys:
    """The issuer's public keys, loaded when first needed, again on an unknown key id, and once an hour.

    A reload for an unknown key id happens at most every `minimum_interval` seconds, whoever asks: made-up key
    ids must not turn this service against the issuer.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[KeySetSerialization]],
        *,
        minimum_interval: float = 30.0,
        maximum_age: float = 3600.0,
    ) -> None:
        self._load = load
        self._minimum_interval = minimum_interval
        self._maximum_age = maximum_age
        self._keys: KeySet | None = None
        self._tried = float("-inf")
        self._loaded = float("-inf")
        self._loading = asyncio.Lock()
        self.generation = 0
        """Counts the key sets seen: what an earlier one verified has to be verified again."""

    @classmethod
    def at(cls, place: str) -> "Keys":
        """The keys behind an http(s) URL, or in a file."""
        if place.startswith(("https://", "http://")):
            return cls(lambda: _fetch(place))
        return cls(lambda: _read(Path(place)))

    async def find(self, key_id: str | None) -> Key:
        """The key with this id. Raises InvalidKeyIdError, or Unavailable while there is no key set at all."""
        if self._keys is None or monotonic() - self._loaded > self._maximum_age:
            await self._reload()
        try:
            return self._known(key_id)
        except InvalidKeyIdError:
            await self._reload()
            return self._known(key_id)

    def _known(self, key_id: str | None) -> Key:
        if self._keys is None:
            raise Unavailable("identity_unavailable", retry_after=5)
        return self._keys.get_by_kid(key_id)

    async def _reload(self) -> None:
        asked = monotonic()
        async with self._loading:
            # Whoever waited here finds that another caller has just done it.
            if self._tried > asked or asked - self._tried < self._minimum_interval:
                return
            self._tried = monotonic()
            try:
                keys = KeySet.import_key_set(await self._load())
            except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, JoseError) as error:
                # The keys known so far go on serving: an issuer that is down for a moment locks nobody out.
                _log.warning("keys_not_loaded", error=type(error).__name__)
                return
            self._loaded = monotonic()
            if keys != self._keys:
                self._keys = keys
                self.generation += 1


async def _fetch(url: str) -> KeySetSerialization:
    async with httpx.AsyncClient(timeout=5.0) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        keys: KeySetSerialization = answer.json()
        return keys


async def _read(path: Path) -> KeySetSerialization:
    keys: KeySetSerialization = orjson.loads(await asyncio.to_thread(path.read_bytes))
    return keys


class _Registry(jws.JWSRegistry):
    """Allows exactly the pinned algorithms, and headers beyond the known ones, which RFC 7515 has ignored."""

    max_header_length = 4096

    def get_alg(self, name: str) -> JWSAlgModel:
        # joserfc's own warns at each use of "EdDSA", the name most issuers still sign under.
        if not self.allowed or name not in self.allowed:
            raise JoseError("algorithm not allowed")
        return self.algorithms[name]


class Verifier:
    """Verifies tokens and remembers those verified, by their SHA-256, until they expire."""

    _MOST_REMEMBERED: Final = 10_000

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str,
        audience: str,
        secret: bytes,
        algorithms: Sequence[str] = ALGORITHMS,
        clock: Callable[[], float] = time,
    ) -> None:
        """`secret` is the deployment's: person ids come from it. `clock` in seconds since 1970."""
        self._keys = keys
        self._secret = secret
        self.clock = clock
        self._issuer = issuer
        self._audience = audience
        self._registry = _Registry(algorithms=list(algorithms), strict_check_header=False)
        self._remembered: OrderedDict[bytes, tuple[int, Caller]] = OrderedDict()

    def person(self, issuer: str, subject: str) -> PersonId:
        """The id of somebody else than the caller: whom a role is granted to."""
        return person_id(self._secret, issuer, subject)

    def recall(self, token: str) -> Caller | None:
        """The caller of a token that was verified before and still holds."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        remembered = self._remembered.get(digest)
        if remembered is None:
            return None
        generation, caller = remembered
        if generation != self._keys.generation or caller.expires + _LEEWAY <= self.clock():
            self._remembered.pop(digest, None)
            return None
        self._remembered.move_to_end(digest)
        return caller

    async def verify(self, token: str) -> Caller:
        """The caller of a token; raises HttpProblem 401, or Unavailable without the issuer's keys."""
        if caller := self.recall(token):
            return caller
        try:
            if len(token) > _LONGEST_TOKEN:
                raise JoseError("too long")
            header = jws.extract_compact(token.encode("ascii"), registry=self._registry).headers()
            key = await self._keys.find(header.get("kid"))
            generation = self._keys.generation
            verified = jwt.decode(token, key, registry=self._registry)
            caller = self._caller(verified)
        except Unavailable:
            raise
        except ExpiredTokenError as error:
            raise _unauthorized("token_expired", "the token has expired") from error
        except Exception as error:
            # Whatever a forged token makes a parser raise (RecursionError among it) is the token's fault.
            raise _unauthorized("token_invalid", "the token is not accepted") from error
        digest = hashlib.sha256(token.encode()).digest()
        self._remembered[digest] = (generation, caller)
        if len(self._remembered) > self._MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    def _caller(self, token: jwt.Token) -> Caller:
        kind = str(token.header.get("typ", "")).lower().removeprefix("application/")
        if kind != "at+jwt":  # RFC 9068, 4: an ID token of the same issuer is no access token
            raise JoseError("not an access token")
        claims: dict[str, Any] = token.claims
        jwt.JWTClaimsRegistry(
            now=int(self.clock()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
        subject = claims["sub"]
        if len(subject) > _LONGEST_SUBJECT or "\0" in subject:
            raise JoseError("subject too long")
        person = person_id(self._secret, self._issuer, subject)
        return Caller(person, self._issuer, subject, int(claims["exp"]))


def _unauthorized(code: str, description: str) -> HttpProblem:
    challenge = f'Bearer realm="alliance", error="invalid_token", error_description="{description}"'
    return HttpProblem(401, code, headers={"WWW-Authenticate": challenge})


async def authenticate(request: Request) -> Caller:
    """Raises HttpProblem 401, or Unavailable without the issuer's keys."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        # RFC 6750, 3.1: no error code where no authentication was tried.
        raise HttpProblem(401, "token_missing", headers={"WWW-Authenticate": 'Bearer realm="alliance"'})
    verifier: Verifier = request.app.state.verifier
    return await verifier.verify(token.strip())


class Bearer(SecurityBase):
    """What a dependency that authenticates its caller derives from, so that its routes say so in OpenAPI."""

    scheme_name = "bearer"
    model = HTTPBearer(
        bearerFormat="JWT", description="An access token (RFC 9068) of the deployment's issuer."
    )


class _Authenticating(Bearer):
    async def __call__(self, request: Request) -> Caller:
        return await authenticate(request)


Authenticated = Annotated[Caller, Depends(_Authenticating())]
"""A route's parameter of this type is the caller; without a good token the route does not run."""
