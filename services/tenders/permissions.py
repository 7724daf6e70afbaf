"""Who may do what in the tenders service.

A thing that does not exist forbids nothing here: the decision answers that there is none.
"""

from collections.abc import Mapping
from typing import Any, Final

from service.document_api import EraseDocument
from service.permissions import ANY_MEMBER, COORDINATOR, INDEPENDENT, NOBODY, OWN_COMPANY, Rule
from standing import Given
from tenders.bid import domain as bid
from tenders.clearing import domain as clearing
from tenders.consortium import domain as consortium
from tenders.contract import domain as contract
from tenders.contract import payments
from tenders.contributions import DECLARATIONS, OBLIGATIONS
from tenders.opportunity import domain as opportunity
from tenders.publication import domain as publication


def _leads(given: Given, state: Any, command: Any) -> bool:
    return state is None or given.acts_for(state.lead)


def _unconcerned(given: Given, state: Any, command: Any) -> bool:
    return state is None or not any(map(given.acts_for, state.members))


def _recorded_it(given: Given, state: Any, command: Any) -> bool:
    return (
        state is None
        or command.payment not in state.payments
        or given.acts_for(state.payments[command.payment].by)
    )


LEAD: Final = Rule("director or delegate of the lead", _leads)
WHO_RECORDED: Final = Rule("director or delegate of the company that recorded it", _recorded_it)
OFFICE_UNCONCERNED: Final = Rule(
    "coordinator or independent person, not who acts for a member of the contract",
    lambda given, state, command: (
        (COORDINATOR | INDEPENDENT).test(given, state, command) and _unconcerned(given, state, command)
    ),
)
OWN_TEXT: Final = Rule(
    "director or delegate of the company whose text it is",
    lambda given, state, command: command.company is not None and given.acts_for(command.company),
)

RULES: Final[Mapping[type, Rule]] = {
    publication.Import: ANY_MEMBER | COORDINATOR,
    opportunity.TypeIn: ANY_MEMBER | COORDINATOR,
    opportunity.Go: COORDINATOR,
    opportunity.NoGo: COORDINATOR,
    opportunity.Close: COORDINATOR,
    consortium.Form: OWN_COMPANY,
    consortium.Recompose: LEAD,
    consortium.SetShares: LEAD,
    consortium.Declare: OWN_COMPANY,
    consortium.Sign: OWN_COMPANY,
    consortium.Dissolve: LEAD,
    bid.Draft: OWN_COMPANY,
    bid.Reprice: LEAD,
    bid.Agree: OWN_COMPANY,
    bid.Submit: LEAD,
    bid.Win: LEAD | COORDINATOR,
    bid.Lose: LEAD | COORDINATOR,
    bid.Withdraw: LEAD,
    bid.Cancel: LEAD | COORDINATOR,
    contract.Activate: LEAD | COORDINATOR,
    contract.Complete: LEAD | COORDINATOR,
    contract.Terminate: LEAD | COORDINATOR,
    payments.RecordPayment: OWN_COMPANY,
    payments.WithdrawPayment: WHO_RECORDED | OFFICE_UNCONCERNED,
    payments.AttestPayment: OFFICE_UNCONCERNED,
    payments.ReversePayment: OFFICE_UNCONCERNED,
    clearing.Clear: NOBODY,
    EraseDocument: COORDINATOR | OWN_TEXT,
    **DECLARATIONS.rules,
    **OBLIGATIONS.rules,
}
