"""Who may do what in the members service."""

from collections.abc import Mapping
from typing import Final

from members.alliance import domain as alliance
from members.charter import domain as charter
from members.common_life import declarations
from members.decision import domain as decision
from members.directory import domain as directory
from members.dues import domain as dues
from members.membership import domain as membership
from members.tables import obligations
from service.document_api import EraseDocument
from service.permissions import (
    ANY_MEMBER,
    COORDINATOR,
    NOBODY,
    OWN_COMPANY,
    OWN_DIRECTOR,
    Rule,
)
from standing import Role

ANYBODY = Rule("anybody with a token", lambda given, state, command: True)
APPLICANT = Rule(
    "director or delegate of the company that applies",
    lambda given, state, command: command.company in given.applying,
)
FORMER_DIRECTOR = Rule(
    "who was director of the company",
    lambda given, state, command: any(
        granted.person == given.caller
        and granted.role is Role.DIRECTOR
        and granted.company == command.company
        for granted in given.standing.roles
    ),
)
ONESELF = Rule("oneself", lambda given, state, command: given.caller == command.person)

RULES: Final[Mapping[type, Rule]] = {
    alliance.Grant: COORDINATOR,
    alliance.Withdraw: COORDINATOR,
    charter.Propose: COORDINATOR | ANY_MEMBER,
    charter.PutInForce: COORDINATOR,
    decision.Draft: COORDINATOR | ANY_MEMBER,
    decision.Open: COORDINATOR,
    decision.Cast: OWN_COMPANY,
    decision.Close: COORDINATOR,
    membership.Apply: ANYBODY,
    membership.ApplyAgain: COORDINATOR | FORMER_DIRECTOR,
    membership.FillInCard: OWN_COMPANY | APPLICANT,
    membership.Admit: COORDINATOR,
    membership.Activate: COORDINATOR,
    membership.Reject: COORDINATOR,
    membership.Expel: COORDINATOR,
    membership.Suspend: COORDINATOR,
    membership.Reinstate: COORDINATOR,
    membership.GiveNotice: OWN_DIRECTOR,
    membership.NoteClearance: NOBODY,
    membership.Leave: COORDINATOR | OWN_DIRECTOR,
    directory.Register: COORDINATOR | OWN_DIRECTOR,
    directory.Correct: COORDINATOR | OWN_DIRECTOR | ONESELF,
    directory.Erase: COORDINATOR | OWN_DIRECTOR | ONESELF,
    dues.CallDues: COORDINATOR,
    **obligations.rules,
    **declarations.rules,
    EraseDocument: COORDINATOR | OWN_COMPANY,
}
