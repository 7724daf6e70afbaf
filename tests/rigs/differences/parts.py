"""The parts of the year, in their order."""

from collections.abc import Awaitable, Callable
from typing import Final

from rigs.differences.common_life import closing, common_life, deciding, leaving
from rigs.differences.purchase import buying, collecting, committing, giving_up
from rigs.differences.tender import bidding, losing, winning
from rigs.differences.year import Year

Part = Callable[[Year], Awaitable[None]]
PARTS: Final[tuple[Part, ...]] = (
    closing,
    giving_up,
    collecting,
    committing,
    buying,
    bidding,
    losing,
    winning,
    common_life,
    deciding,
    leaving,
)
