"""Decisions: draft → open → passed | failed | inquorate. Pure.

Simple majority: more votes for than against. An abstention counts towards the quorum and not as a vote cast
[suffrages exprimés]; a tie fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate
from events.digest import Digest
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, NotFound, Refused
from events.sealing import Confidential
from members.charter.events import Terms
from members.decision.events import (
    Ballot,
    BallotCast,
    DecisionClosed,
    DecisionDrafted,
    DecisionOpened,
    Matter,
    Outcome,
    Vote,
)
from standing import Given, Status

LONGEST_VOTE: Final = timedelta(days=366)
ABOUT_A_COMPANY: Final = frozenset({Matter.ADMIT_TO_PILOT, Matter.ACTIVATE, Matter.REJECT, Matter.EXPEL})


@dataclass(frozen=True)
class Draft:
    """`given.more` is whether the proposed charter exists, where one is named."""

    matter: Matter
    company: UUID | None
    proposal: UUID | None
    title: Digest
    discussion: Digest | None


@dataclass(frozen=True)
class Open:
    """`given.more` are the terms of the charter in force."""

    interested: frozenset[UUID]
    closes_at: datetime | None


@dataclass(frozen=True)
class Cast:
    decision: UUID
    company: UUID
    vote: Vote


@dataclass(frozen=True)
class Close:
    """Ends the vote and counts it."""


@dataclass(frozen=True)
class Decision:
    matter: Matter
    company: UUID | None
    proposal: UUID | None
    electorate: frozenset[UUID] | None = None
    """None before it is opened."""
    quorum: Fraction = Fraction(0)
    closes_at: datetime | None = None
    ballots: Mapping[UUID, Vote] = field(default_factory=dict)
    outcome: Outcome | None = None
    closed_on: date | None = None

    @property
    def status(self) -> str:
        if self.outcome is not None:
            return self.outcome
        return "draft" if self.electorate is None else "open"

    @property
    def subject(self) -> UUID | None:
        return self.proposal if self.matter is Matter.CHARTER else self.company


def require_passed(decision: Decision | None, matter: Matter, subject: UUID, on: date) -> None:
    """Raises where this decision does not carry what is done in its name on that day."""
    if decision is None:
        raise Invalid("decision_unknown", pointer="/decision")
    if (decision.matter, decision.subject) != (matter, subject):
        raise Invalid("decision_of_other_matter", pointer="/decision")
    if decision.outcome is not Outcome.PASSED or decision.closed_on is None:
        raise Refused("decision_not_passed", status=decision.status)
    if on < decision.closed_on:
        raise Invalid("before_decision", pointer="/effective_on", day=decision.closed_on)


def decide(decision: Decision | None, command: Any, given: Given, now: datetime) -> Sequence[Event]:
    if isinstance(command, Draft):
        return _draft(command, given)
    if decision is None:
        raise NotFound("decision_not_found")
    match command:
        case Open():
            return _open(decision, command, given, now)
        case Cast():
            return _cast(decision, command, now)
        case Close():
            return _close(decision)
    raise TypeError(command)


def _draft(command: Draft, given: Given) -> Sequence[Event]:
    if (command.company is not None) != (command.matter in ABOUT_A_COMPANY):
        raise Invalid("decision_company_mismatch", pointer="/company")
    if (command.proposal is not None) != (command.matter is Matter.CHARTER):
        raise Invalid("decision_proposal_mismatch", pointer="/proposal")
    if command.company is not None and command.company not in given.standing.members:
        raise Invalid("company_unknown", pointer="/company")
    if command.proposal is not None and not given.more:
        raise Invalid("charter_proposal_unknown", pointer="/proposal")
    return [
        DecisionDrafted(
            matter=command.matter,
            company=command.company,
            proposal=command.proposal,
            title=command.title,
            discussion=command.discussion,
        )
    ]


def _open(decision: Decision, command: Open, given: Given, now: datetime) -> Sequence[Event]:
    if decision.electorate is not None:
        raise Refused("decision_opened_already")
    if command.closes_at is not None and command.closes_at <= now:
        raise Invalid("closes_at_past", pointer="/closes_at")
    if command.closes_at is not None and command.closes_at > now + LONGEST_VOTE:
        raise Invalid("closes_at_too_far", pointer="/closes_at", days=LONGEST_VOTE.days)
    unknown = command.interested - given.standing.members.keys()
    if unknown:
        raise Invalid("company_unknown", pointer="/interested")
    active = {member.company for member in given.standing.members.values() if member.status is Status.ACTIVE}
    # Whom the decision is about has an interest in it, said or not.
    interested = active & (command.interested | ({decision.company} if decision.company else set()))
    if active == interested:
        raise Refused("electorate_empty")
    terms: Terms = given.more
    return [
        DecisionOpened(
            electorate=tuple(sorted(active - interested)),
            interested=tuple(sorted(interested)),
            rule=terms.votes.rule,
            quorum=terms.votes.quorum,
            closes_at=command.closes_at,
        )
    ]


def _cast(decision: Decision, command: Cast, now: datetime) -> Sequence[Event]:
    if decision.electorate is None:
        raise Refused("vote_not_open")
    if decision.outcome is not None or (decision.closes_at is not None and decision.closes_at <= now):
        raise Refused("vote_over")
    if command.company not in decision.electorate:
        raise Refused("not_in_electorate")
    ballot = Confidential[Vote](owner=command.decision, open=command.vote)
    return [BallotCast(company=command.company, ballot=ballot)]


def _close(decision: Decision) -> Sequence[Event]:
    if decision.electorate is None:
        raise Refused("vote_not_open")
    if decision.outcome is not None:
        raise Refused("vote_over")
    votes = list(decision.ballots.values())
    return [
        DecisionClosed(
            matter=decision.matter,
            company=decision.company,
            proposal=decision.proposal,
            outcome=_outcome(decision),
            electorate=len(decision.electorate),
            votes_for=votes.count(Vote.FOR),
            votes_against=votes.count(Vote.AGAINST),
            abstentions=votes.count(Vote.ABSTAIN),
            ballots=tuple(
                Ballot(company=company, vote=vote) for company, vote in sorted(decision.ballots.items())
            ),
        )
    ]


def _outcome(decision: Decision) -> Outcome:
    assert decision.electorate is not None
    votes = list(decision.ballots.values())
    if len(votes) < decision.quorum * len(decision.electorate):
        return Outcome.INQUORATE
    return Outcome.PASSED if votes.count(Vote.FOR) > votes.count(Vote.AGAINST) else Outcome.FAILED


def evolve(decision: Decision | None, recorded: Recorded[Any]) -> Decision:
    event = recorded.event
    if isinstance(event, DecisionDrafted):
        return Decision(event.matter, event.company, event.proposal)
    assert decision is not None
    match event:
        case DecisionOpened():
            return replace(
                decision,
                electorate=frozenset(event.electorate),
                quorum=Fraction(event.quorum) / 100,
                closes_at=event.closes_at,
            )
        case BallotCast(company=company, ballot=ballot):
            return replace(decision, ballots={**decision.ballots, company: ballot.value})
        case DecisionClosed(outcome=outcome):
            return replace(decision, outcome=outcome, closed_on=recorded.effective_on)
    raise TypeError(event)


DECISION: Aggregate[Decision, Given] = Aggregate("decision", evolve, decide, project=lambda stream: LIFE)
