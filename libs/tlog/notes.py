"""Signed notes (C2SP signed-note) and cosignatures (tlog-cosignature), with Ed25519 keys alone.

Unsigned        a note without a good signature of a key that must have signed
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_DASH: Final = "— "
_MOST_SIGNATURES: Final = 64
_LARGEST_NOTE: Final = 1_000_000
_NAME: Final = re.compile(r"[^\s+\x00-\x1f]{1,255}")
_KEY: Final = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")


class MalformedNote(ValueError):
    """The text is no signed note, or no verifier key."""


class Unsigned(ValueError):
    """A key that must have signed has not, or its signature is wrong."""


class Kind(IntEnum):
    """What a key's signatures cover."""

    NOTE = 0x01
    """The text."""
    COSIGNATURE = 0x04
    """A time, and a checkpoint."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name that its signatures stand under."""

    name: str
    kind: Kind
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes: an identifier, not a proof."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """The verifier key as it is given to others."""
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Raises MalformedNote."""
        match = _KEY.fullmatch(text)
        key = decoded(match["key"]) if match else b""
        if match is None or len(key) != 33 or key[0] not in set(Kind) or not _NAME.fullmatch(match["name"]):
            raise MalformedNote("no verifier key of a known kind")
        verifier = cls(match["name"], Kind(key[0]), key[1:])
        if verifier.id.hex() != match["id"]:
            raise MalformedNote("the verifier key's id is not its own")
        return verifier

    def time_of(self, text: str, signature: bytes) -> int:
        """When `text` was cosigned, in seconds since 1970; 0 for a plain signature. Raises Unsigned."""
        time, message = 0, text.encode()
        if self.kind is Kind.COSIGNATURE:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = cosigned(time, text)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Unsigned(f"the signature of {self.name} is wrong") from error
        return time


class Signer:
    """A private key under its name."""

    def __init__(self, name: str, private: Ed25519PrivateKey, kind: Kind = Kind.NOTE) -> None:
        if not _NAME.fullmatch(name):
            raise MalformedNote("no name of a key")
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = Verifier(name, kind, public)

    def line(self, text: str, time: int = 0) -> str:
        """The signature's line under `text`, which ends in a newline; `time` of a cosignature, in seconds."""
        if self.verifier.kind is Kind.COSIGNATURE:
            signature = time.to_bytes(8, "big") + self._private.sign(cosigned(time, text))
        else:
            signature = self._private.sign(text.encode())
        return f"{_DASH}{self.verifier.name} {encoded(self.verifier.id + signature)}\n"


def cosigned(time: int, text: str) -> bytes:
    """What a cosignature signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A text and what is said to be signatures of it."""

    text: str
    """Its last newline included."""
    signatures: Sequence[tuple[str, bytes, bytes]]
    """(name, key id, signature)"""

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Raises MalformedNote."""
        if len(raw) > _LARGEST_NOTE:
            raise MalformedNote("the note is too large")
        try:
            whole = raw.decode()
        except UnicodeDecodeError as error:
            raise MalformedNote("the note is no UTF-8") from error
        if any(sign < " " and sign != "\n" for sign in whole):
            raise MalformedNote("the note has control characters")
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not text or not lines.endswith("\n"):
            raise MalformedNote("the note has no signatures")
        signed = lines.removesuffix("\n").split("\n")
        if len(signed) > _MOST_SIGNATURES:
            raise MalformedNote("the note has too many signatures")
        return cls(text + "\n", [_signature(line) for line in signed])

    def times(self, verifiers: Iterable[Verifier]) -> Mapping[Verifier, int]:
        """When each of `verifiers` that has signed did so (`Verifier.time_of`).

        Signatures of other keys are passed over. Raises Unsigned for a wrong one of these.
        """
        known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
        found: dict[Verifier, int] = {}
        for name, key_id, signature in self.signatures:
            verifier = known.get((name, key_id))
            if verifier is not None:
                if verifier in found:
                    raise Unsigned(f"{name} has signed twice")
                found[verifier] = verifier.time_of(self.text, signature)
        return found


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, gap, signature = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap or not _NAME.fullmatch(name):
        raise MalformedNote("a line below the text is no signature")
    raw = decoded(signature)
    if len(raw) < 5:
        raise MalformedNote("a signature is too short")
    return name, raw[:4], raw[4:]


def encoded(raw: bytes) -> str:
    """Standard base64, as all of these formats have it."""
    return b64encode(raw).decode()


def decoded(text: str) -> bytes:
    """Raises MalformedNote unless the text is base64 as `encoded` writes it."""
    try:
        raw = b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise MalformedNote("no base64") from error
    if encoded(raw) != text:
        raise MalformedNote("no base64 in its one form")
    return raw
