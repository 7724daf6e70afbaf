"""The keys that logs sign with: one an alliance, derived from the master secrets, in no table and no file.

Ed25519 seed = HKDF-SHA256(master, "log key" ‖ alliance ‖ epoch). The newest two epochs sign: who trusts
the key from before finds the new one in the log, under a checkpoint that the old one signed.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.ids import AllianceId
from tlog.checkpoints import Checkpoint
from tlog.notes import Signer, Verifier

SIGNING: Final = 2
"""Epochs whose keys sign."""


class LogKeys:
    """The keys of all logs; `masters` are the secrets of all epochs, the newest last."""

    def __init__(self, masters: Sequence[bytes]) -> None:
        self._masters = masters

    @property
    def epoch(self) -> int:
        """The newest."""
        return len(self._masters) - 1

    def up_to(self, epoch: int) -> "LogKeys":
        """Without the epochs that come after."""
        return LogKeys(self._masters[: epoch + 1])

    def signer(self, alliance: AllianceId, origin: str, epoch: int) -> Signer:
        context = b"log key" + alliance.bytes + epoch.to_bytes(4, "big")
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(self._masters[epoch])
        return Signer(origin, Ed25519PrivateKey.from_private_bytes(seed))

    def signers(self, alliance: AllianceId, origin: str) -> Sequence[Signer]:
        epochs = range(self.epoch, max(-1, self.epoch - SIGNING), -1)
        return [self.signer(alliance, origin, epoch) for epoch in epochs]

    def verifiers(self, alliance: AllianceId, origin: str) -> Sequence[Verifier]:
        """The public keys of those that sign now, the newest first."""
        return [signer.verifier for signer in self.signers(alliance, origin)]

    def note(self, alliance: AllianceId, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        lines = [signer.line(checkpoint.text) for signer in self.signers(alliance, checkpoint.origin)]
        return f"{checkpoint.text}\n{''.join(lines)}"
