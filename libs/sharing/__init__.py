"""Owns how a gain is shared: tier prices, sharing methods, Shapley values and the checks on any split.
Publishes VolumeGame, Schedule, share, all_methods and the exact functions beneath them.
Never does I/O, never rounds but once at the end, and never draws at random.
"""

from sharing.checks import Core, core, marginal_contributions
from sharing.game import CannotShare, Member, VolumeGame
from sharing.methods import Method
from sharing.result import Row, Sharing, all_methods, share
from sharing.shapley import shapley, shapley_airport, shapley_volume
from sharing.tiers import Order, Schedule, Tier, TierKind

__all__ = [
    "CannotShare",
    "Core",
    "Member",
    "Method",
    "Order",
    "Row",
    "Schedule",
    "Sharing",
    "Tier",
    "TierKind",
    "VolumeGame",
    "all_methods",
    "core",
    "marginal_contributions",
    "shapley",
    "shapley_airport",
    "shapley_volume",
    "share",
]
