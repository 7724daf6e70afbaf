"""Does to the pieces what the schedule says while commands are sent, and undoes it when its time has come."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from faults.driver import Driver
from faults.schedule import Fault
from rigs.pieces import PIECES, Pieces

AHEAD: Final = 20
"""Commands that are sent while the next fault still waits for its target to be there."""
LONGEST: Final = 2.0
"""Seconds until a fault is undone though nothing can be sent while it lasts."""
SLOW: Final = 0.03


class Player:
    def __init__(self, pieces: Pieces, driver: Driver) -> None:
        self._pieces = pieces
        self._driver = driver
        self._over = False
        self.done: Counter[tuple[str, str]] = Counter()
        """By kind and target: the faults that took effect."""

    async def round(self, faults: Sequence[Fault]) -> None:
        """Afterwards everything is undone and every piece started."""
        began = self._driver.sent
        try:
            async with asyncio.TaskGroup() as group:
                for fault in faults:
                    self._driver.most = began + fault.at + AHEAD
                    await self._until(began + fault.at)
                    if fault.piece in PIECES:
                        wait = self._pieces.start_again if fault.early else self._pieces.up
                        await wait(fault.piece)
                    if await self._strike(fault):
                        self.done[fault.kind, fault.target] += 1
                    group.create_task(self._undo(fault))
        finally:
            self._over = True
        for name in PIECES:
            await self._pieces.start_again(name)

    def is_over(self) -> bool:
        return self._over

    async def _until(self, sent: int, seconds: float = 60.0) -> None:
        clock = asyncio.get_running_loop()
        until = clock.time() + seconds
        while self._driver.sent < sent and clock.time() < until:  # noqa: ASYNC110 - no event for a number
            await asyncio.sleep(0.01)

    async def _strike(self, fault: Fault) -> bool:
        """Whether there was anything to strike."""
        pieces, target = self._pieces, fault.target
        match fault.kind:
            case "kill":
                return await pieces.kill(target)
            case "backend":
                return await pieces.kill_backend(target)
            case "stop":
                pieces.stop(target)
            case "relay":
                await pieces.take_relays_lock(target)
            case "cut":
                pieces.ways[target].cut()
            case "shut":
                pieces.ways[target].shut()
            case "hold":
                pieces.ways[target].hold()
            case "slow":
                pieces.ways[target].delay = SLOW
        return True

    async def _undo(self, fault: Fault) -> None:
        await self._until(self._driver.sent + fault.lasts, LONGEST)
        match fault.kind:
            case "kill":
                await self._pieces.start_again(fault.target)
            case "stop":
                self._pieces.go_on(fault.target)
            case "shut" | "hold" | "slow":
                self._pieces.ways[fault.target].clear()
