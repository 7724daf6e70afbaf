"""Who may declare, attest and reverse. A declaration that does not exist forbids nothing here: the decision
answers that there is none.
"""

from collections.abc import Mapping
from typing import Any, Final

from declarations.domain import (
    Arbitrate,
    Attest,
    Contest,
    DeclareHours,
    DeclareMeans,
    Reverse,
    attestable_by,
)
from service.permissions import OWN_COMPANY, Rule
from standing import Given, Role


def _other_side(given: Given, state: Any, command: Any) -> bool:
    return state is None or attestable_by(state, given)


def _independent(given: Given, state: Any, command: Any) -> bool:
    return given.has(Role.INDEPENDENT) and (state is None or not given.acts_for(state.company))


def _declarer(given: Given, state: Any, command: Any) -> bool:
    return state is None or given.acts_for(state.company)


OTHER_SIDE: Final = Rule(
    "never for the own company: coordinator, who acts for the counterparty, independent person; of the"
    " coordinator's own, the independent person alone",
    _other_side,
)
INDEPENDENT_OF_IT: Final = Rule("independent person, never for the own company", _independent)
DECLARER: Final = Rule("director or delegate of the company that declared it", _declarer)

RULES: Final[Mapping[type, Rule]] = {
    DeclareHours: OWN_COMPANY,
    DeclareMeans: OWN_COMPANY,
    Attest: OTHER_SIDE,
    Contest: OTHER_SIDE,
    Arbitrate: INDEPENDENT_OF_IT,
    Reverse: DECLARER | INDEPENDENT_OF_IT,
}
