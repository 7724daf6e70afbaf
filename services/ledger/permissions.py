"""Who may do what in the ledger. What may be read of whom stands in `ledger.snapshot`."""

from collections.abc import Mapping
from typing import Final

from ledger.period.domain import ClosePeriod
from service.permissions import COORDINATOR, Rule

RULES: Final[Mapping[type, Rule]] = {ClosePeriod: COORDINATOR}
