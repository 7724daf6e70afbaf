"""Owns each service's part of the walk through the product: every operation once, in an order that works.
Publishes `PARTS`, in the order in which they are walked.
Never asserts anything beyond success: other tests say what the answers hold.
"""

from collections.abc import Sequence

from rigs.walk import Part
from rigs.walks import ledger, members, purchasing, tenders

PARTS: Sequence[Part] = (purchasing.walk, tenders.walk, ledger.walk, members.walk)
"""Members last: companies leave in it."""
