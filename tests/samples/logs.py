"""Logs as folders, made from lists of entries: what `alliance-audit` reads."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tlog.checkpoints import Checkpoint
from tlog.merkle import Frontier
from tlog.notes import Kind, Signer, Verifier
from tlog.tiles import laid_out

ORIGIN: Final = "alliance.example/0123456789abcdef"
ALLIANCE: Final = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def signer(name: str = ORIGIN, seed: int = 1, kind: Kind = Kind.NOTE) -> Signer:
    """Another seed is another key under the name."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big")), kind)


KEY: Final = signer()


def note(checkpoint: Checkpoint, *signers: Signer, time: int = 1_750_000_000) -> bytes:
    lines = "".join(one.line(checkpoint.text, time) for one in signers or (KEY,))
    return f"{checkpoint.text}\n{lines}".encode()


def files(
    entries: Iterable[bytes],
    *signers: Signer,
    origin: str = ORIGIN,
    keys: Sequence[Verifier] = (KEY.verifier,),
) -> Iterator[tuple[str, bytes]]:
    """A log's files, path and content, the checkpoint last; signed by `KEY` unless `signers` are given."""
    frontier = Frontier()
    for tile, content in laid_out(entries, frontier):
        yield tile.path, content
    yield "keys", "".join(f"{key}\n" for key in keys).encode()
    yield "checkpoint", note(Checkpoint(origin, frontier.size, frontier.root()), *signers)


def write(folder: Path, entries: Iterable[bytes], *signers: Signer, **other: Any) -> Path:
    """A log's folder with these entries (`files`)."""
    for name, content in files(entries, *signers, **other):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def event(
    service: str, sequence: int, type: str = "thing_happened", alliance: UUID = ALLIANCE, **data: Any
) -> bytes:
    """An event as a service publishes it: `alliance.<service>.<type>.v1`."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(UUID(int=sequence)),
            "source": f"/{service}/alliances/{alliance}",
            "type": f"alliance.{service}.{type}.v1",
            "subject": f"thing/{sequence}",
            "time": "2025-01-02T08:00:00.000000Z",
            "datacontenttype": "application/json",
            "sequence": f"{sequence:012d}",
            "streamversion": 1,
            "actor": "c" * 32,
            "correlationid": "",
            "effectiveon": "2025-01-02",
            "charterversion": 1,
            "project": "life",
            "data": data,
        }
    )


def opened(origin: str = ORIGIN, alliance: UUID = ALLIANCE) -> bytes:
    """The first entry of a log."""
    return event("ledger", 1, "log_opened", alliance, origin=origin)


def history(size: int, alliance: UUID = ALLIANCE) -> Iterator[bytes]:
    """`size` entries, the first of which opens the log; the others come from two services in turn."""
    if size:
        yield opened(alliance=alliance)
    for number in range(size - 1):
        yield event(("members", "purchasing")[number % 2], number // 2 + 1, alliance=alliance, number=number)
