"""Which command a campaign takes in which state, and what needs, quotes and commitments must be."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from events.errors import AllianceError
from purchasing.campaign import commands
from purchasing.campaign.domain import MOST_PARTICIPANTS
from purchasing.campaign.quote import stand_alone
from purchasing.campaign.state import State
from samples.campaign_states import ONE_PRICE, at, code_of, ready
from samples.campaigns import (
    OBLIGATIONS,
    P1_TIERS,
    QUOTE,
    TEXT,
    Played,
    charter,
    commitment,
    company,
    euros,
    invoice,
    need,
    offer,
    price,
    standing,
)
from sharing import Method, TierKind
from standing import Status

CALLS: dict[str, object] = {
    "invite_needs": commands.InviteNeeds(),
    "record_need": commands.RecordNeed(company("Sélunel"), need(5), None, None),
    "attest_former_price": commands.AttestFormerPrice(company("Dourvel"), price("170.00")),
    "invite_quotes": commands.InviteQuotes(),
    "record_quote": commands.RecordQuote(UUID(int=77), TEXT, ONE_PRICE),
    "choose_quote": commands.ChooseQuote(QUOTE),
    "invite_commitments": commands.InviteCommitments(),
    "commit": commands.Commit(company("Sélunel"), commitment(6)),
    "withdraw": commands.WithdrawCommitment(company("Sélunel")),
    "compare": commands.CompareMethods(),
    "choose_method": commands.ChooseMethod(Method.VOLUME),
    "accept_round_up": commands.AcceptRoundUp(company("Sélunel"), 5),
    "freeze": commands.Freeze(),
    "extend": commands.Extend(date(2025, 12, 31)),
    "cancel": commands.Cancel(TEXT),
    "order": commands.Order(),
    "take_lead": commands.TakeLead(company("Sélunel")),
    "prefinance": commands.Prefinance(company("Sélunel"), euros("10.00")),
    "attest_prefinancing": commands.AttestPrefinancing(),
    "receive": commands.Receive(1, last=False),
    "record_invoice": commands.RecordInvoice(invoice(6, "60.00")),
    "allocate": commands.Allocate(),
    "settle": commands.Settle(date(2025, 12, 31), OBLIGATIONS),
}
ASKING = {"record_need", "attest_former_price", "record_quote", "choose_quote", "choose_method", "cancel"}
COLLECTING = ASKING | {"commit", "withdraw", "compare", "accept_round_up", "freeze"}
ADVANCE = {"take_lead", "prefinance", "attest_prefinancing"}
TAKEN: dict[State, set[str]] = {
    State.DRAFT: {"invite_needs", "cancel"},
    State.COLLECTING_NEEDS: {"record_need", "attest_former_price", "invite_quotes", "cancel"},
    State.COLLECTING_QUOTES: ASKING | {"invite_commitments"},
    State.COLLECTING_COMMITMENTS: COLLECTING,
    State.MINIMUM_NOT_MET: {"extend", "cancel"},
    State.EXTENDED: COLLECTING,
    State.FROZEN: {"order", "take_lead", "cancel"},
    State.ORDERED: ADVANCE | {"receive", "cancel"},
    State.PARTLY_RECEIVED: ADVANCE | {"receive"},
    State.RECEIVED: ADVANCE | {"record_invoice"},
    State.INVOICED: ADVANCE | {"record_invoice", "allocate"},
    State.ALLOCATED: {"attest_prefinancing", "record_invoice", "allocate", "settle"},
    State.SETTLED: set(),
    State.CANCELLED: set(),
}
"""Independent of the program's own table."""


OF_STATE = {"campaign_state", "campaign_frozen", "campaign_cancelled", "campaign_settled"}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", list(CALLS))
def test_a_command_is_taken_in_its_states_alone(state: State, name: str) -> None:
    played = at(state)
    try:
        played.do(CALLS[name])
        code = None
    except AllianceError as refused:
        code = refused.code
    if name in TAKEN[state]:
        assert code not in OF_STATE
    else:
        ended = {State.CANCELLED: "campaign_cancelled", State.SETTLED: "campaign_settled"}
        assert code in OF_STATE
        assert code == ended.get(state, code)


def test_a_frozen_campaign_says_so_to_whom_would_change_a_commitment() -> None:
    assert code_of(at(State.FROZEN), CALLS["commit"]) == "campaign_frozen"
    assert code_of(at(State.ALLOCATED), CALLS["record_need"]) == "campaign_frozen"


class TestNeedsAndQuotes:
    def test_an_invoice_over_twelve_months_old_proves_no_price(self) -> None:
        played = at(State.COLLECTING_NEEDS)
        for day, code in (
            (date(2024, 1, 16), "invoice_too_old"),
            (date(2025, 1, 18), "invoice_in_future"),
        ):
            command = commands.RecordNeed(company("Dourvel"), need(1, "9.00", day), None, TEXT)
            assert code_of(played, command) == code
        played.do(commands.RecordNeed(company("Dourvel"), need(1, "9.00", date(2024, 1, 17)), None, TEXT))

    def test_a_former_price_without_evidence_is_refused(self) -> None:
        command = commands.RecordNeed(company("Dourvel"), need(1, "9.00"), None, None)
        assert code_of(at(State.COLLECTING_NEEDS), command) == "former_price_unproven"

    def test_the_baseline_is_the_lower_of_former_and_stand_alone_price(self) -> None:
        played = Played().collect(ONE_PRICE, former={"Dourvel": "9.00", "Castrelle": "12.00"})
        played.commit({"Dourvel": 1, "Castrelle": 1, "Tarvieux": 1})
        played.do(commands.Freeze())
        baselines = {owner: terms.baseline for owner, terms in played.now.frozen.items()}
        assert baselines == {
            company("Dourvel"): price("9.00"),
            company("Castrelle"): price("10.00"),
            company("Tarvieux"): price("10.00"),
        }

    def test_an_attested_price_counts_in_place_of_the_one_recorded(self) -> None:
        played = Played().collect(ONE_PRICE, former={"Dourvel": "9.00"}).commit({"Dourvel": 1})
        played.do(commands.AttestFormerPrice(company("Dourvel"), price("8.00")))
        played.do(commands.Freeze())
        assert played.now.frozen[company("Dourvel")].baseline == price("8.00")

    def test_a_need_recorded_anew_is_not_attested(self) -> None:
        played = Played().collect(ONE_PRICE, former={"Dourvel": "8.00"})
        played.do(commands.RecordNeed(company("Dourvel"), need(1, "9.50"), None, TEXT))
        assert played.now.needs[company("Dourvel")].former_price == price("9.50")

    def test_what_a_member_would_pay_alone_takes_the_cheaper_tier(self) -> None:
        quote = offer(P1_TIERS)
        assert stand_alone(quote, 30) == price("240.00")
        assert stand_alone(quote, 48).times(48) == euros("10500.00")
        incremental = offer(((1, "10.00"), (11, "5.00")), kind=TierKind.INCREMENTAL)
        assert stand_alone(incremental, 20).times(20) == euros("150.00")

    def test_tiers_that_do_not_rise_are_refused(self) -> None:
        for tiers in (((5, "1.00"),), ((1, "2.00"), (1, "1.00")), ((0, "2.00"), (9, "1.00"), (8, "0.50"))):
            command = commands.RecordQuote(QUOTE, TEXT, offer(tiers))
            assert code_of(at(State.COLLECTING_QUOTES), command) == "tiers_invalid"

    def test_a_quote_that_has_expired_is_neither_chosen_nor_frozen(self) -> None:
        played = Played().collect(offer(((1, "10.00"),), valid_until=date(2025, 1, 31)))
        assert code_of(played, commands.ChooseQuote(QUOTE), on=date(2025, 2, 1)) == "quote_expired"
        assert code_of(played.commit({"Sélunel": 1}), commands.Freeze()) == "quote_expired"

    def test_the_quote_stays_once_a_member_has_committed_at_it(self) -> None:
        assert code_of(ready(), commands.ChooseQuote(QUOTE)) == "quote_has_commitments"

    def test_amounts_in_another_currency_are_refused(self) -> None:
        dollars = price("10.00").model_copy(update={"currency": "USD"})
        command = commands.Commit(
            company("Sélunel"), commitment(1).model_copy(update={"maximum_price": dollars})
        )
        assert code_of(ready(), command) == "wrong_currency"


class TestCommitments:
    @pytest.mark.parametrize("status", [Status.NOTICE, Status.SUSPENDED, Status.LEFT, Status.APPLIED])
    def test_who_takes_on_nothing_new_does_not_commit(self, status: Status) -> None:
        played = ready()
        played.where = standing(statuses={"Sélunel": status})
        assert code_of(played, CALLS["commit"]) == "member_not_committing"

    def test_a_member_on_notice_is_not_bound_by_a_freezing(self) -> None:
        played = ready()
        played.where = standing(statuses={"Sélunel": Status.NOTICE})
        (frozen,) = played.do(commands.Freeze())
        assert frozen.event.lapsed == (company("Sélunel"),)
        assert company("Sélunel") not in played.now.frozen

    def test_a_campaign_has_sixty_participants_at_most(self) -> None:
        played = ready()
        others = {UUID(int=5000 + number): commitment(1) for number in range(MOST_PARTICIPANTS - 1)}
        played.campaign = replace(played.now, commitments=others)
        played.do(commands.Commit(company("Sélunel"), commitment(1)))
        assert code_of(played, commands.Commit(company("Gravelot"), commitment(1))) == "campaign_full"

    def test_each_commitment_pins_the_charter_of_its_day(self) -> None:
        where = standing(charter(), charter(2, date(2025, 2, 1)))
        played = Played(where).collect(ONE_PRICE)
        (before,) = played.do(commands.Commit(company("Sélunel"), commitment(1)), on=date(2025, 1, 31))
        (after,) = played.do(commands.Commit(company("Gravelot"), commitment(1)), on=date(2025, 2, 1))
        assert (before.charter_version, after.charter_version) == (1, 2)

    def test_nothing_is_dated_before_the_last_step(self) -> None:
        played = ready()
        code = code_of(played, CALLS["commit"], on=date(2025, 1, 16))
        assert code == "effective_on_before_last_step"
