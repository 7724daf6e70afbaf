"""Roles of people and states of memberships, as every service knows them."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person may be in an alliance; the last two for one company."""

    COORDINATOR = "coordinator"
    INDEPENDENT = "independent_person"
    AUDITOR = "auditor"
    DIRECTOR = "director"
    DELEGATE = "delegate"


OF_A_COMPANY: Final = frozenset({Role.DIRECTOR, Role.DELEGATE})


class Status(StrEnum):
    """Where a membership stands (domain.md, "Membership")."""

    APPLIED = "applied"
    PILOT = "pilot"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    NOTICE = "notice_given"
    LEFT = "left"
    REJECTED = "rejected"
    EXPELLED = "expelled"


COMMITTING: Final = frozenset({Status.PILOT, Status.ACTIVE})
"""Who may take on something new."""

PRESENT: Final = frozenset({*COMMITTING, Status.SUSPENDED, Status.NOTICE})
"""Who is in the alliance: its people see it."""
