"""How far a command is, on stderr, and only where that is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """Told by a call how many more are done, and by `of` how many there are in all."""

    def __init__(self, shown: Progress, what: str, total: int | None) -> None:
        self._shown = shown
        self._task = shown.add_task(what, total=total)

    def __call__(self, more: int) -> None:
        self._shown.advance(self._task, more)

    def of(self, total: int) -> None:
        self._shown.update(self._task, total=total)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Bar]:
    console = Console(file=sys.stderr)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield Bar(shown, what, total)
