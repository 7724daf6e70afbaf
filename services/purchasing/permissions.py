"""Who may do what in the purchasing service."""

from collections.abc import Mapping
from typing import Any, Final

from declarations.permissions import RULES as DECLARATIONS
from obligations.permissions import RULES as OBLIGATIONS
from purchasing.campaign import commands as campaign
from purchasing.clearing import domain as clearing
from service.document_api import EraseDocument
from service.permissions import COORDINATOR, INDEPENDENT, NOBODY, OWN_COMPANY, Rule
from standing import Given, Role

FEWEST_IN_A_TOTAL: Final = 3
"""Of fewer, a total tells each member the others' figures."""


def reads_all(given: Given) -> bool:
    """Whether every member's figures open to the caller."""
    return given.has(Role.INDEPENDENT, Role.AUDITOR) or _independent_coordinator(given)


def _independent_coordinator(given: Given) -> bool:
    return given.has(Role.COORDINATOR) and given.standing.charters[-1].coordinator_independent


def _others_price(given: Given, state: Any, command: Any) -> bool:
    return FIGURES.test(given, state, command) and not given.acts_for(command.company)


def _others_advance(given: Given, state: Any, command: Any) -> bool:
    paid = state.prefinancing if state is not None else None
    return FIGURES.test(given, state, command) and not (paid and given.acts_for(paid.company))


def _enough(given: Given, state: Any, command: Any) -> bool:
    enough = state is None or len(state.frozen) >= FEWEST_IN_A_TOTAL
    return given.has(Role.COORDINATOR) and enough


FIGURES: Final = INDEPENDENT | Rule(
    "the coordinator where the charter says it is independent",
    lambda given, state, command: _independent_coordinator(given),
)
ATTESTS_PRICE: Final = Rule(f"{FIGURES.words}; of another company than its own", _others_price)
ATTESTS_ADVANCE: Final = Rule(f"{FIGURES.words}; of another company than its own", _others_advance)
TOTALS: Final = FIGURES | Rule("the coordinator where at least three take part", _enough)

RULES: Final[Mapping[type, Rule]] = {
    campaign.DraftCampaign: COORDINATOR,
    campaign.InviteNeeds: COORDINATOR,
    campaign.RecordNeed: OWN_COMPANY,
    campaign.AttestFormerPrice: ATTESTS_PRICE,
    campaign.InviteQuotes: COORDINATOR,
    campaign.RecordQuote: COORDINATOR,
    campaign.ChooseQuote: COORDINATOR,
    campaign.InviteCommitments: COORDINATOR,
    campaign.Commit: OWN_COMPANY,
    campaign.WithdrawCommitment: OWN_COMPANY,
    campaign.CompareMethods: COORDINATOR | INDEPENDENT,
    campaign.ChooseMethod: COORDINATOR,
    campaign.AcceptRoundUp: OWN_COMPANY,
    campaign.Freeze: COORDINATOR,
    campaign.Extend: COORDINATOR,
    campaign.Cancel: COORDINATOR,
    campaign.Order: COORDINATOR | INDEPENDENT,
    campaign.TakeLead: OWN_COMPANY,
    campaign.Prefinance: OWN_COMPANY,
    campaign.AttestPrefinancing: ATTESTS_ADVANCE,
    campaign.Receive: TOTALS,
    campaign.RecordInvoice: TOTALS,
    campaign.Allocate: FIGURES,
    campaign.Settle: COORDINATOR | INDEPENDENT,
    clearing.Clear: NOBODY,
    EraseDocument: COORDINATOR | OWN_COMPANY,
    **OBLIGATIONS,
    **DECLARATIONS,
}
