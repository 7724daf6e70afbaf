"""Who may do what in the tenders service."""

from collections.abc import Mapping
from typing import Final

from service.permissions import Rule

RULES: Final[Mapping[type, Rule]] = {}
