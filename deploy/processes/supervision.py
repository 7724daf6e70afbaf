"""A process that is kept running: started again when it ends though nobody stopped it, and said so."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from embedded.folder import CannotStart

LOOK_SECONDS: Final = 0.1
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""One that lived so long is started again without waiting longer than the first time."""


class Child:
    """`spawn` starts it, writing to `log`. While `mark` exists the operator wants it stopped."""

    def __init__(
        self,
        name: str,
        spawn: Callable[[], subprocess.Popen[bytes]],
        log: Path,
        mark: Path,
        say: Callable[[str], None],
        changed: Callable[[], None],
        seconds_to_stop: float,
    ) -> None:
        self.name = name
        self._spawn = spawn
        self._log = log
        self._mark = mark
        self._say = say
        self._changed = changed
        self._seconds_to_stop = seconds_to_stop
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        # Not in a thread: cancelled in between, a process would be left that nobody knows.
        self._process = self._spawn()
        self._changed()

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """For its first start. Raises `CannotStart` with what it said when it ends before, or is late."""
        try:
            async with asyncio.timeout(seconds):
                while not await ready():
                    assert self._process is not None
                    if self._process.poll() is not None:
                        raise CannotStart(f"{self.name} does not start: {self.last_words()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise CannotStart(f"{self.name} is not ready yet after {seconds:.0f} seconds.") from None

    async def keep(self) -> None:
        """Until cancelled."""
        clock = asyncio.get_running_loop()
        delay, since = FIRST_DELAY, clock.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._mark.exists():
                if self._process is not None:
                    await self.stop()
                    self._say(f"{self.name} is stopped, until: alliance start {self.name}")
                continue
            if self._process is not None and (status := self._process.poll()) is not None:
                if clock.time() - since > STEADY_SECONDS:
                    delay = FIRST_DELAY
                self._say(
                    f"{self.name} ended ({_how(status)}): {self.last_words()}"
                    f" It is started again in {delay:.1f} seconds."
                )
                self._process = None
                self._changed()
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY)
            if self._process is None and not self._mark.exists():
                self.start()
                since = clock.time()
                self._say(f"{self.name} is started again.")

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when that takes too long."""
        process = self._process
        if process is None:
            return
        for number, seconds in ((signal.SIGTERM, self._seconds_to_stop), (signal.SIGKILL, 5.0)):
            with suppress(subprocess.TimeoutExpired):
                process.send_signal(number)
                await asyncio.to_thread(process.wait, seconds)
                break
            self._say(f"{self.name} does not end, and is killed.")
        self._process = None
        self._changed()

    def last_words(self) -> str:
        """The sentence with which it gave up, or where to look."""
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        if not lines or _is_record(lines[-1]):
            return f"{self._log} says more."
        return lines[-1]


def _how(status: int) -> str:
    return f"status {status}" if status >= 0 else signal.Signals(-status).name


def _is_record(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
