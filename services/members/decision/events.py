"""What is published of decisions. A ballot is sealed to its decision, which is nobody: closing opens all."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Percentage


class Matter(StrEnum):
    """What a decision is about; all but `other` name a company or a proposed charter."""

    ADMIT_TO_PILOT = "admit_to_pilot"
    ACTIVATE = "activate"
    REJECT = "reject"
    EXPEL = "expel"
    CHARTER = "charter"
    OTHER = "other"


class Vote(StrEnum):
    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INQUORATE = "inquorate"


class DecisionDrafted(Event, type="alliance.members.decision_drafted.v1"):
    matter: Matter
    company: UUID | None
    proposal: UUID | None
    """The proposed charter."""
    title: Digest
    discussion: Digest | None


class DecisionOpened(Event, type="alliance.members.decision_opened.v1"):
    """Who may vote is frozen, and the rule with it."""

    electorate: tuple[UUID, ...]
    interested: tuple[UUID, ...]
    """Active members that have an interest in the matter, and so no vote."""
    rule: Literal["simple_majority"]
    quorum: Percentage
    """Of the electorate, in per cent: so many must vote, abstentions included."""
    closes_at: datetime | None


class BallotCast(Event, type="alliance.members.ballot_cast.v1"):
    """The latest ballot of a company counts."""

    company: UUID
    ballot: Confidential[Vote]
    """Owned by the decision, so that it opens to nobody before the closing."""


class Ballot(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    company: UUID
    vote: Vote


class DecisionClosed(Event, type="alliance.members.decision_closed.v1"):
    """The result, and from now on every ballot in the open."""

    matter: Matter
    company: UUID | None
    proposal: UUID | None
    outcome: Outcome
    electorate: int
    votes_for: int
    votes_against: int
    abstentions: int
    ballots: tuple[Ballot, ...]


EVENTS = (DecisionDrafted, DecisionOpened, BallotCast, DecisionClosed)
