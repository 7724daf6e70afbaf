"""Who may do what, as a table: each service's `permissions.py` maps its commands to rules made of these.

The table is what is enforced, what the documentation shows and what the tests go through row by row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.decision import Call
from events.errors import Forbidden, NotFound
from events.ids import SYSTEM
from standing import Given, Role

Test = Callable[[Given, Any, Any], bool]


@dataclass(frozen=True)
class Rule:
    """A right in words, and the test for it; `a | b` is granted to either."""

    words: str
    test: Test

    def __or__(self, other: "Rule") -> "Rule":
        return Rule(
            f"{self.words}; {other.words}",
            lambda given, state, command: (
                self.test(given, state, command) or other.test(given, state, command)
            ),
        )


def role(*roles: Role) -> Rule:
    words = ", ".join(role.replace("_", " ") for role in roles)
    return Rule(words, lambda given, state, command: given.has(*roles))


def company_of(words: str, company: Callable[[Any, Any], Any]) -> Rule:
    """For those who act for the company that `company(state, command)` names."""
    return Rule(words, lambda given, state, command: given.acts_for(company(state, command)))


COORDINATOR = role(Role.COORDINATOR)
INDEPENDENT = role(Role.INDEPENDENT)
AUDITOR = role(Role.AUDITOR)
OWN_COMPANY = company_of("director or delegate of the company", lambda state, command: command.company)
OWN_DIRECTOR = Rule(
    "director of the company",
    lambda given, state, command: any(
        granted.role is Role.DIRECTOR and granted.company == command.company
        for granted in given.standing.roles_of(given.caller)
    ),
)
ANY_MEMBER = Rule("anyone who acts for a member", lambda given, state, command: bool(given.companies))
NOBODY = Rule("the system alone", lambda given, state, command: False)


def permit(rules: Mapping[type, Rule]) -> Callable[[Call, Any, Any, Given], None]:
    """The `permit` of a service's commands. A command without a row is a fault of the program."""

    def check(call: Call, state: Any, command: Any, given: Given) -> None:
        if call.actor == SYSTEM:
            return
        if not rules[type(command)].test(given, state, command):
            if not given.standing.roles_of(given.caller):
                raise NotFound("alliance_unknown")
            raise Forbidden

    return check


def table(rules: Mapping[type, Rule]) -> str:
    """The table in Markdown, for the documentation."""
    lines = ["| command | who |", "|---|---|"]
    lines += [f"| {command.__name__} | {rule.words} |" for command, rule in rules.items()]
    return "\n".join(lines) + "\n"
