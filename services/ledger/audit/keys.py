"""The key file of an alliance, or of one company of it: what opens sealed figures.

`{"alliance": id, "company": id or null for all, "keys": {service: {company: [key in hex, epoch 0 first]}}}`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from events.ids import AllianceId, CompanyId
from events.sealing import Keyring
from ledger.audit.findings import Unusable

Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class UnknownKey(Exception):
    """A figure of a company whose keys are at hand is sealed with yet another one."""


@dataclass(frozen=True)
class Held(Keyring):
    """The keys of one service that a file holds: company → fingerprint → key. It opens and never seals."""

    alliance: AllianceId
    keys: Mapping[UUID, Mapping[str, bytes]]

    def sealing(self, alliance: AllianceId, owner: CompanyId) -> bytes | None:
        return None

    def opening(self, alliance: AllianceId, owner: CompanyId, fingerprint: str) -> bytes | None:
        """Raises UnknownKey: taken for a figure of somebody else, it would be missing without a word."""
        if alliance != self.alliance or (of_owner := self.keys.get(owner)) is None:
            return None
        if fingerprint not in of_owner:
            raise UnknownKey(str(owner))
        return of_owner[fingerprint]


class KeyFile(BaseModel):
    """`company` None: the keys of every company."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alliance: UUID
    company: UUID | None
    keys: Mapping[str, Mapping[UUID, tuple[Key, ...]]]

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Raises Unusable, whose text never repeats a key."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise Unusable(f"The key file cannot be read: {error}.") from error
        except ValidationError as error:
            # What was found is not repeated: it may be most of a key.
            faults = [
                f"{'/'.join(map(str, fault['loc']))}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False)
            ]
            raise Unusable(f"{path} is no key file: {'; '.join(faults[:3])}.") from None

    def keyring(self, service: str) -> Keyring:
        return Held(AllianceId(self.alliance), self.opening(service))

    def opening(self, service: str) -> Mapping[UUID, Mapping[str, bytes]]:
        """The keys to one service's figures: company → fingerprint → key."""
        # Of the company whose file it is no figure may pass for one of somebody else.
        own: dict[UUID, Mapping[str, bytes]] = {} if self.company is None else {self.company: {}}
        return own | {
            company: {sha256(key).hexdigest(): key for key in map(bytes.fromhex, keys)}
            for company, keys in self.keys.get(service, {}).items()
        }
