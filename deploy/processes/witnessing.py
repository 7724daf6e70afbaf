"""`alliance witness`: a witness of logs, with its key, its memory and the list of its logs in one folder."""

from collections.abc import Callable, Collection
from pathlib import Path
from time import time
from typing import Final

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from embedded.folder import CannotStart, write_once
from ledger.witness.api import application
from ledger.witness.domain import Witness
from ledger.witness.memory import Memory
from tlog.notes import Kind, MalformedNote, Signer, Verifier

_KEY: Final = "key"
_NAME: Final = "name"
_LOGS: Final = "logs"


def serve_witness(
    data: Path, name: str | None, logs: Collection[str], host: str, port: int, said: Callable[[str], None]
) -> None:
    """Until SIGTERM or SIGINT; `said` is told the verifier key. Raises CannotStart."""
    signer = _signer(data, name)
    for key in logs:
        _add(data, key)
    (data / "memory").mkdir(mode=0o700, exist_ok=True)
    said(str(signer.verifier))
    app = application(Witness(signer, Memory(data / "memory"), lambda: _logs(data), time))
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)


def _signer(data: Path, name: str | None) -> Signer:
    """Made at the first start; never made anew, since who trusts the witness trusts this key."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / _KEY).exists():
        if name is None:
            raise CannotStart("A new witness needs a name: --name witness.example/w1.")
        Signer(name, Ed25519PrivateKey.generate())  # the name is one that a key may have
        write_once(data / _NAME, f"{name}\n")
        write_once(data / _KEY, Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
    kept = (data / _NAME).read_text().strip()
    if name not in {None, kept}:
        raise CannotStart(f"This witness is called {kept}: another one needs a folder of its own.")
    try:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex((data / _KEY).read_text()))
    except ValueError:
        raise CannotStart(f"The key {data / _KEY} is damaged: restore it from a backup.") from None
    return Signer(kept, private, Kind.COSIGNATURE)


def _add(data: Path, key: str) -> None:
    try:
        verifier = Verifier.parse(key)
    except MalformedNote as error:
        raise CannotStart(f"{key} is no log's verifier key: {error}.") from None
    known = {str(one) for one in _logs(data)}
    write_once(data / _LOGS, "".join(f"{one}\n" for one in sorted(known | {str(verifier)})))


def _logs(data: Path) -> Collection[Verifier]:
    """Read at each request: a log may be added while the witness runs."""
    try:
        return [Verifier.parse(line) for line in (data / _LOGS).read_text().split()]
    except FileNotFoundError:
        return []
