"""The token issuer of embedded mode: a key made at first start, and the access tokens (RFC 9068) it signs."""

import os
from collections.abc import Callable
from pathlib import Path
from time import time
from uuid import uuid4

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey


class Issuer:
    """Signs tokens that a `Verifier` with the same issuer and audience, and `jwks_path` for keys, accepts."""

    def __init__(
        self, folder: Path, *, issuer: str, audience: str, clock: Callable[[], float] = time
    ) -> None:
        """Open the key in `folder`, or make it: readable by its owner alone, complete or not there at all."""
        self.jwks_path = folder / "jwks.json"
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        private = folder / "signing-key.json"
        if not private.exists():
            folder.mkdir(parents=True, exist_ok=True)
            key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
            _publish(private, orjson.dumps(key.as_dict(private=True)), mode=0o600)
        self._key = ECKey.import_key(orjson.loads(private.read_bytes()))
        _publish(self.jwks_path, orjson.dumps({"keys": [self._key.as_dict(private=False)]}), mode=0o644)

    def token(self, subject: str, lifetime: int = 3600) -> str:
        """An access token for `subject`, valid for `lifetime` seconds from now."""
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "sub": subject,
            "aud": self._audience,
            "client_id": "embedded",
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])


def _publish(path: Path, content: bytes, *, mode: int) -> None:
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
