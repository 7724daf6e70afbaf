"""Who owes whom: each command in each state, what an event repeats, and who may say what."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.digest import Digest
from events.errors import AllianceError, Invalid, NotFound, Refused
from events.sealing import Confidential, SealedFigure
from money import Money
from obligations.domain import (
    AttestPayment,
    Cancel,
    DeclarePayment,
    Obligation,
    State,
    WithdrawPayment,
    cancelled,
    decide,
    evolve,
    incurred,
)
from obligations.events import Incurred, Reason, vocabulary
from obligations.permissions import RULES
from samples.standing import CALLER, given, recorded
from standing import Given, Granted, Role

DEBTOR, CREDITOR, OTHER = uuid4(), uuid4(), uuid4()
COMPANIES = (DEBTOR, CREDITOR, OTHER)
WHY = Digest(document=uuid4(), sha256="0" * 64)
AMOUNT = Money.of("1000.00", "EUR")
DAY = date(2025, 1, 16)


def owed(state: State = State.INCURRED, **values: Any) -> Obligation:
    obligation = Obligation(
        id=uuid4(),
        debtor=DEBTOR,
        creditor=CREDITOR,
        amount=AMOUNT,
        reason=Reason.COMPENSATION,
        project="campaign/1",
        incurred_on=date(2025, 1, 10),
        due_on=date(2025, 1, 31),
        charter_version=3,
        money_rate=None,
        state=state,
        paid_on=date(2025, 1, 12) if state in {State.DECLARED, State.ATTESTED} else None,
    )
    return replace(obligation, **values)


REACHES = {
    (State.INCURRED, DeclarePayment()): State.DECLARED,
    (State.DECLARED, WithdrawPayment(WHY)): State.INCURRED,
    (State.DECLARED, AttestPayment()): State.ATTESTED,
    (State.INCURRED, Cancel(WHY)): State.CANCELLED,
    (State.DECLARED, Cancel(WHY)): State.CANCELLED,
}
COMMANDS = (DeclarePayment(), WithdrawPayment(WHY), AttestPayment(), Cancel(WHY))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_each_command_leads_on_from_its_states_and_is_refused_in_the_others(
    state: State, command: object
) -> None:
    before, now = owed(state), given(COMPANIES)
    if (state, command) in REACHES:
        (placed,) = decide("members", before, command, now, now.now)
        assert (placed.stream, placed.project) == (f"obligation/{before.id}", "campaign/1")
        assert placed.charter_version == 3
        assert evolve(before, recorded(placed.event, DAY)).state is REACHES[state, command]
    else:
        with pytest.raises(Refused):
            decide("members", before, command, now, now.now)


def test_an_event_seals_the_amount_once_for_each_company_and_repeats_who_owes_whom() -> None:
    placed = incurred(
        "tenders",
        uuid4(),
        debtor=DEBTOR,
        creditor=CREDITOR,
        amount=AMOUNT,
        reason=Reason.COMPENSATION,
        due_on=DAY,
        project="lot/1",
        charter_version=2,
    )
    event = placed.event
    assert isinstance(event, Incurred)
    assert event.type == "alliance.tenders.obligation_incurred.v1"
    assert [sealed.owner for sealed in event.amounts] == [DEBTOR, CREDITOR]
    assert event.amount == AMOUNT
    assert (placed.project, placed.charter_version) == ("lot/1", 2)
    state = evolve(None, recorded(event))
    (attested,) = decide(
        "tenders",
        replace(state, state=State.DECLARED, paid_on=DAY),
        AttestPayment(),
        given(COMPANIES),
        given(COMPANIES).now,
    )
    repeated: Any = attested.event
    assert (repeated.debtor, repeated.creditor, repeated.amount) == (DEBTOR, CREDITOR, AMOUNT)


def test_of_what_the_purse_owes_the_amount_is_sealed_to_the_one_company() -> None:
    for debtor, creditor in ((DEBTOR, None), (None, DEBTOR)):
        event: Any = cancelled("members", owed(debtor=debtor, creditor=creditor)).event
        assert [sealed.owner for sealed in event.amounts] == [DEBTOR]


def test_either_partys_key_opens_the_amount_and_no_other_does() -> None:
    def sealed(owner: UUID, figure: Money | None) -> Confidential[Money]:
        return Confidential[Money](owner=owner, open=figure, key="0" * 64, sealed="x")

    cancellation = vocabulary("members").cancelled
    about: dict[str, Any] = {"obligation": uuid4(), "debtor": DEBTOR, "creditor": CREDITOR, "why": None}
    mine = cancellation(**about, amounts=(sealed(DEBTOR, None), sealed(CREDITOR, AMOUNT)))
    assert mine.amount == AMOUNT
    others = cancellation(**about, amounts=(sealed(DEBTOR, None), sealed(CREDITOR, None)))
    with pytest.raises(SealedFigure):
        _ = others.amount


@pytest.mark.parametrize("wrong", [{"creditor": DEBTOR}, {"amount": Money.zero("EUR")}, {"amount": -AMOUNT}])
def test_nobody_owes_itself_or_nothing(wrong: dict[str, Any]) -> None:
    terms: dict[str, Any] = {
        "debtor": DEBTOR,
        "creditor": CREDITOR,
        "amount": AMOUNT,
        "reason": Reason.FEE,
        "due_on": DAY,
        "project": "life",
    }
    with pytest.raises(ValueError):
        incurred("members", uuid4(), **{**terms, **wrong})


@pytest.mark.parametrize(
    ("state", "command", "day", "code"),
    [
        (State.INCURRED, DeclarePayment(), date(2025, 1, 9), "payment_before_obligation"),
        (State.DECLARED, AttestPayment(), date(2025, 1, 11), "attestation_before_payment"),
    ],
)
def test_a_payment_is_not_older_than_what_it_pays(
    state: State, command: object, day: date, code: str
) -> None:
    now = given(COMPANIES, effective_on=day)
    with pytest.raises(Invalid) as refused:
        decide("members", owed(state), command, now, now.now)
    assert (refused.value.code, refused.value.pointer) == (code, "/effective_on")


def test_what_does_not_exist_is_not_found() -> None:
    now = given(COMPANIES)
    for command in COMMANDS:
        with pytest.raises(NotFound):
            decide("members", None, command, now, now.now)


def allowed(to: Given, obligation: Obligation) -> set[str]:
    return {kind.__name__ for kind, rule in RULES.items() if rule.test(to, obligation, None)}


PAYS = {"DeclarePayment", "WithdrawPayment"}
RECEIVES = {"WithdrawPayment", "AttestPayment", "Cancel"}


@pytest.mark.parametrize(
    ("role", "company", "between", "of_the_purse", "to_the_purse"),
    [
        ("director", DEBTOR, PAYS, set(), PAYS),
        ("delegate", CREDITOR, RECEIVES, RECEIVES, set()),
        ("director", OTHER, set(), set(), set()),
        ("coordinator", None, set(), PAYS, set()),
        ("independent_person", None, set(), set(), RECEIVES),
        ("auditor", None, set(), set(), set()),
    ],
)
def test_the_debtor_declares_and_the_creditor_attests(
    role: str, company: UUID | None, between: set[str], of_the_purse: set[str], to_the_purse: set[str]
) -> None:
    caller = given(COMPANIES, role=role, company=company)
    assert allowed(caller, owed()) == between
    assert allowed(caller, owed(debtor=None)) == of_the_purse
    assert allowed(caller, owed(creditor=None)) == to_the_purse


def test_who_acts_for_both_parties_cannot_attest_its_own_payment() -> None:
    caller = given(COMPANIES, role="director", company=DEBTOR)
    also = Granted(person=CALLER, role=Role.DELEGATE, company=CREDITOR)
    both = replace(
        caller, standing=caller.standing.model_copy(update={"roles": (*caller.standing.roles, also)})
    )
    assert allowed(both, owed()) == PAYS


def test_a_cancelled_or_paid_obligation_cannot_be_cancelled_by_a_service_either() -> None:
    for state in (State.ATTESTED, State.CANCELLED):
        with pytest.raises(AllianceError) as refused:
            cancelled("members", owed(state))
        assert refused.value.code == "obligation_not_open"
