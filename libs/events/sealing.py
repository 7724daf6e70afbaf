"""Commercial figures inside events: readable by their owner, sealed to everybody else, for ever.

A private figure stands in `Confidential[T]`, owned by one company. In the event's bytes it is
`{"owner", "key", "sealed"}`: `sealed` = base64url(nonce ‖ AES-256-GCM(JSON padded with spaces to 64-byte
steps)), associated data = event id ‖ owner ‖ path of the field. The padding hides the length of a price; the
associated data keeps a sealed figure from being moved to another event, owner or field. `key` = SHA-256(key),
so that two readers cannot be shown two plaintexts of one event.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from events.ids import AllianceId, CompanyId

T = TypeVar("T")

PADDING_STEP = 64
NONCE_BYTES = 12
SEALED_KEYS = frozenset({"owner", "key", "sealed"})


class SealedFigure(Exception):
    """The reader has no key to this figure."""


class Confidential(BaseModel, Generic[T]):
    """A figure of one company; written with `Confidential(owner=company, open=figure)`.

    Read from an event, it carries `key` and `sealed` too, and `open` where the reader has the key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: UUID
    open: T | None = Field(None, repr=False)
    key: str | None = None
    sealed: str | None = None

    @model_validator(mode="after")
    def _open_or_sealed(self) -> "Confidential[T]":
        if self.open is None and self.sealed is None:
            raise ValueError("a confidential figure is open, or sealed, or both")
        return self

    @model_serializer
    def _closed_elsewhere(self) -> None:
        """Raises TypeError: dumped by itself it would stand in the clear."""
        raise TypeError("a confidential figure is written by events.envelope.plain alone")

    @property
    def value(self) -> T:
        """The figure; raises `SealedFigure` where the reader has no key."""
        if self.open is None:
            raise SealedFigure(str(self.owner))
        return self.open

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What is published is the sealed shape; `x-sealed` tells what a reader with the key finds inside."""
        inner = handler.resolve_ref_schema(handler(schema))["properties"]["open"]
        figure = next(part for part in inner["anyOf"] if part.get("type") != "null")
        return {
            "type": "object",
            "description": "A figure sealed to its owner.",
            "properties": {
                "owner": {"type": "string", "format": "uuid"},
                "key": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "sealed": {"type": "string", "contentEncoding": "base64url"},
            },
            "required": ["owner", "key", "sealed"],
            "x-sealed": figure,
        }


class Keyring(Protocol):
    """Where a process finds the keys of the companies that it may read."""

    def sealing(self, alliance: AllianceId, owner: CompanyId) -> bytes | None:
        """The 32-byte key that figures are sealed with now; None where this ring cannot seal."""

    def opening(self, alliance: AllianceId, owner: CompanyId, fingerprint: str) -> bytes | None:
        """The key whose SHA-256 is `fingerprint`; None where this ring does not hold it."""


@dataclass(frozen=True)
class Masters:
    """All companies' keys, derived from one source service's master secrets, the newest epoch last.

    Key = HKDF-SHA256(master, alliance ‖ company ‖ epoch): no key table, no look-up, nothing to lose but the
    settings. An old epoch stays, or what was sealed in it could no longer be posted or replayed.
    """

    secrets: Sequence[bytes]
    _by_owner: dict[tuple[UUID, UUID], list[tuple[str, bytes]]] = field(default_factory=dict, repr=False)

    def _keys(self, alliance: AllianceId, owner: CompanyId) -> list[tuple[str, bytes]]:
        keys = self._by_owner.get((alliance, owner))
        if keys is None:
            if len(self._by_owner) >= 100_000:
                self._by_owner.clear()
            keys = [self._derive(secret, epoch, alliance, owner) for epoch, secret in enumerate(self.secrets)]
            self._by_owner[(alliance, owner)] = keys
        return keys

    @staticmethod
    def _derive(secret: bytes, epoch: int, alliance: AllianceId, owner: CompanyId) -> tuple[str, bytes]:
        context = alliance.bytes + owner.bytes + epoch.to_bytes(4, "big")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(secret)
        return sha256(key).hexdigest(), key

    def handed_out(self, alliance: AllianceId, owner: CompanyId) -> Sequence[bytes]:
        """The keys of all epochs, for the owner or an auditor."""
        return [key for _, key in self._keys(alliance, owner)]

    def sealing(self, alliance: AllianceId, owner: CompanyId) -> bytes | None:
        return self._keys(alliance, owner)[-1][1]

    def opening(self, alliance: AllianceId, owner: CompanyId, fingerprint: str) -> bytes | None:
        return next((key for print_, key in self._keys(alliance, owner) if print_ == fingerprint), None)


@dataclass(frozen=True)
class Seal:
    """Closes the figures of one event while it is encoded."""

    keyring: Keyring
    alliance: AllianceId
    event_id: str

    def close(self, owner: UUID, path: str, figure: Any) -> dict[str, str]:
        """`figure` is JSON-ready. Raises `SealedFigure` where the ring has no key to seal with."""
        key = self.keyring.sealing(self.alliance, CompanyId(owner))
        if key is None:
            raise SealedFigure(str(owner))
        plain = orjson.dumps(figure)
        plain += b" " * (-len(plain) % PADDING_STEP)
        nonce = os.urandom(NONCE_BYTES)
        closed = nonce + AESGCM(key).encrypt(nonce, plain, _bound(self.event_id, str(owner), path))
        return {
            "owner": str(owner),
            "key": sha256(key).hexdigest(),
            "sealed": urlsafe_b64encode(closed).decode(),
        }


def open_figures(
    data: Any,
    *,
    alliance: AllianceId,
    event_id: str,
    keyring: Keyring,
    may_read: Callable[[UUID], bool] = lambda owner: True,
) -> Any:
    """A copy of an event's `data` in which every sealed figure that this reader may read has `open` beside
    it.

    Raises `cryptography.exceptions.InvalidTag` where a figure was tampered with, or moved from elsewhere.
    """

    def walk(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            if "sealed" in value and value.keys() >= SEALED_KEYS:
                return opened(value, path)
            return {
                name: walk(part, f"{path}/{name}") if isinstance(part, dict | list) else part
                for name, part in value.items()
            }
        if isinstance(value, list):
            return [walk(part, f"{path}/{index}") for index, part in enumerate(value)]
        return value

    def opened(figure: Mapping[str, Any], path: str) -> Any:
        owner = UUID(figure["owner"])
        key = keyring.opening(alliance, CompanyId(owner), figure["key"]) if may_read(owner) else None
        if key is None:
            # What stands open beside a seal is nobody's figure: only who has the key could tell.
            return {name: part for name, part in figure.items() if name != "open"}
        closed = urlsafe_b64decode(figure["sealed"])
        plain = AESGCM(key).decrypt(
            closed[:NONCE_BYTES], closed[NONCE_BYTES:], _bound(event_id, figure["owner"], path)
        )
        return {**figure, "open": orjson.loads(plain)}

    return walk(data, "")


def _bound(event_id: str, owner: str, path: str) -> bytes:
    # Ids have a fixed length, so plain concatenation cannot be read two ways.
    return f"{event_id}{owner}{path}".encode()
