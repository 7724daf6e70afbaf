"""What a log tells of keys. What they are derived from stands in the settings alone."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from events.envelope import Event

KeySource = Literal["members", "purchasing", "tenders", "ledger"]

RECIPIENT: Final = r"^([0-9a-f]{32}|auditor|coordinator|independent_person|director|delegate)$"
Recipient = Annotated[str, StringConstraints(pattern=RECIPIENT)]
"""A person's id, or a role: never a name."""


class KeyRotated(Event, type="alliance.ledger.key_rotated.v1"):
    """A source has a new epoch of keys: what it seals is sealed with these, or the log is signed with it."""

    service: KeySource
    epoch: int = Field(ge=1)
    verifier_key: str | None
    """The log's new key, where the service is the ledger: signed for by the one before."""


class KeysExported(Event, type="alliance.ledger.keys_exported.v1"):
    """Keys that open sealed figures were handed out; recorded before."""

    company: UUID | None
    """None: those of all companies."""
    epochs: Mapping[KeySource, int]
    """How many epochs of each source."""
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the file."""
    recipient: Recipient | None = None


EVENTS = (KeyRotated, KeysExported)
