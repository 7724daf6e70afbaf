"""Master secrets: what keys are derived from, one secret an epoch."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, SecretStr

_SECRET = re.compile(r"[0-9a-fA-F]{64}")


def epochs_of(text: str) -> Sequence[bytes]:
    """The secrets in `text`, separated by commas: of 32 bytes each, the newest last. Raises ValueError."""
    secrets = [secret.strip() for secret in text.split(",")]
    if not all(_SECRET.fullmatch(secret) for secret in secrets):
        raise ValueError("takes 64 hexadecimal digits, or several such secrets separated by commas")
    found = [bytes.fromhex(secret) for secret in secrets]
    if len(set(found)) < len(found):
        raise ValueError("has a secret twice: a new epoch needs a new one")
    return found


def _checked(master: SecretStr) -> SecretStr:
    epochs_of(master.get_secret_value())
    return master


Master = Annotated[SecretStr, AfterValidator(_checked)]
"""A setting. A secret that comes after others begins a new epoch: from then on its keys seal and sign. The
old ones stay, or what is sealed with their keys could be opened no more.
"""


def epochs(master: SecretStr) -> Sequence[bytes]:
    """The secrets of a `Master`."""
    return epochs_of(master.get_secret_value())
