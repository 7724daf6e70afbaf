"""The program `alliance`: thin shells over what the embedded form can do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from embedded import app as embedded_app
from embedded.folder import CannotStart, existing, held
from embedded.tokens import issuer_of
from service.serve import listen
from service.telemetry import configure_logging

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


@app.command()
def run(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8000,
    data: Data = Path("var"),
) -> None:
    """Run all four services and their database, until Ctrl-C."""
    configure_logging()
    with in_one_sentence(), listen("127.0.0.1", port) as listener, held(data) as folder:

        def ready() -> None:
            base = f"http://127.0.0.1:{port}"
            typer.echo(
                f"The alliance backend is on {base} (documentation: {base}/docs)\n"
                f"Data: {folder.path}\nA token: make token AS=alice\nStop: Ctrl-C",
                err=True,
            )

        uvloop.run(embedded_app.run(folder, listener, ready))


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
