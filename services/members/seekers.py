"""Who reads of an alliance that it is not in yet: the people of a company that applies."""

from typing import Annotated

from fastapi import Depends

from events.errors import NotFound
from service.auth import Authenticated
from service.commands import AlliancePath, Running
from standing import Given


async def _seeker(caller: Authenticated, service: Running, alliance: AlliancePath) -> Given:
    given = await service.given(caller.person, alliance, strangers=True)
    if not given.standing.roles_of(caller.person) and not given.applying:
        raise NotFound("alliance_unknown")
    return given


Seeker = Annotated[Given, Depends(_seeker)]
"""Like `Viewer`, and for applicants too: the route shows these their own company and the alliance's name."""
