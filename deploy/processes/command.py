"""What the program `alliance` does for services that are processes of their own."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvloop

from embedded.folder import existing, held, in_one_sentence
from embedded.secrets import hand_out
from embedded.tokens import issuer_of
from processes import operating
from service.telemetry import configure_logging


class Service(StrEnum):
    """Not a `Literal`: Typer takes no list of these."""

    MEMBERS = "members"
    PURCHASING = "purchasing"
    TENDERS = "tenders"
    LEDGER = "ledger"


One = Annotated[
    Literal["members", "purchasing", "tenders", "ledger", "kafka"],
    typer.Argument(help="One of the four services, or the broker."),
]
Data = Annotated[Path, typer.Option(help="The folder that keeps everything.")]


def serve(
    service: Annotated[Service, typer.Argument(help="Which of the four.")],
    host: Annotated[str, typer.Option(help="The address that it listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port on it.", min=1, max=65535)] = 8000,
) -> None:
    """Run one service, told by environment variables (MEMBERS_DATABASE_URL, …), until SIGTERM or Ctrl-C."""
    # Several seconds for what the other commands do not need.
    from processes.serving import serve_service  # noqa: PLC0415
    from service.serve import listen  # noqa: PLC0415

    configure_logging()
    with listen(host, port) as listener:
        uvloop.run(serve_service(service, listener))


def migrate(
    services: Annotated[list[Service], typer.Argument(help="Which of the four.")],
) -> None:
    """Bring databases to their newest form, each as its owner (MEMBERS_OWNER_URL, …)."""
    from processes.migrating import migrate_services  # noqa: PLC0415

    configure_logging()
    uvloop.run(migrate_services(services))


def databases() -> None:
    """Make databases and roles in a PostgreSQL, or set them right, as its superuser (DATABASES_URL, …)."""
    from processes.databases import run  # noqa: PLC0415

    configure_logging()
    uvloop.run(run())


def secrets(
    data: Annotated[Path, typer.Option(help="The folder that keeps them; what is there stays as it is.")],
) -> None:
    """Make the secrets that containers are given as files, and the key that signs the operator's tokens."""
    with in_one_sentence(), held(data) as folder:
        hand_out(folder)
        issuer_of(folder)
        typer.echo(f"The secrets are in {folder.secrets}: keep a copy elsewhere.", err=True)


def topics(
    check: Annotated[
        bool, typer.Option("--check", help="Look whether they are right, and make nothing.")
    ] = False,
) -> None:
    """Make the topics in Kafka, the services' users whose passwords are told, and grant them their rights
    (TOPICS_LOG_URL, TOPICS_LOG_USER, …).
    """
    from processes.topics import run  # noqa: PLC0415

    configure_logging()
    uvloop.run(run(check=check))


def run_kafka(
    port: Annotated[
        int,
        typer.Option(help="The port of members; the other services have the next three.", min=1, max=65532),
    ] = 8000,
    data: Data = Path("var"),
) -> None:
    """Run PostgreSQL, a Kafka broker and the four services, a process each, until Ctrl-C."""
    from processes.run import run  # noqa: PLC0415

    configure_logging()

    def ready(urls: Mapping[str, str]) -> None:
        lines = "".join(f"  {name:<10} {url} (documentation: {url}/docs)\n" for name, url in urls.items())
        typer.echo(
            f"The alliance backend is on\n{lines}Data: {data}\n"
            f"A token: make token AS=alice DATA={data}\nThe demonstration: make demo DATA={data}\n"
            f"One service alone: alliance stop ledger --data {data}, alliance start ledger --data {data}\n"
            "Stop: Ctrl-C",
            err=True,
        )

    with in_one_sentence(), held(data) as folder:
        uvloop.run(run(folder, port, lambda said: typer.echo(said, err=True), ready))


def stop(name: One, data: Data = Path("var")) -> None:
    """Stop one process of `run-kafka`, until it is told to start."""
    with in_one_sentence():
        typer.echo(operating.stop(existing(data), name))


def start(name: One, data: Data = Path("var")) -> None:
    """Start what was stopped alone."""
    with in_one_sentence():
        typer.echo(operating.start(existing(data), name))


def witness(
    name: Annotated[
        str | None, typer.Option(help="What the witness is called, say witness.example/w1; kept for ever.")
    ] = None,
    log: Annotated[
        list[str] | None, typer.Option(help="The verifier key of a log to sign for, beside those known.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address that it listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port on it.", min=1, max=65535)] = 8010,
    data: Annotated[Path, typer.Option(help="The folder that keeps key and memory.")] = Path("var-witness"),
) -> None:
    """Cosign checkpoints of logs that only ever grew, until SIGTERM or Ctrl-C. Prints the verifier key."""
    from processes.witnessing import serve_witness  # noqa: PLC0415

    configure_logging()
    with in_one_sentence():
        serve_witness(data, name, log or (), host, port, typer.echo)
