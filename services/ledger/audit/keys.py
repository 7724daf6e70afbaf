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


@dataclass(frozen=True)
class Held(Keyring):
    """The keys of one service that a file holds, by company and fingerprint. It opens and never seals."""

    alliance: AllianceId
    keys: Mapping[tuple[UUID, str], bytes]

    def sealing(self, alliance: AllianceId, owner: CompanyId) -> bytes | None:
        return None

    def opening(self, alliance: AllianceId, owner: CompanyId, fingerprint: str) -> bytes | None:
        return self.keys.get((owner, fingerprint)) if alliance == self.alliance else None


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
        found = {
            (company, sha256(key).hexdigest()): key
            for company, keys in self.keys.get(service, {}).items()
            for key in map(bytes.fromhex, keys)
        }
        return Held(AllianceId(self.alliance), found)
