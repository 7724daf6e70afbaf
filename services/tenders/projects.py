"""How the projects of this service are called: each lot of an opportunity is one of its own."""

from uuid import UUID


def opportunity_project(opportunity: UUID) -> str:
    return f"opportunity/{opportunity}"


def lot_project(opportunity: UUID, lot: int) -> str:
    """What is given and got for a lot, from the first bid hour to the last payment."""
    return f"opportunity/{opportunity}/lot/{lot}"


def id_of(stream: str) -> UUID:
    """The id in the name of a stream `<name>/<id>`."""
    return UUID(stream.partition("/")[2])
