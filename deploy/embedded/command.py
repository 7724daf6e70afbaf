"""The program `alliance`: thin shells over what the embedded form can do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from embedded.folder import CannotStart, existing
from embedded.tokens import issuer_of

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Data = Annotated[Path, typer.Option(help="The folder that keeps everything.")]


@app.callback()
def alliance() -> None:
    """An alliance of small companies: who gave, who got, provably."""


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="Who the bearer is: any name, always the same person.")],
    data: Data = Path("var"),
) -> None:
    """Print an access token, good for an hour."""
    with in_one_sentence():
        typer.echo(issuer_of(existing(data)).token(name))


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Ends the program with a `CannotStart`'s sentence and exit status 1, whichever task it came from."""
    sentence = None
    try:
        yield
    except* CannotStart as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        sentence = str(error)
    if sentence is not None:
        raise SystemExit(sentence)
