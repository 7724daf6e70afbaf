"""Who may say what of an obligation. For the purse the coordinator pays, the independent person attests.

An obligation that does not exist forbids nothing here: the decision answers that there is none.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from obligations.domain import AttestPayment, Cancel, DeclarePayment, Obligation, WithdrawPayment
from service.permissions import Rule
from standing import Given, Role


def _for(words: str, test: Callable[[Given, Obligation], bool]) -> Rule:
    def known(given: Given, state: Any, command: Any) -> bool:
        return state is None or test(given, state)

    return Rule(words, known)


def _pays(given: Given, obligation: Obligation) -> bool:
    return _acts(given, obligation.debtor, Role.COORDINATOR)


def _receives(given: Given, obligation: Obligation) -> bool:
    # Declared by one party, attested by the other: who acts for both is one.
    own = obligation.debtor is not None and given.acts_for(obligation.debtor)
    return _acts(given, obligation.creditor, Role.INDEPENDENT) and not own


def _acts(given: Given, party: UUID | None, officer: Role) -> bool:
    return given.has(officer) if party is None else given.acts_for(party)


_DEBTOR = _for("who acts for the debtor; for the purse, the coordinator", _pays)
_CREDITOR = _for(
    "who acts for the creditor and not for the debtor; for the purse, the independent person", _receives
)

RULES: Final[Mapping[type, Rule]] = {
    DeclarePayment: _DEBTOR,
    WithdrawPayment: _DEBTOR | _CREDITOR,
    AttestPayment: _CREDITOR,
    Cancel: _CREDITOR,
}
