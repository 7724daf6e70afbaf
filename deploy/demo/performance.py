"""One performance from the first step to the last figure: progress on stderr, tables on stdout."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from uuid import uuid4

import stamina.instrumentation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.conversation import Conversation
from demo.figures import Compared, compare, table
from demo.player import Player
from demo.script import Script, Turn, load


@dataclass(frozen=True)
class Performed:
    alliance: str
    differences: int
    """Figures that are not those of the script."""


def perform(folder: Traversable, bases: Mapping[str, str], token: Callable[[str], str]) -> Performed:
    """Plays the script of a folder and prints what came out. Raises CannotPlay."""
    script = load(folder)
    stamina.instrumentation.set_on_retry_hooks([])  # the progress tells enough
    conversation = Conversation(bases, token)
    try:
        player = Player(script, conversation, uuid4().hex[:12])
        with _shown_turns(script) as begin:
            for turn in script.turns:
                begin(turn)
                player.play(turn)
        compared = [compare(figures, conversation, player.known) for figures in script.figures]
    finally:
        conversation.close()
    _print(compared)
    return Performed(player.known["alliance"], sum(one.differences for one in compared))


def _print(compared: Sequence[Compared]) -> None:
    out = Console()
    for one in compared:
        drawn = table(one)
        # On a narrow terminal a line that goes on below is better than a figure that is cut.
        out.width = max(out.width, Console(width=1000).measure(drawn).maximum)
        out.print(one.figures.title, style="bold", highlight=False)
        out.print(drawn if one.lines else "nothing, as expected", "", sep="\n")


@contextmanager
def _shown_turns(script: Script) -> Iterator[Callable[[Turn], None]]:
    """A bar on a terminal; elsewhere a line a turn."""
    errors = Console(stderr=True)
    total = len(script.turns)
    if not errors.is_terminal:
        done = iter(range(1, total + 1))
        yield lambda turn: errors.print(f"{next(done)}/{total} {_said(turn)}", soft_wrap=True, markup=False)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=errors) as progress:
        bar = progress.add_task("", total=total)

        def begin(turn: Turn) -> None:
            progress.update(bar, completed=script.turns.index(turn), description=_said(turn))

        yield begin
        progress.update(bar, completed=total, description="")


def _said(turn: Turn) -> str:
    return f"{turn.action.on or turn.step.date}  {turn.key}  {turn.step.what}"
