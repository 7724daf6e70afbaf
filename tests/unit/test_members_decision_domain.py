"""Decisions: quorum, majority, sealing and what a decision carries, without any server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.errors import AllianceError
from events.sealing import Confidential
from members.charter.events import Terms
from members.decision.domain import (
    DECISION,
    Cast,
    Close,
    Decision,
    Draft,
    Open,
    require_passed,
)
from members.decision.events import DecisionClosed, Matter, Outcome, Vote
from samples.charter import charter
from samples.standing import given, recorded
from service.documents import digest

NOW = datetime(2025, 1, 16, 12, tzinfo=UTC)
COMPANIES = [uuid4() for _ in range(16)]
TITLE = digest(uuid4(), b"0" * 32, b"A title")


class Playing:
    """A decision as its events make it."""

    def __init__(
        self, matter: Matter = Matter.OTHER, company: UUID | None = None, quorum: str = "50"
    ) -> None:
        self.id = uuid4()
        self.state: Decision | None = None
        self.terms = Terms.model_validate(charter(votes={"quorum": quorum}))
        self.run(Draft(matter, company, None, TITLE, None))

    def run(self, command: object, now: datetime = NOW) -> list[Any]:
        caller = given(COMPANIES, now=NOW).with_more(self.terms)
        decided: list[Any] = list(DECISION.decide(self.state, command, caller, now))
        for event in decided:
            self.state = DECISION.evolve(self.state, recorded(event, date(2025, 1, 16)))
        return decided

    def cast(self, company: UUID, vote: Vote) -> Any:
        return self.run(Cast(self.id, company, vote))[0]

    def count(self, **votes: int) -> DecisionClosed:
        voters = iter(COMPANIES)
        for name, number in votes.items():
            for _ in range(number):
                self.cast(next(voters), Vote(name.rstrip("_")))
        closed = self.run(Close())[0]
        assert isinstance(closed, DecisionClosed)
        return closed


def code(error: pytest.ExceptionInfo[AllianceError]) -> str:
    return error.value.code


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ({"for_": 15}, Outcome.PASSED),
        ({"for_": 8}, Outcome.PASSED),
        ({"for_": 7}, Outcome.INQUORATE),
        ({"for_": 5, "against": 4}, Outcome.PASSED),
        ({"for_": 5, "against": 5}, Outcome.FAILED),
        ({"for_": 1, "abstain": 7}, Outcome.PASSED),
        ({"abstain": 16}, Outcome.FAILED),
        ({}, Outcome.INQUORATE),
    ],
)
def test_quorum_is_on_the_electorate_and_majority_on_the_votes_cast(
    votes: dict[str, int], outcome: Outcome
) -> None:
    decision = Playing()
    decision.run(Open(frozenset(), None))
    assert decision.count(**votes).outcome is outcome


def test_a_quorum_of_a_third_of_sixteen_is_six() -> None:
    for voters, outcome in ((5, Outcome.INQUORATE), (6, Outcome.PASSED)):
        decision = Playing(quorum="33.3333")
        decision.run(Open(frozenset(), None))
        assert decision.count(for_=voters).outcome is outcome


def test_a_ballot_is_sealed_to_the_decision_and_to_no_company() -> None:
    decision = Playing()
    decision.run(Open(frozenset(), None))
    ballot = decision.cast(COMPANIES[0], Vote.AGAINST).ballot
    assert isinstance(ballot, Confidential)
    assert ballot.owner == decision.id
    for caller in (given(COMPANIES, role="auditor"), given(COMPANIES, role="independent_person")):
        assert caller.may_read(COMPANIES[0])
        assert not caller.may_read(ballot.owner)


def test_the_latest_ballot_of_a_company_counts() -> None:
    decision = Playing()
    decision.run(Open(frozenset(), None))
    for company in COMPANIES:
        decision.cast(company, Vote.AGAINST)
        decision.cast(company, Vote.FOR)
    closed = decision.run(Close())[0]
    assert (closed.votes_for, closed.votes_against) == (16, 0)
    assert len(closed.ballots) == 16


def test_whom_it_is_about_has_no_vote_said_or_not() -> None:
    decision = Playing(Matter.EXPEL, COMPANIES[3])
    opened = decision.run(Open(frozenset({COMPANIES[5]}), None))[0]
    assert set(opened.interested) == {COMPANIES[3], COMPANIES[5]}
    assert len(opened.electorate) == 14
    for company in (COMPANIES[3], COMPANIES[5], uuid4()):
        with pytest.raises(AllianceError) as error:
            decision.cast(company, Vote.AGAINST)
        assert code(error) == "not_in_electorate"


def test_nobody_votes_before_the_opening_or_after_the_end() -> None:
    decision = Playing()
    with pytest.raises(AllianceError) as error:
        decision.cast(COMPANIES[0], Vote.FOR)
    assert code(error) == "vote_not_open"
    end = NOW + timedelta(days=1)
    decision.run(Open(frozenset(), end))
    with pytest.raises(AllianceError) as error:
        decision.run(Cast(decision.id, COMPANIES[0], Vote.FOR), end)
    assert code(error) == "vote_over"
    decision.run(Close(), end)
    with pytest.raises(AllianceError) as error:
        decision.run(Close(), end)
    assert code(error) == "vote_over"


def test_an_electorate_of_nobody_is_refused() -> None:
    decision = Playing()
    with pytest.raises(AllianceError) as error:
        decision.run(Open(frozenset(COMPANIES), None))
    assert code(error) == "electorate_empty"


def test_a_decision_carries_its_own_matter_from_its_day_on() -> None:
    company, day = COMPANIES[3], date(2025, 1, 16)
    decision = Playing(Matter.EXPEL, company)
    decision.run(Open(frozenset(), None))
    with pytest.raises(AllianceError) as error:
        require_passed(decision.state, Matter.EXPEL, company, day)
    assert code(error) == "decision_not_passed"
    for voter in COMPANIES[4:]:
        decision.cast(voter, Vote.FOR)
    decision.run(Close())
    require_passed(decision.state, Matter.EXPEL, company, day)
    for matter, subject, on, expected in [
        (Matter.REJECT, company, day, "decision_of_other_matter"),
        (Matter.EXPEL, COMPANIES[0], day, "decision_of_other_matter"),
        (Matter.EXPEL, company, date(2025, 1, 15), "before_decision"),
    ]:
        with pytest.raises(AllianceError) as error:
            require_passed(decision.state, matter, subject, on)
        assert code(error) == expected
