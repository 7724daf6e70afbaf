"""`alliance keys …`: what keys open figures and sign logs, and who was given some."""

import re
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
import uvloop

from embedded.folder import in_one_sentence
from events.ids import AllianceId
from ledger.keys.events import RECIPIENT
from service.telemetry import configure_logging

keys = typer.Typer(no_args_is_help=True, help="Keys: hand some out, begin a new epoch, tell a log's.")

Alliance = Annotated[UUID, typer.Option(help="The alliance's id.")]
Data = Annotated[
    Path | None,
    typer.Option(
        help="The folder that keeps everything; unless given, the ledger that the environment tells of"
        " (LEDGER_DATABASE_URL, …), or else the folder var."
    ),
]


@keys.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file, for its owner only; - is the standard output.")],
    alliance: Alliance,
    company: Annotated[
        UUID | None, typer.Option(help="The keys of this company alone; else of all there ever were.")
    ] = None,
    recipient: Annotated[
        str | None, typer.Option("--for", help="Whom they are for: a person's id, or a role. Never a name.")
    ] = None,
    data: Data = None,
) -> None:
    """Write the keys that open sealed figures into a file, once the log tells of it."""
    from processes.keys import exported, require_place, write  # noqa: PLC0415 - the ledger takes its time

    if recipient is not None and not re.fullmatch(RECIPIENT, recipient):
        raise typer.BadParameter("a person's id, or a role such as auditor or director", param_hint="--for")
    configure_logging()
    with in_one_sentence():
        require_place(file)
        write(file, uvloop.run(exported(data, AllianceId(alliance), company, recipient)))
    typer.echo(f"{file} has the keys, and the log of {alliance} tells of it.", err=True)


@keys.command()
def rotate(
    source: Annotated[
        Literal["members", "purchasing", "tenders", "ledger"],
        typer.Argument(help="What seals figures, or (ledger) signs logs."),
    ],
    data: Annotated[Path, typer.Option(help="The folder that keeps the secrets.")] = Path("var"),
) -> None:
    """Begin a new epoch of a source's keys; the old ones stay. Nothing may be running on the folder."""
    from processes.keys import rotate as rotated  # noqa: PLC0415

    with in_one_sentence():
        typer.echo(rotated(data, source))


@keys.command()
def log(alliance: Alliance, data: Data = None) -> None:
    """Print the verifier keys that a log is signed with, the newest first; each begins with its name."""
    from processes.keys import log_keys  # noqa: PLC0415

    with in_one_sentence():
        for key in uvloop.run(log_keys(data, AllianceId(alliance))):
            typer.echo(key)
