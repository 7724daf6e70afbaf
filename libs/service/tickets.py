"""Tickets for browsers' EventSource, which sends no header: `?ticket=` stands for the caller, at one address.

An address ends up in the logs of proxies. So a ticket lives 30 seconds, opens one path alone, and is
encrypted (AES-256-GCM): it shows nothing of the caller. There is no table of tickets: it may be redeemed more
than once while it lives, and the stream that it opens goes on.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from time import time
from typing import Annotated, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Query, Request

from events.ids import PersonId
from service.auth import Bearer, Caller, authenticate
from service.problems import HttpProblem

LIFETIME: Final = 30
"""Seconds between a ticket's making and the latest opening of its stream."""
_NONCE: Final = 12


class Tickets:
    """Makes and redeems tickets under a key derived from the secret of the deployment."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"alliance stream tickets").derive(secret)
        self._cipher = AESGCM(key)
        self._clock = clock

    def issue(self, caller: Caller, path: str) -> str:
        """A ticket with which `caller` may read `path`, as the address shows it, for `LIFETIME` seconds."""
        until = int(self._clock()) + LIFETIME
        content = orjson.dumps([until, caller.person, caller.issuer, caller.subject, caller.expires])
        nonce = os.urandom(_NONCE)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, content, path.encode())).decode()

    def redeem(self, ticket: str, path: str) -> Caller:
        """The caller of a ticket; raises HttpProblem 401 `ticket_invalid`."""
        try:
            raw = urlsafe_b64decode(ticket.encode("ascii"))
            content = orjson.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], path.encode()))
        except (ValueError, InvalidTag) as error:
            raise _refused() from error
        until, person, issuer, subject, expires = content
        if until < self._clock():
            raise _refused()
        return Caller(PersonId(person), issuer, subject, expires)


def _refused() -> HttpProblem:
    return HttpProblem(401, "ticket_invalid", headers={"WWW-Authenticate": 'Bearer realm="alliance"'})


class _Streaming(Bearer):
    async def __call__(
        self,
        request: Request,
        ticket: Annotated[
            str | None, Query(max_length=2000, description="In place of a token, for EventSource.")
        ] = None,
    ) -> Caller:
        if ticket is not None and "authorization" not in request.headers:
            tickets: Tickets = request.app.state.tickets
            return tickets.redeem(ticket, request.url.path)
        return await authenticate(request)


StreamAuthenticated = Annotated[Caller, Depends(_Streaming())]
"""Like `Authenticated`, for a route that EventSource reads: a ticket is as good as a token."""
