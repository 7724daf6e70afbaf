"""Tendering's decisions: at which stage which command is refused, and T1 of the story to the cent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.decision import Placed
from events.digest import Digest
from events.envelope import Event
from events.errors import AllianceError, NotFound, Refused
from money import Money
from obligations.events import Between
from samples.standing import given, recorded
from standing import Given, Status
from tenders.bid import domain as bid
from tenders.bid.events import BidLost
from tenders.consortium import domain as consortium
from tenders.consortium.events import Composition, Liability, LostCosts, MemberTerms, ShareOf
from tenders.contract import domain as contract
from tenders.contract import payments, state
from tenders.contract.events import Basis, ContractPaymentRecognised, ContractPrepared
from tenders.opportunity import domain as opportunity
from tenders.opportunity.events import Asked, LotAsked

NOW = datetime(2025, 6, 20, 12, tzinfo=UTC)
COMPANIES = tuple(UUID(int=number) for number in (1, 2, 3, 4))
SHARES = dict(zip(COMPANIES, map(Decimal, ("50", "20", "20", "10")), strict=True))
MARGINS = dict(zip(COMPANIES, map(Decimal, ("4", "6", "5", "7")), strict=True))
REASON = Digest(document=UUID(int=9), sha256="0" * 64)
FRESH = tuple(uuid4() for _ in range(20))


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


PRICE = eur("3000000.00")
OPPORTUNITY = opportunity.Opportunity(
    Asked(
        title="Rénovation de deux lycées",
        buyer="Région",
        buyer_id=None,
        value=None,
        cpv=(),
        nuts=(),
        status=None,
        procurement_method=None,
        procurement_category=None,
        enquiry_deadline=None,
        submission_deadline=None,
    ),
    opportunity.Stage.GO,
    {1: LotAsked(number=1, reference="1", title="Lot", value=None)},
)
COMPOSITION = Composition(
    form=Liability.SEVERAL_WITH_LIABLE_LEAD,
    members=COMPANIES,
    lots=(1,),
    subcontractors=(),
    lost_costs=LostCosts.WORK_SHARE,
)
CONSORTIUM = consortium.Consortium(
    UUID(int=100),
    COMPANIES[0],
    COMPOSITION,
    consortium.Stage.FROZEN,
    {1: SHARES},
    {company: MemberTerms(margin=margin, could_bid_alone=False) for company, margin in MARGINS.items()},
    frozenset(COMPANIES),
    1,
)
BID = bid.Bid(
    consortium=UUID(int=200),
    opportunity=UUID(int=100),
    lot=1,
    lead=COMPANIES[0],
    members=COMPANIES,
    price=PRICE,
    edition=1,
    charter_version=1,
    agreed=frozenset(COMPANIES),
)


def standing(more: object = None, **other: Any) -> Given:
    return given(COMPANIES, effective_on=date(2025, 6, 20), now=NOW, **other).with_more(more)


def placed(found: Any) -> list[Placed]:
    return [one if isinstance(one, Placed) else Placed(one) for one in found]


def kinds(found: Any) -> list[type[Event]]:
    return [type(one.event) for one in placed(found)]


def works(decide: Any, before: object, command: object, more: object = None) -> str | None:
    """None where the command is taken; else the code of the refusal."""
    try:
        decide(before, command, standing(more), NOW)
    except Refused as error:
        return error.code
    return None


def check(decide: Any, states: Mapping[Any, Any], table: Mapping[Any, tuple[object, set[Any]]]) -> None:
    """Each command at each stage: taken at those named, refused at all others."""
    for command, (more, allowed) in table.items():
        for stage, before in states.items():
            code = works(decide, before, command, more)
            assert (code is None) == (stage in allowed), f"{command} at {stage}: {code}"


def test_an_opportunity_takes_each_command_at_its_stage_only() -> None:
    stages = opportunity.Stage
    check(
        opportunity.decide,
        {stage: replace(OPPORTUNITY, stage=stage) for stage in stages},
        {
            opportunity.Go(): (None, {stages.DETECTED}),
            opportunity.NoGo(None): (None, {stages.DETECTED}),
            opportunity.Close(): (0, {stages.GO, stages.BIDDING}),
        },
    )


def test_a_consortium_takes_each_command_at_its_stage_only() -> None:
    stages = consortium.Stage
    unsigned = replace(CONSORTIUM, signed=frozenset())
    rows = tuple(ShareOf(company=company, share=share) for company, share in SHARES.items())
    terms = MemberTerms(margin=Decimal(4), could_bid_alone=True)
    check(
        consortium.decide,
        {stage: replace(unsigned, stage=stage) for stage in stages},
        {
            consortium.Recompose(COMPOSITION): (OPPORTUNITY, {stages.FORMING}),
            consortium.SetShares(1, rows): (None, {stages.FORMING}),
            consortium.Declare(COMPANIES[1], terms): (None, {stages.FORMING}),
            consortium.Sign(COMPANIES[1]): (None, {stages.FORMING}),
            consortium.Dissolve(None): (0, {stages.FORMING, stages.FROZEN}),
        },
    )


def test_consortia_form_while_the_opportunity_is_gone_for() -> None:
    form = consortium.Form(UUID(int=100), COMPANIES[0], COMPOSITION)
    for stage in opportunity.Stage:
        code = works(consortium.decide, None, form, replace(OPPORTUNITY, stage=stage))
        assert (code is None) == (stage in opportunity.FORMING_STAGES)


@pytest.mark.parametrize("status", list(Status))
def test_only_who_may_take_on_something_new_signs(status: Status) -> None:
    forming = replace(CONSORTIUM, stage=consortium.Stage.FORMING, signed=frozenset())
    sign = consortium.Sign(COMPANIES[1])
    if status in {Status.ACTIVE, Status.PILOT}:
        assert consortium.decide(forming, sign, standing(status=status), NOW)
    else:
        with pytest.raises(Refused) as refusal:
            consortium.decide(forming, sign, standing(status=status), NOW)
        assert refusal.value.code == "member_takes_nothing_new"


def test_a_bid_takes_each_command_at_its_stage_only() -> None:
    stages = bid.Stage
    losing = bid.Losing(CONSORTIUM, {}, 0)
    states = {stage: replace(BID, stage=stage) for stage in stages}
    check(
        bid.decide,
        states,
        {
            bid.Reprice(PRICE): (None, {stages.DRAFT}),
            bid.Submit(): (None, {stages.DRAFT}),
            bid.Win(UUID(int=1), None, Basis.WHOLE): (CONSORTIUM, {stages.SUBMITTED}),
            bid.Lose(None, FRESH): (losing, {stages.SUBMITTED}),
            bid.Withdraw(None): (None, {stages.DRAFT, stages.SUBMITTED}),
            bid.Cancel(None): (None, {stages.DRAFT, stages.SUBMITTED}),
        },
    )
    missing = {stage: replace(state, agreed=frozenset()) for stage, state in states.items()}
    check(bid.decide, missing, {bid.Agree(COMPANIES[1]): (None, {stages.DRAFT})})


def test_the_first_bid_begins_the_bidding_and_later_ones_do_not() -> None:
    draft = bid.Draft(uuid4(), uuid4(), COMPANIES[0], 1, PRICE)
    first = bid.Drafting(CONSORTIUM, OPPORTUNITY, frozenset())
    assert len(bid.decide(None, draft, standing(first), NOW)) == 2
    going_on = replace(OPPORTUNITY, stage=opportunity.Stage.BIDDING)
    later = bid.Drafting(CONSORTIUM, going_on, frozenset())
    assert len(bid.decide(None, draft, standing(later), NOW)) == 1


def test_a_member_of_another_bid_for_the_lot_is_in_no_second_one() -> None:
    draft = bid.Draft(uuid4(), uuid4(), COMPANIES[0], 1, PRICE)
    taken = bid.Drafting(CONSORTIUM, OPPORTUNITY, frozenset({COMPANIES[3]}))
    assert works(bid.decide, None, draft, taken) == "in_another_bid"


def won() -> state.Contract:
    submitted = replace(BID, stage=bid.Stage.SUBMITTED)
    win = bid.Win(UUID(int=300), None, Basis.WHOLE)
    prepared = placed(bid.decide(submitted, win, standing(CONSORTIUM), NOW))[1].event
    assert isinstance(prepared, ContractPrepared)
    return state.evolve(None, recorded(prepared))


def active() -> state.Contract:
    return replace(won(), stage=state.Stage.ACTIVE)


def pay(before: state.Contract, total: str, **other: Any) -> list[Placed]:
    """Recorded and attested."""
    values: dict[str, Any] = {
        "received": None,
        "milestone": 1,
        "invoice_number": None,
        "pass_on_by": None,
        "obligations": FRESH,
        **other,
    }
    payment = uuid4()
    record = payments.RecordPayment(payment, before.members[0], eur(total), **values)
    found = placed(contract.decide(before, record, standing(), NOW))
    after = state.evolve(before, recorded(found[0].event, date(2025, 6, 20)))
    attest = payments.AttestPayment(payment, FRESH)
    return [*found, *placed(contract.decide(after, attest, standing(), NOW))]


def after(before: state.Contract, found: list[Placed]) -> state.Contract:
    for one in found:
        if one.stream is None:
            before = state.evolve(before, recorded(one.event, one.effective_on or date(2025, 6, 20)))
    return before


def benefits(found: list[Placed]) -> list[str]:
    (event,) = [one.event for one in found if isinstance(one.event, ContractPaymentRecognised)]
    return [f"{row.value.benefit.amount:.2f}" for row in event.recognised]


def test_t1_recognises_at_each_milestone_what_the_story_says_and_keeps_the_rest_pending() -> None:
    t1 = active()
    assert sum((one.amount for one in t1.pending.values()), Decimal(0)) == Decimal("147000.00")
    first = pay(t1, "300000.00")
    assert benefits(first) == ["6000.00", "3600.00", "3000.00", "2100.00"]
    t1 = after(t1, first)
    assert list(t1.pending.values()) == [eur("54000"), eur("32400"), eur("27000"), eur("18900")]
    second = pay(t1, "750000.00")
    assert benefits(second) == ["15000.00", "9000.00", "7500.00", "5250.00"]
    t1 = after(t1, second)
    assert list(t1.pending.values()) == [eur("39000"), eur("23400"), eur("19500"), eur("13650")]
    assert sum((one.amount for one in t1.pending.values()), Decimal(0)) == Decimal("95550.00")


def test_a_buyer_who_pays_more_than_agreed_leaves_nothing_pending_and_nothing_below() -> None:
    paid = pay(active(), "3000100.00")
    assert benefits(paid)[0] == "60002.00"
    assert set(after(active(), paid).pending.values()) == {eur("0.00")}


def test_what_is_passed_on_by_a_solidary_lead_is_all_but_its_own_part() -> None:
    solidary = replace(active(), form=Liability.SOLIDARY)
    found = [one for one in pay(solidary, "300000.00") if isinstance(one.event, Between)]
    owed = {one.event.creditor: one.event.amount for one in found if isinstance(one.event, Between)}
    assert owed == dict(zip(COMPANIES[1:], (eur("60000"), eur("60000"), eur("30000")), strict=True))
    assert {one.effective_on for one in found} == {date(2025, 6, 20)}


def test_parts_by_work_share_add_up_to_the_cent() -> None:
    thirds = dict(zip(COMPANIES, map(Decimal, ("33.3333", "33.3333", "33.3333", "0.0001")), strict=True))
    uneven = {
        company: row.model_copy(update={"share": thirds[company]})
        for company, row in active().expected.items()
    }
    found = pay(replace(active(), expected=uneven), "1000.01")
    parts = [part.value for part in found[0].event.received]  # type: ignore[attr-defined]
    assert sum(parts, eur("0.00")) == eur("1000.01")


def test_a_contract_takes_each_command_at_its_stage_only() -> None:
    stages = state.Stage
    around = contract.Around(consortium.Stage.FROZEN, 0)
    payment = uuid4()
    recorded_one = replace(
        active(),
        payments={
            payment: state.Payment(
                by=COMPANIES[0],
                total=eur("400.00"),
                received={company: eur("100.00") for company in COMPANIES},
                milestone=None,
                invoice_number=None,
                paid_on=date(2025, 6, 20),
                pass_on_by=date(2025, 7, 20),
            )
        },
    )
    record = payments.RecordPayment(uuid4(), COMPANIES[0], eur("400.00"), None, 1, None, None, FRESH)
    check(
        contract.decide,
        {stage: replace(active(), stage=stage) for stage in stages},
        {
            contract.Activate(): (around, {stages.PENDING}),
            contract.Complete(): (around, {stages.ACTIVE}),
            contract.Terminate(None): (around, {stages.PENDING, stages.ACTIVE}),
        },
    )
    states = {stage: replace(recorded_one, stage=stage) for stage in stages}
    attest = payments.AttestPayment(payment, FRESH)
    for stage, before in states.items():
        for command in (record, attest):
            assert (works(contract.decide, before, command) is None) == (stage is stages.ACTIVE)


def test_a_payment_is_attested_withdrawn_or_reversed_once() -> None:
    paid = pay(active(), "300000.00")
    t1 = after(active(), paid)
    (payment,) = t1.payments
    for command in (payments.AttestPayment(payment, FRESH), payments.WithdrawPayment(payment, REASON)):
        assert works(contract.decide, t1, command) == "payment_stage"
    reverse = payments.ReversePayment(payment, REASON)
    back = after(t1, placed(contract.decide(t1, reverse, standing([]), NOW)))
    assert back.pending == active().pending
    assert works(contract.decide, back, reverse, []) == "payment_stage"


def test_what_is_not_there_is_not_found() -> None:
    for decide, command in (
        (opportunity.decide, opportunity.Go()),
        (consortium.decide, consortium.Sign(COMPANIES[0])),
        (bid.decide, bid.Submit()),
        (contract.decide, contract.Activate()),
    ):
        with pytest.raises(NotFound):
            decide(None, command, standing(), NOW)
    with pytest.raises(AllianceError) as error:
        contract.decide(active(), payments.AttestPayment(uuid4(), FRESH), standing(), NOW)
    assert error.value.code == "payment_unknown"


def test_costs_that_stay_with_who_bore_them_are_in_no_event() -> None:
    as_borne = replace(
        CONSORTIUM, composition=COMPOSITION.model_copy(update={"lost_costs": LostCosts.AS_BORNE})
    )
    losing = bid.Losing(as_borne, {COMPANIES[0]: eur("1200.00")}, 0)
    submitted = replace(BID, stage=bid.Stage.SUBMITTED)
    (lost,) = placed(bid.decide(submitted, bid.Lose(None, FRESH), standing(losing), NOW))
    assert lost.event == BidLost(costs=())
