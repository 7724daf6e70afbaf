"""The program `alliance`: thin shells over what the embedded form can do."""

import shlex
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
import uvloop

from demo.conversation import CannotPlay
from demo.performance import perform
from embedded.calling import call
from embedded.folder import existing, held, in_one_sentence
from embedded.tokens import issuer_of
from events.ids import AllianceId
from processes.command import databases, migrate, run_kafka, secrets, serve, start, stop, topics, witness
from processes.key_command import keys
from processes.whereabouts import bases
from service.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.add_typer(keys, name="keys")

for command in (call, serve, databases, migrate, topics, secrets, run_kafka, stop, start, witness):
    app.command()(command)

Data = Annotated[Path, typer.Option(help="The folder that keeps everything.")]
Named = Literal["members", "purchasing", "tenders", "ledger"]
Reached = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The folder that keeps everything; unless given, the services that the environment tells of"
        " (MEMBERS_DATABASE_URL, …), or else the folder var.",
    ),
]


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
    # Four services take two seconds to import: the other commands shall not wait for them.
    from embedded import app as embedded_app  # noqa: PLC0415
    from service.serve import listen  # noqa: PLC0415

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


@app.command()
def status(data: Reached = None) -> None:
    """Print for each service what waits to be relayed, and which alliances stand still and why."""
    from embedded.operating import status as stands  # noqa: PLC0415

    with in_one_sentence():
        for line in uvloop.run(stands(data)):
            typer.echo(line)


@app.command()
def resume(
    alliance: Annotated[UUID, typer.Argument(help="The alliance's id.")],
    service: Annotated[Named, typer.Option(help="Where it stands still.")] = "ledger",
    data: Reached = None,
) -> None:
    """Let an alliance that stands still in a service go on, once the cause is removed."""
    from embedded.operating import resume as resumed  # noqa: PLC0415

    with in_one_sentence():
        typer.echo(uvloop.run(resumed(data, service, AllianceId(alliance))))


@app.command()
def rewind(
    service: Annotated[Named, typer.Argument(help="Whose events are sent again.")],
    alliance: Annotated[str, typer.Argument(help="The alliance's id, or: all.")],
    data: Reached = None,
) -> None:
    """Have a service send its events again: heals a gap and a lost topic; who has them passes them over."""
    from embedded.operating import rewind as rewound  # noqa: PLC0415

    try:
        only = None if alliance == "all" else AllianceId(UUID(alliance))
    except ValueError:
        raise typer.BadParameter(f"{alliance!r} is neither an alliance's id nor: all") from None
    with in_one_sentence():
        typer.echo(uvloop.run(rewound(data, service, only)))


@app.command()
def restore(
    service: Annotated[Named, typer.Argument(help="Whose database was put back.")], data: Reached = None
) -> None:
    """Have a service take back from its topic what its database lost, before it takes commands again."""
    from embedded.operating import restore as restored  # noqa: PLC0415

    with in_one_sentence():
        typer.echo(uvloop.run(restored(data, service)))


@app.command()
def rebuild(
    service: Annotated[Literal["ledger"], typer.Argument(help="Whose books.")], data: Reached = None
) -> None:
    """Work out again all that the ledger shows, from its log as its topic has it; it is served meanwhile."""
    from processes.rebuilding import rebuild as rebuilt  # noqa: PLC0415 - all that it posts by

    with in_one_sentence():
        for line in uvloop.run(rebuilt(data)):
            typer.echo(line)


@app.command()
def export_log(
    alliance: Annotated[UUID, typer.Argument(help="The alliance's id.")],
    folder: Annotated[Path, typer.Argument(help="Made where it is not there; an earlier export goes on.")],
    data: Reached = None,
) -> None:
    """Write the sealed log of an alliance into a folder: the files that the ledger serves, byte for byte."""
    from processes.exporting import export_log as exported  # noqa: PLC0415

    with in_one_sentence():
        typer.echo(uvloop.run(exported(data, AllianceId(alliance), folder)))


@app.command()
def move_log(data: Data = Path("var")) -> None:
    """Move the log of a stopped product from its PostgreSQL to Kafka; everything is kept."""
    from embedded.operating import move_log as moved  # noqa: PLC0415

    with in_one_sentence():
        for line in uvloop.run(moved(data)):
            typer.echo(line)


@app.command()
def documents(
    folder: Annotated[Path, typer.Option(help="Where they are kept.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Compare, and write nothing.")] = False,
) -> None:
    """Write what is published of routes, events and rights; exit status 1 where a published event breaks.

    A version of an event that never left the house may be changed: delete its file first.
    """
    from embedded.documents import publish  # noqa: PLC0415 - all four services, which take their time

    if faults := publish(folder, check=check):
        raise SystemExit("\n".join(faults))


@app.command()
def demo(
    url: Annotated[
        str | None,
        typer.Option(help="Where all four services are, each below its name; else as the folder says."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Where they are together here, where the folder says nothing.")
    ] = 8000,
    data: Data = Path("var"),
    members: Annotated[
        str | None, typer.Option(help="Where this service is, if it is not below URL.")
    ] = None,
    purchasing: Annotated[str | None, typer.Option(help="The same.")] = None,
    tenders: Annotated[str | None, typer.Option(help="The same.")] = None,
    ledger: Annotated[str | None, typer.Option(help="The same.")] = None,
    token_command: Annotated[
        str | None,
        typer.Option(
            help="Prints a token for the subject given last; unless given, the data folder's issuer."
        ),
    ] = None,
    story: Annotated[Path | None, typer.Option(help="A folder with another story.")] = None,
) -> None:
    """Play the demonstration in an alliance of its own; exit status 1 when a figure is not the expected."""
    own = {"members": members, "purchasing": purchasing, "tenders": tenders, "ledger": ledger}
    places = {name: own[name] or base for name, base in bases(data, url, port).items()}
    with in_one_sentence():
        token = _printed_by(token_command) if token_command else issuer_of(existing(data)).token
        try:
            performed = perform(story or files("demo").joinpath("story"), places, token)
        except CannotPlay as error:
            raise SystemExit(str(error)) from None
    auditor = f"{token_command} demo-auditor" if token_command else f"make token AS=demo-auditor DATA={data}"
    typer.echo(f"Alliance {performed.alliance}\nA token of its auditor: {auditor}")
    if performed.differences:
        raise SystemExit(f"Figures that are not as expected: {performed.differences}, marked ≠.")


def _printed_by(command: str) -> Callable[[str], str]:
    def token(subject: str) -> str:
        done = subprocess.run([*shlex.split(command), subject], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    return token


if __name__ == "__main__":
    app()
