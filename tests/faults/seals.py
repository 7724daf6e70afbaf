"""Reads the logs' checkpoints all through a round: what was shown once must hold for ever."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import httpx

from faults.orders import Alliance
from rigs.pieces import Pieces
from tlog.checkpoints import Checkpoint
from tlog.merkle import EMPTY, Frontier, leaf_hash
from tlog.notes import Note, Unsigned, Verifier

EVERY_SECONDS: Final = 0.05


class Seals:
    """`wrong` has what should not have been shown; `shown`, by alliance and size, the roots that were."""

    def __init__(self, pieces: Pieces, client: httpx.AsyncClient, alliances: Sequence[Alliance]) -> None:
        self._pieces = pieces
        self._client = client
        self._alliances = alliances
        self._keys: dict[str, list[str]] = {}
        self._last: dict[str, int] = defaultdict(int)
        self.shown: dict[str, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self.wrong: list[str] = []

    async def watch(self, over: Callable[[], bool]) -> None:
        """Until `over`."""
        while not over():
            for alliance in self._alliances:
                await self.look(alliance)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self, alliance: Alliance) -> int:
        """The size shown now; 0 where the ledger does not answer, or not with a checkpoint."""
        try:
            if alliance.id not in self._keys:
                answer = await self._get(alliance, "/log")
                keys = answer.json()["keys"] if answer.status_code == 200 else []
                if not keys:
                    return 0
                self._keys[alliance.id] = keys
            answer = await self._get(alliance, "/log/checkpoint")
        except httpx.TransportError:
            return 0
        if answer.status_code != 200:
            return 0
        note = Note.parse(answer.content)
        checkpoint = Checkpoint.parse(note.text)
        try:
            if not note.times(map(Verifier.parse, self._keys[alliance.id])):
                raise Unsigned("no key of the log has signed")
        except Unsigned as error:
            self.wrong.append(f"{alliance.id}: checkpoint of {checkpoint.size}: {error}")
        if checkpoint.size < self._last[alliance.id]:
            self.wrong.append(
                f"{alliance.id}: the checkpoint went from {self._last[alliance.id]} back to {checkpoint.size}"
            )
        self._last[alliance.id] = checkpoint.size
        self.shown[alliance.id][checkpoint.size].add(checkpoint.root)
        return checkpoint.size

    def judge(self, alliance: Alliance, entries: Sequence[bytes]) -> None:
        """Every checkpoint ever shown against the entries that there are."""
        frontier, roots = Frontier(), [EMPTY]
        for entry in entries:
            frontier.append(leaf_hash(entry))
            roots.append(frontier.root())
        for size, shown in self.shown[alliance.id].items():
            if size >= len(roots) or shown != {roots[size]}:
                self.wrong.append(f"{alliance.id}: the checkpoint of {size} is not that of the entries")

    async def _get(self, alliance: Alliance, rest: str) -> httpx.Response:
        return await self._client.get(
            f"{self._pieces.base('ledger')}/v1/alliances/{alliance.id}{rest}",
            headers={"Authorization": f"Bearer {self._pieces.token(alliance.reader)}"},
        )
