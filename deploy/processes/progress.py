"""How far a long job is, on stderr: a bar on a terminal, elsewhere a line at each tenth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Tell = Callable[[int, int], None]
"""`tell(done, of how many)`; the whole may grow."""


@contextmanager
def shown(what: str) -> Iterator[Tell]:
    errors = Console(stderr=True)
    if not errors.is_terminal:
        told = -1

        def say(done: int, of: int) -> None:
            nonlocal told
            tenth = 10 * done // of if of else 10
            if tenth > told:
                told = tenth
                errors.print(f"{what}: {done}/{of}", soft_wrap=True, markup=False, highlight=False)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(bar, completed=done, total=of)
