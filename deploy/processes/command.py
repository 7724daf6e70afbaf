"""What the program `alliance` does for services that are processes of their own."""

from typing import Annotated, Literal

import typer
import uvloop

from service.telemetry import configure_logging

Service = Annotated[
    Literal["members", "purchasing", "tenders", "ledger"], typer.Argument(help="Which of the four.")
]


def serve(
    service: Service,
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


def migrate(service: Service) -> None:
    """Bring a service's database to its newest form, as its owner (MEMBERS_OWNER_URL,
    MEMBERS_OWNER_PASSWORD).
    """
    from processes.serving import migrate_service  # noqa: PLC0415

    configure_logging()
    uvloop.run(migrate_service(service))


def topics(
    check: Annotated[
        bool, typer.Option("--check", help="Look whether they are right, and make nothing.")
    ] = False,
) -> None:
    """Make the topics in Kafka and grant the services' users their rights (TOPICS_LOG_URL, TOPICS_LOG_USER,
    …).
    """
    from processes.topics import run  # noqa: PLC0415

    configure_logging()
    uvloop.run(run(check=check))
