"""What the books make of the members service's events: dues when paid, hours of the common life.

Who stands where in the alliance posts nothing.
"""

from typing import Final

from ledger.posting.shared import rules_of
from ledger.posting.transactions import Rules

RULES: Final[Rules] = rules_of("members")
