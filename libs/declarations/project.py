"""What a declaration rests on of the project it is for: each service answers for its own projects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from events.store import Transaction
from standing import Given


@dataclass(frozen=True)
class Project:
    """A project that takes declarations now."""

    name: str
    """`life`, or the subject of the project (`campaign/<id>`)."""
    form: str
    """Of alliance, as the ledger breaks balances down: officers, purchasing, tenders."""
    kinds: frozenset[str]
    """Of work that it takes, as the charter's hourly rates call them."""
    charter_version: int | None = None
    """That the project has pinned; None: the one in force on the posting date."""
    counterparty: UUID | None = None
    """A company whose people may attest, beside the coordinator; nobody attests its own company's."""
    hours_budgeted: Decimal | None = None
    """Set beforehand for the company that declares, over the whole project; None: no budget."""
    means: frozenset[str] = frozenset()
    """What may be declared as means, beside hours: `storage`, or tariffs of the charter."""


FindProject = Callable[[Transaction, Given, str, UUID], Awaitable[Project]]
"""`find(transaction, given, project, company)`, under the alliance's lock: the project as it is for a company
that declares.

Raises NotFound (`project_unknown`) where there is no such project, Refused where it takes no declarations, or
none of this company.
"""
