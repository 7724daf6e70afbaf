"""`fetch`: a log from a server into a folder, every hash checked while it comes.

What is in the folder is whole at any time: files are renamed into their place when they have been checked,
and the checkpoint comes last, once all is there that it covers and it is known to go on from the ones before.
What is there already is checked and not loaded again.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Final, TypeVar

from events.envelope import MalformedEvent, parse
from ledger.audit.checking import (
    check_beginning,
    check_bundle,
    check_goes_on,
    check_leaves,
    check_root,
    check_tile,
    check_width,
    edge_of,
)
from ledger.audit.findings import DoesNotHold, Unreachable, Unusable
from ledger.audit.folder import CHECKPOINT, KEYS, LARGEST_TEXT, NEXT, Folder, keys_of, largest
from ledger.audit.loading import Server
from ledger.audit.progress import Bar
from ledger.audit.signing import signed
from ledger.audit.tree import Tree
from ledger.audit.trusting import Trusted
from ledger.audit.writing import alone, drop_narrower, write
from ledger.keys.events import KeyRotated
from ledger.recorded import LEDGER
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES, root
from tlog.notes import Verifier
from tlog.tiles import WIDTH, Tile, bundle_of, entries_of, hashes_from, tile_at

T = TypeVar("T")

PARALLEL: Final = 8
"""Files under way at once."""
_MOST_STARTS: Final = 5
_ROTATED: Final = KeyRotated.type.encode()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A folder that is a whole log."""

    checkpoint: Checkpoint
    signed_by: Sequence[Verifier]
    trust: Trusted
    loaded: int
    """Files that were not there."""


async def fetch(
    server: Server, path: Path, pinned: Sequence[Verifier], bar: Bar, parallel: int = PARALLEL
) -> Fetched:
    """Brings the log below `server` into the folder `path`, made where there is none.

    It is checked with the `pinned` keys; else with those of the folder; else with those the server names.
    Raises DoesNotHold for a server that lies, Unreachable for one that does not answer, Unusable.
    """
    with alone(path) as folder:
        note = await _note(server)
        served = await _served_keys(server)
        trust = Trusted(pinned or (folder.keys if folder.has(KEYS) else served), bool(pinned))
        if not trust.keys:
            raise Unusable(f"{server.base} does not say what its log's keys are: --key KEY.")
        for _ in range(_MOST_STARTS):
            try:
                return await _Coming(server, folder, note, trust, bar).load(served, parallel)
            except DoesNotHold as error:
                # A folder that is written anew meanwhile has narrower tiles no more.
                newer = await _note(server) if error.code == "missing" else note
                if newer == note:
                    raise
                note = newer
        raise Unreachable(f"{server.base}: the log changes faster than it can be fetched.")


class _Coming:
    """A log on its way from a server into a folder, as `note` signs it."""

    def __init__(self, server: Server, folder: Folder, note: bytes, trust: Trusted, bar: Bar) -> None:
        """Raises DoesNotHold where none of the keys has signed."""
        self._server = server
        self._folder = folder
        self._note = note
        self._trust = trust
        self._bar = bar
        self._at = server.address(CHECKPOINT)
        self._checkpoint, self._signed_by = signed(note, trust.keys, self._at)
        self._edge: dict[str, bytes] = {}
        self._last: dict[int, tuple[int, bytes]] = {}
        self._keeping = False
        self._loaded = 0

    async def load(self, served: Sequence[Verifier], parallel: int) -> Fetched:
        """Raises DoesNotHold, and has then overwritten nothing of a log that was there before."""
        earlier = [
            signed(self._folder.file(name, LARGEST_TEXT), self._trust.keys, name)[0]
            for name in (CHECKPOINT, NEXT)
            if self._folder.has(name)
        ]
        for before in earlier:
            check_goes_on(before, self._checkpoint, self._at)
        await self._load_edge()
        for before in earlier:
            check_beginning(before, await self._root_at(before.size), self._at)
        self._last.clear()
        self._keeping = True
        write(self._folder, NEXT, self._note)
        for name, content in self._edge.items():
            write(self._folder, name, content)
        self._bar.of(self._checkpoint.size)
        for group in range(-(-self._checkpoint.size // WIDTH**2)):
            await self._load_group(group, parallel)
        self._finish(self._all_keys(served))
        return Fetched(self._checkpoint, self._signed_by, self._trust, self._loaded)

    async def _load_edge(self) -> None:
        for tile in edge_of(self._checkpoint.size):
            self._edge[tile.path] = content = await self._asked(tile)
            with self._said_of(tile):
                check_width(tile, content)
        check_root(self._checkpoint, self._edge, self._at)

    async def _root_at(self, size: int) -> bytes:
        """The root that the log had at a size."""
        tiles = {}
        for tile in edge_of(size):
            assert tile.level is not None
            tiles[tile.path] = (await self._hashes(tile.level, tile.index))[: tile.width * HASH_BYTES]
        return root(size, hashes_from(lambda tile: tiles[tile.path], size))

    async def _load_group(self, group: int, parallel: int) -> None:
        """The entries below one tile of level 1, and the tiles above them."""
        size = self._checkpoint.size
        first, end = group * WIDTH, min((group + 1) * WIDTH, -(-size // WIDTH))
        above = await self._hashes(1, group) if first < size // WIDTH else b""
        indexes = iter(range(first, end))

        async def load() -> None:
            for index in indexes:
                start = (index - first) * HASH_BYTES
                await self._load_bundle(index, above[start : start + HASH_BYTES])

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(parallel):
                    tasks.create_task(load())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _load_bundle(self, index: int, above: bytes) -> None:
        tile = tile_at(0, index, self._checkpoint.size)
        bundle = Tile(None, index, tile.width)
        if tile.width < WIDTH:
            leaves = self._edge[tile.path]
            await self._file(bundle, lambda content: check_bundle(bundle, content, leaves))
        else:
            # The tile is what its entries' hashes are: half of all files need not be asked for.
            leaves = await self._file(bundle, lambda content: check_leaves(bundle, content, above))
            if not self._is(tile, leaves):
                write(self._folder, tile.path, leaves)
        self._bar(bundle.width)

    def _is(self, tile: Tile, content: bytes) -> bool:
        with suppress(DoesNotHold):
            return self._folder.read(tile) == content
        return False

    async def _hashes(self, level: int, index: int) -> bytes:
        """A tile's, checked up to the root; the last one of each level is kept."""
        tile = tile_at(level, index, self._checkpoint.size)
        if tile.width < WIDTH:
            return self._edge[tile.path]
        number, content = self._last.get(level, (-1, b""))
        if number != index:
            start = index % WIDTH * HASH_BYTES
            above = (await self._hashes(level + 1, index // WIDTH))[start : start + HASH_BYTES]
            content = await self._file(tile, lambda found: check_tile(tile, found, above))
            self._last[level] = index, content
        return content

    async def _file(self, tile: Tile, check: Callable[[bytes], T]) -> T:
        """A file that is there and good, or else the server's; what `check` makes of it."""
        with suppress(DoesNotHold):
            return check(self._folder.read(tile))
        content = await self._asked(tile)
        with self._said_of(tile):
            checked = check(content)
        if self._keeping:
            write(self._folder, tile.path, content)
            self._loaded += 1
        return checked

    async def _asked(self, tile: Tile) -> bytes:
        content = await self._server.get(tile.path, largest(tile))
        if content is None and tile.width < WIDTH:
            # As the format says: what was narrower may be gone where the tile is full by now.
            full = Tile(tile.level, tile.index)
            content = await self._server.get(full.path, largest(full))
            content = content and _cut(full, content, tile.width)
        if content is None:
            raise DoesNotHold(
                "missing",
                self._server.address(tile.path),
                "the server does not have what the log's checkpoint covers",
                expected="a file",
                found="none",
            )
        return content

    @contextmanager
    def _said_of(self, tile: Tile) -> Iterator[None]:
        """What does not hold, does so of the server's file."""
        try:
            yield
        except DoesNotHold as error:
            if error.at != tile.path:
                error.said = f"{error.at} is {error.said}"
            error.at = self._server.address(tile.path)
            raise

    def _all_keys(self, served: Sequence[Verifier]) -> Sequence[Verifier]:
        """Those that it was checked with, and what the server names beside if it has signed as well and an
        entry records it: a new key, when the log's is changed, signs beside the old one for a while. Anybody
        can add a signature to a checkpoint, and none but the log an entry.
        """
        _, signers = signed(self._note, [*self._trust.keys, *served], self._at)
        new = [key for key in signers if key not in self._trust.keys]
        recorded = self._recorded_keys() if new else ()
        return list(dict.fromkeys([*self._trust.keys, *(key for key in new if str(key) in recorded)]))

    def _recorded_keys(self) -> Collection[str]:
        found = set()
        for entries in Tree(self._checkpoint, self._folder).bundles():
            for entry in entries:
                if _ROTATED in entry:
                    with suppress(MalformedEvent):
                        head = parse(entry)
                        if (head.service, head.type) == (LEDGER, KeyRotated.type):
                            found.add(str(head.envelope["data"].get("verifier_key")))
        return found

    def _finish(self, keys: Sequence[Verifier]) -> None:
        """The checkpoint is in its place; then what the log was on the way to it goes."""
        write(self._folder, KEYS, "".join(f"{key}\n" for key in keys).encode())
        write(self._folder, CHECKPOINT, self._note)
        (self._folder.path / NEXT).unlink()
        drop_narrower(self._folder, self._checkpoint.size)


async def _note(server: Server) -> bytes:
    note = await server.get(CHECKPOINT, LARGEST_TEXT)
    if note is None:
        raise Unreachable(f"{server.address(CHECKPOINT)}: there is no log, or none that you may see.")
    return note


async def _served_keys(server: Server) -> Sequence[Verifier]:
    """What the server says are the log's keys: in a file beside it, or in the answer that describes it."""
    text = await server.get(KEYS, LARGEST_TEXT)
    at = server.address(KEYS)
    if text is None:
        answer = await server.get("", LARGEST_TEXT)
        try:
            text = "".join(f"{key}\n" for key in loads(answer or b"")["keys"]).encode()
        except (ValueError, KeyError, TypeError, RecursionError):
            return ()
        at = server.base
    return keys_of(text, at)


def _cut(tile: Tile, content: bytes, width: int) -> bytes:
    if tile.level is not None:
        return content[: width * HASH_BYTES]
    try:
        return bundle_of(entries_of(content)[:width])
    except ValueError:
        return content
