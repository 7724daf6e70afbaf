"""One performance from the first step to the last figure: progress on stderr, tables on stdout."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from uuid import uuid4

import stamina.instrumentation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.conversation import Conversation
from demo.figures import compare, table
from demo.player import Player
from demo.script import Script, Turn, load

_NARROWEST = 100
"""Characters that the widest table needs; more lines than the terminal's own are better than cut figures."""


def perform(folder: Traversable, bases: Mapping[str, str], token: Callable[[str], str]) -> int:
    """Plays the script of a folder; returns how many figures differ from it. Raises CannotPlay."""
    script = load(folder)
    out = Console()
    out.width = max(out.width, _NARROWEST)
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
    for one in compared:
        out.print(table(one), "", sep="\n")
    differences = sum(one.differences for one in compared)
    out.print(f"Alliance {player.known['alliance']}", highlight=False)
    return differences


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
    return f"{turn.action.on or turn.step.date}  {turn.step.number}. {turn.step.what}"
