"""Who may do what in the members service."""

from collections.abc import Mapping
from typing import Final

from members.alliance import domain as alliance
from service.permissions import COORDINATOR, Rule

RULES: Final[Mapping[type, Rule]] = {
    alliance.Grant: COORDINATOR,
    alliance.Withdraw: COORDINATOR,
}
