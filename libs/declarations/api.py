"""What a service adds to have declarations: classes, rights, tables and routes (`Declarations`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import MetaData

from declarations.domain import Arbitrate, Attest, DeclareHours, DeclareMeans, Rests
from declarations.events import vocabulary
from declarations.messages import MESSAGES
from declarations.permissions import RULES
from declarations.project import FindProject
from declarations.routes import router
from declarations.views import Views
from events.envelope import Event
from events.ids import AllianceId
from events.projection import Projectors
from events.store import Transaction
from service.documents import Documents
from service.permissions import Rule
from service.problems import Message
from standing import Given

Load = Callable[[Transaction, Any, Given], Awaitable[Given]]


class Declarations:
    """Hours and means in one service, to be put into its description: `events` into the registry, `rules`,
    `projectors`, `router` and `messages` as they are. `metadata` and `documents` are the service's, `find`
    knows its projects. Where none of these takes `means`, there is no route for them.
    """

    def __init__(
        self,
        service: str,
        metadata: MetaData,
        documents: Documents,
        find: FindProject,
        *,
        means: bool = True,
    ) -> None:
        words = vocabulary(service)
        self.events: Sequence[type[Event]] = words.events
        self.rules: Mapping[type, Rule] = RULES
        self.messages: Mapping[str, Message] = MESSAGES
        self._find = find
        self._views = Views(metadata)
        self.projectors: Projectors = self._views.projectors(words)
        self.router: Final = router(service, self._views, documents, self.load, means=means)

    def load(self, command: object) -> Load:
        """The `load=` of a command: what its decision rests on, read under the alliance's lock.

        Read before it, two declarations of one person's day would not see one another, and both would pass.
        """

        async def load(transaction: Transaction, state: Any, given: Given) -> Given:
            alliance = AllianceId(given.standing.alliance)
            views = self._views
            match command:
                case DeclareHours() | DeclareMeans():
                    given.member(command.company)
                    lines = command.lines if isinstance(command, DeclareHours) else ()
                    project = await self._find(transaction, given, command.project, command.company)
                    return given.with_more(
                        Rests(
                            project=project,
                            others=await views.others(
                                transaction, alliance, (line.person for line in lines), command.declaration
                            ),
                            hours_spent=await views.spent(
                                transaction, alliance, project.name, command.company
                            ),
                            replaced=None
                            if command.replaces is None
                            else await views.replaced(transaction, alliance, command.replaces),
                        )
                    )
                case Attest() | Arbitrate() if state is not None:
                    lines = command.lines if isinstance(command, Arbitrate) else state.work.lines
                    people = (line.person for line in lines)
                    others = await views.others(transaction, alliance, people, state.id)
                    return given.with_more(Rests(others=others))
            return given

        return load
