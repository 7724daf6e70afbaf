"""Who may do what in the purchasing service."""

from collections.abc import Mapping
from typing import Final

from service.permissions import Rule

RULES: Final[Mapping[type, Rule]] = {}
