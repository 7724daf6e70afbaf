"""What must not be known outside and must never be lost: made at the first start, each a file in the folder.

Lost sealing secrets make every sealed figure unreadable, and a lost deployment secret makes every person a
stranger; so an existing file is never written again, and beside an existing database none is made anew.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded.databases import ROLES, SERVICES, SUPERUSER
from embedded.folder import CannotStart, DataFolder, write_once
from service.masters import epochs_of

KAFKA_ADMIN = "admin"
KAFKA_USERS = (KAFKA_ADMIN, *SERVICES)

_SEALING_SOURCES = ("members", "purchasing", "tenders", "ledger")
_NAMES = (
    "deployment",
    *(f"sealing-{source}" for source in _SEALING_SOURCES),
    *(f"password-{role}" for role in (SUPERUSER, *ROLES)),
)
_HANDED_OUT = "handed-out"
_BYTES = 32


@dataclass(frozen=True)
class Secrets:
    """32 bytes each; passwords are 64 hexadecimal digits."""

    issuer: Path
    """The folder in which `service.issuer` makes and keeps the key that signs access tokens."""
    deployment: bytes = field(repr=False)
    """Person ids are worked out from it."""
    sealing: Mapping[str, Sequence[bytes]] = field(repr=False)
    """The master secrets of each source service, the newest last; the ledger's are those of its log."""
    passwords: Mapping[str, str] = field(repr=False)
    """Of the database roles, by their names."""


def load_or_make(folder: DataFolder) -> Secrets:
    """The folder must be held. Raises `CannotStart` when one is damaged, or missing beside a database."""
    _make_missing(folder, _NAMES, beside=folder.postgres)
    return Secrets(
        issuer=folder.secrets,
        deployment=_read(folder.secrets / "deployment"),
        sealing={source: _epochs(folder.secrets / f"sealing-{source}") for source in _SEALING_SOURCES},
        passwords={role: _read(folder.secrets / f"password-{role}").hex() for role in (SUPERUSER, *ROLES)},
    )


def kafka_passwords(folder: DataFolder) -> Mapping[str, str]:
    """Kafka user → password, each in a file of its own, `kafka_password(folder, user)`; as `load_or_make`."""
    _make_missing(folder, [kafka_password(folder, user).name for user in KAFKA_USERS], beside=folder.kafka)
    return {user: _read(kafka_password(folder, user)).hex() for user in KAFKA_USERS}


def kafka_password(folder: DataFolder, user: str) -> Path:
    return folder.secrets / f"kafka-{user}"


def hand_out(folder: DataFolder) -> None:
    """Makes all of the above for containers, which reach PostgreSQL and Kafka elsewhere.

    Each container gets the files that it may know, and runs under a user of its own: the files are readable
    by all, in a folder that nobody but its owner enters. Once they were handed out, data may be anywhere that
    is of no use without them: one that is missing then is not made anew. Raises `CannotStart`.
    """
    names = [*_NAMES, *(kafka_password(folder, user).name for user in KAFKA_USERS)]
    _make_missing(folder, names, beside=folder.path / _HANDED_OUT)
    for name in names:
        (folder.secrets / name).chmod(0o444)
    write_once(folder.path / _HANDED_OUT, "Of use to what was begun with them: keep the folder secrets.\n")


def _make_missing(folder: DataFolder, names: Sequence[str], beside: Path) -> None:
    missing = [name for name in names if not (folder.secrets / name).exists()]
    if missing and beside.exists():
        raise CannotStart(
            f"{folder.secrets / missing[0]} is missing, and what was begun with it ({beside} tells) cannot "
            "be read without: restore the folder secrets from a backup."
        )
    folder.secrets.mkdir(mode=0o700, exist_ok=True)
    for name in missing:
        write_once(folder.secrets / name, secrets.token_hex(_BYTES) + "\n")


def begin_epoch(folder: DataFolder, source: str) -> int:
    """Puts a new secret after those of a source; what was sealed so far stays readable. The folder must be
    held. Returns the new epoch's number. Raises `CannotStart`.
    """
    path = folder.secrets / f"sealing-{source}"
    known = _epochs(path)
    mode = path.stat().st_mode
    write_once(path, ",".join([*(one.hex() for one in known), secrets.token_hex(_BYTES)]) + "\n")
    path.chmod(mode)
    return len(known)


def _read(path: Path) -> bytes:
    [value, *others] = _epochs(path)
    if others:
        raise CannotStart(f"The secret {path} is damaged: restore it from a backup.")
    return value


def _epochs(path: Path) -> Sequence[bytes]:
    try:
        return epochs_of(path.read_text())
    except ValueError:
        raise CannotStart(f"The secret {path} is damaged: restore it from a backup.") from None
    except OSError as error:
        raise CannotStart(f"The secret {path} cannot be read: {error.strerror}.") from error
