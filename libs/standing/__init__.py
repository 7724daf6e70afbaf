"""Owns who stands where in an alliance: charters, members and roles, folded from the members service's
events.

Publishes `Standing`, and `Given`: what every decision rests on beside its own stream. Pure.
Never imports a service: events are known by wire name, and a test holds them to the published contract.
"""

from standing.alliance import Charter, Floor, Granted, Member, Standing, Told, evolve
from standing.given import Given, effective_day, given
from standing.roles import COMMITTING, OF_A_COMPANY, PRESENT, Role, Status

__all__ = [
    "COMMITTING",
    "OF_A_COMPANY",
    "PRESENT",
    "Charter",
    "Floor",
    "Given",
    "Granted",
    "Member",
    "Role",
    "Standing",
    "Status",
    "Told",
    "effective_day",
    "evolve",
    "given",
]
