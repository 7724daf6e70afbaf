"""Hours and means declared: what they are worth, when they count, and who is the other side."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from declarations.domain import (
    Arbitrate,
    Attest,
    Contest,
    Declaration,
    DeclareHours,
    DeclareMeans,
    Other,
    Replaced,
    Rests,
    Reverse,
    State,
    attestable_by,
    decide,
    evolve,
)
from declarations.events import Declared, Line, Reversed
from declarations.project import Project
from events.decision import Placed
from events.digest import Digest
from events.errors import AllianceError, NotFound, Refused
from money import Money
from samples.standing import CALLER, given, recorded
from standing import Charter, Given, Granted, Role

OURS, THEIRS, LEAD = uuid4(), uuid4(), uuid4()
COMPANIES = (OURS, THEIRS, LEAD)
WHY = Digest(document=uuid4(), sha256="0" * 64)
WORKER = "a" * 32
DAY = date(2025, 1, 16)
CAMPAIGN = Project(
    "campaign/1", "purchasing", frozenset({"coordination"}), means=frozenset({"storage", "reference"})
)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def line(hours: str = "10", first: date = DAY, last: date = DAY, person: str = WORKER) -> Line:
    return Line(person=person, first_day=first, last_day=last, hours=Decimal(hours))


def now(
    role: str = "director", company: UUID | None = OURS, rests: Rests | None = None, **options: Any
) -> Given:
    caller = given(COMPANIES, role=role, company=company, **options)
    return caller.with_more(rests or Rests(project=CAMPAIGN))


def hours(*lines: Line, **values: Any) -> DeclareHours:
    command = DeclareHours(uuid4(), OURS, "campaign/1", "coordination", lines or (line(),))
    return replace(command, **values)


def means(kind: str, amount: Money | None = None, evidence: Digest | None = None) -> DeclareMeans:
    return DeclareMeans(uuid4(), OURS, "campaign/1", kind, amount, evidence)


def declared(command: object, caller: Given | None = None) -> tuple[Placed, Declared]:
    caller = caller or now()
    (placed,) = decide("purchasing", None, command, caller, caller.now)
    assert isinstance(placed.event, Declared)
    return placed, placed.event


def code_of(command: object, caller: Given, state: Declaration | None = None) -> str:
    with pytest.raises(AllianceError) as refused:
        decide("purchasing", state, command, caller, caller.now)
    return refused.value.code


def standing_declaration(caller: Given | None = None, *lines: Line) -> Declaration:
    _, event = declared(hours(*lines), caller)
    return evolve(None, recorded(event, DAY))


def with_charter(caller: Given, rate: str) -> Given:
    """A second charter, in force since the tenth, with another rate of coordination."""
    first = caller.standing.charters[0]
    second: Charter = first.model_copy(
        update={
            "version": 2,
            "from_day": date(2025, 1, 10),
            "hourly_rates": {**first.hourly_rates, "coordination": eur(rate)},
        }
    )
    standing = caller.standing.model_copy(update={"charters": (first, second)})
    return replace(caller, standing=standing)


def test_hours_are_worth_the_rate_of_their_kind_rounded_once() -> None:
    caller = now(hourly_rates={"coordination": {"amount": "45.05", "currency": "EUR"}})
    _, event = declared(
        hours(line("0.33"), line("0.33", person="b" * 32), line("0.33", person="d" * 32)), caller
    )
    assert event.work.value.value == eur("44.60")


def test_hours_go_by_the_charter_pinned_for_the_project_else_by_that_of_their_day() -> None:
    caller = with_charter(now(), "50.00")
    pinned = Rests(project=replace(CAMPAIGN, charter_version=1))
    placed, event = declared(hours(), caller.with_more(pinned))
    assert (placed.charter_version, event.work.value.value) == (1, eur("450.00"))
    placed, event = declared(hours(), caller)
    assert (placed.charter_version, event.work.value.value) == (2, eur("500.00"))
    assert placed.project == "campaign/1"


@pytest.mark.parametrize(("given_hours", "counts"), [("4.44", True), ("4.45", False)])
def test_at_the_charters_limit_a_declaration_is_enough_above_it_is_not(
    given_hours: str, counts: bool
) -> None:
    _, event = declared(hours(line(given_hours)))
    assert event.work.value.value == eur("199.80" if counts else "200.25")
    assert event.counts is counts
    state = evolve(None, recorded(event))
    assert state.state is (State.COUNTED if counts else State.DECLARED)
    assert (state.posted_by is not None) is counts


def test_exactly_the_limit_is_enough() -> None:
    _, event = declared(means("storage", eur("200.00"), WHY))
    assert event.counts


def test_a_declaration_stays_within_the_budget_set_beforehand() -> None:
    budget = Rests(project=replace(CAMPAIGN, hours_budgeted=Decimal(12)), hours_spent=Decimal(2))
    declared(hours(line("10")), now(rests=budget))
    assert code_of(hours(line("10.01")), now(rests=budget)) == "budget_exceeded"


def test_hours_that_stand_elsewhere_count_into_the_persons_day() -> None:
    others = (Other(OURS, False, line("2", person=WORKER)), Other(OURS, True, line("12", person="b" * 32)))
    taken = Rests(project=CAMPAIGN, others=others)
    declared(hours(line("10")), now(rests=taken))
    assert code_of(hours(line("10.01")), now(rests=taken)) == "more_than_twelve_hours_a_day"


@pytest.mark.parametrize("counts", [True, False])
def test_another_companys_hours_are_told_to_no_declaration_and_hold_where_it_is_attested(
    counts: bool,
) -> None:
    taken = Rests(project=CAMPAIGN, others=(Other(THEIRS, counts, line("2.01", person=WORKER)),))
    _, event = declared(hours(line("10")), now(rests=taken))
    state = evolve(None, recorded(event))
    attesting = now("independent_person", None, rests=taken)
    if counts:
        assert code_of(Attest(), attesting, state) == "more_than_twelve_hours_a_day"
    else:
        assert decide("purchasing", state, Attest(), attesting, attesting.now)


def test_of_who_works_for_two_companies_a_declaration_is_never_enough() -> None:
    for counts in (True, False):
        taken = Rests(project=CAMPAIGN, others=(Other(THEIRS, counts, line("1", person=WORKER)),))
        _, event = declared(hours(line("1")), now(rests=taken))
        assert event.counts is not counts


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (hours(kind="engineer"), "kind_of_work_unknown"),
        (hours(kind="juggling"), "kind_of_work_unknown"),
        (hours(line(last=date(2025, 1, 17))), "line_after_posting_date"),
        (hours(line(first=DAY, last=date(2025, 1, 15))), "line_days_wrong"),
        (hours(line(first=date(2024, 1, 16))), "line_days_wrong"),
        (hours(replaces=uuid4()), "replaced_unknown"),
        (hours(company=uuid4()), "company_unknown"),
        (means("tools", eur("10.00"), WHY), "kind_of_means_unknown"),
        (means("reference", eur("500.00"), WHY), "amount_by_tariff"),
        (means("storage", None, WHY), "amount_missing"),
        (means("storage", eur("600.00")), "evidence_missing"),
        (means("storage", eur("0.00"), WHY), "amount_not_positive"),
        (means("storage", eur("-1.00"), WHY), "amount_not_positive"),
        (means("storage", Money.of("600.00", "USD"), WHY), "wrong_currency"),
    ],
)
def test_what_cannot_be_declared_says_why(command: object, code: str) -> None:
    assert code_of(command, now()) == code


def test_means_are_worth_the_charters_tariff_or_an_amount_with_evidence() -> None:
    assert declared(means("reference"))[1].work.value.value == eur("500.00")
    assert declared(means("storage", eur("600.00"), WHY))[1].work.value.value == eur("600.00")


@pytest.mark.parametrize(
    ("replaced", "code"),
    [
        (Replaced(THEIRS, "campaign/1", State.REVERSED, False), "replaced_unknown"),
        (Replaced(OURS, "campaign/2", State.REVERSED, False), "replaced_unknown"),
        (Replaced(OURS, "campaign/1", State.ATTESTED, False), "replaced_stands"),
        (Replaced(OURS, "campaign/1", State.REVERSED, True), "replaced_already"),
    ],
)
def test_only_ones_own_reversed_declaration_is_replaced_and_once(replaced: Replaced, code: str) -> None:
    rests = Rests(project=CAMPAIGN, replaced=replaced)
    assert code_of(hours(replaces=uuid4()), now(rests=rests)) == code


def as_coordinator_too(caller: Given, person: str, company: UUID | None) -> Given:
    """`person` coordinates, and acts for `company` where one is given."""
    roles = (*caller.standing.roles, Granted(person=person, role=Role.COORDINATOR))
    if company is not None:
        roles = (*roles, Granted(person=person, role=Role.DELEGATE, company=company))
    return replace(caller, standing=caller.standing.model_copy(update={"roles": roles}))


@pytest.mark.parametrize(
    ("person", "company"),
    [("e" * 32, OURS), (CALLER, None), (WORKER, None)],
    ids=["of its company", "declared by it", "its own hours"],
)
def test_the_coordinators_own_is_for_the_independent_person_alone_and_never_counts_at_once(
    person: str, company: UUID | None
) -> None:
    caller = as_coordinator_too(now(), person, company)
    _, event = declared(hours(line("1")), caller)
    assert (event.independent_only, event.counts) == (True, False)
    state = evolve(None, recorded(event))
    assert not attestable_by(state, now("coordinator", None))
    assert attestable_by(state, now("independent_person", None))


def test_who_becomes_the_coordinator_later_does_not_attest_its_own_either() -> None:
    state = standing_declaration()
    assert attestable_by(state, now("coordinator", None))
    later = as_coordinator_too(now("coordinator", None), CALLER, OURS)
    assert not attestable_by(state, later)
    colleague = as_coordinator_too(now("coordinator", None), "e" * 32, OURS)
    assert not attestable_by(state, colleague)


def test_the_counterparty_attests_beside_the_coordinator_and_nobody_its_own_companys() -> None:
    rests = Rests(project=replace(CAMPAIGN, counterparty=LEAD))
    state = standing_declaration(now(rests=rests))
    assert attestable_by(state, now("director", LEAD))
    assert not attestable_by(state, now("director", THEIRS))
    assert not attestable_by(state, now("director", OURS))
    assert not attestable_by(state, now("auditor", None))
    own = replace(state, counterparty=OURS)
    assert not attestable_by(own, now("director", OURS))
    independent = now("independent_person", None)
    employed = Granted(person=CALLER, role=Role.DELEGATE, company=OURS)
    roles = (*independent.standing.roles, employed)
    both = replace(independent, standing=independent.standing.model_copy(update={"roles": roles}))
    assert not attestable_by(state, both)


ALLOWED: dict[tuple[State, object], State] = {
    (State.DECLARED, Attest()): State.ATTESTED,
    (State.DECLARED, Contest(WHY)): State.CONTESTED,
    (State.CONTESTED, Arbitrate((line("2"),), None, WHY)): State.ARBITRATED,
    **{(state, Reverse(WHY)): State.REVERSED for state in State if state is not State.REVERSED},
}
COMMANDS = (Attest(), Contest(WHY), Arbitrate((line("2"),), None, WHY), Reverse(WHY))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_each_command_leads_on_from_its_states_and_is_refused_in_the_others(
    state: State, command: object
) -> None:
    before, caller = replace(standing_declaration(), state=state), now("independent_person", None)
    if (state, command) in ALLOWED:
        (placed,) = decide("purchasing", before, command, caller, caller.now)
        assert (placed.effective_on, placed.charter_version) == (DAY, 1)
        assert evolve(before, recorded(placed.event)).state is ALLOWED[state, command]
    else:
        with pytest.raises(Refused):
            decide("purchasing", before, command, caller, caller.now)


def test_a_reversal_names_the_event_that_posted_and_none_where_none_did() -> None:
    state, caller = standing_declaration(), now()
    (waiting,) = decide("purchasing", state, Reverse(WHY), caller, caller.now)
    assert isinstance(waiting.event, Reversed)
    assert waiting.event.event is None
    (attested,) = decide("purchasing", state, Attest(), caller, caller.now)
    posting = recorded(attested.event)
    (reversal,) = decide("purchasing", evolve(state, posting), Reverse(WHY), caller, caller.now)
    assert isinstance(reversal.event, Reversed)
    assert reversal.event.event == posting.id


def contested(caller: Given | None = None) -> Declaration:
    return replace(standing_declaration(caller), state=State.CONTESTED)


def test_what_is_found_right_counts_and_where_nothing_is_nothing_posts() -> None:
    caller = now("independent_person", None)
    state = contested()
    (some,) = decide("purchasing", state, Arbitrate((line("4"),), None, WHY), caller, caller.now)
    after = evolve(state, recorded(some.event))
    assert (after.work.value, after.posted_by is not None) == (eur("180.00"), True)
    (none,) = decide("purchasing", state, Arbitrate((), None, WHY), caller, caller.now)
    after = evolve(state, recorded(none.event))
    assert (after.work.value, after.posted_by) == (eur("0.00"), None)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Arbitrate((line("11"),), None, WHY), "more_than_declared"),
        (Arbitrate((), eur("10.00"), WHY), "amount_of_work"),
        (Arbitrate((line("4", last=date(2025, 1, 17)),), None, WHY), "line_after_posting_date"),
    ],
)
def test_an_arbitration_keeps_to_what_was_declared(command: Arbitrate, code: str) -> None:
    assert code_of(command, now("independent_person", None), contested()) == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Arbitrate((), eur("600.01"), WHY), "more_than_declared"),
        (Arbitrate((), eur("-0.01"), WHY), "amount_not_positive"),
        (Arbitrate((), None, WHY), "amount_missing"),
        (Arbitrate((line(),), None, WHY), "hours_of_no_work"),
    ],
)
def test_an_arbitration_of_means_names_an_amount(command: Arbitrate, code: str) -> None:
    _, event = declared(means("storage", eur("600.00"), WHY))
    state = replace(evolve(None, recorded(event, DAY)), state=State.CONTESTED)
    assert code_of(command, now("independent_person", None), state) == code


def test_what_does_not_exist_is_not_found() -> None:
    for command in COMMANDS:
        with pytest.raises(NotFound):
            decide("purchasing", None, command, now(), now().now)


def test_nothing_is_said_of_a_declaration_before_its_day() -> None:
    early = now("independent_person", None, effective_on=date(2025, 1, 15))
    assert code_of(Attest(), early, standing_declaration()) == "before_declaration"
