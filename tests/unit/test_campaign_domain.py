"""A campaign's decisions: the story's purchases to the cent, and what is refused in which state."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from events.envelope import Context, encode
from events.errors import AllianceError, Forbidden
from events.ids import AllianceId, PersonId
from events.sealing import Masters, Seal
from obligations.events import Incurred
from purchasing.campaign import commands, events
from purchasing.campaign.domain import MOST_PARTICIPANTS
from purchasing.campaign.quote import stand_alone
from purchasing.campaign.state import State
from samples.campaigns import (
    COORDINATOR,
    INDEPENDENT,
    OBLIGATIONS,
    P1_PLACES,
    P1_SHAPLEY,
    P1_TIERS,
    P2_ROLLS,
    QUOTE,
    TEXT,
    Played,
    charter,
    commitment,
    company,
    euros,
    first_purchase,
    invoice,
    need,
    offer,
    price,
    second_purchase,
    standing,
)
from sharing import Method, TierKind
from standing import Member, Standing, Status

P1_COSTS = {
    "Aubrelle": "7000.00",
    "Dourvel": "2800.00",
    "Valbrune": "2520.00",
    "Castrelle": "1680.00",
    "Tarvieux": "4480.00",
    "Ormeval": "1120.00",
    "Névelin": "1400.00",
    "Gravelot": "2800.00",
    "Cartovel": "1960.00",
    "Sélunel": "840.00",
    "Morvaine": "4340.00",
    "Halvard": "1120.00",
    "Pérénia": "840.00",
    "Clairvigne": "4200.00",
    "Bocagel": "840.00",
    "Combrelle": "2660.00",
    "Lumiel": "1400.00",
}
P1_GAINS = {
    "Aubrelle": "3500.00",
    "Dourvel": "600.00",
    "Valbrune": "1800.00",
    "Castrelle": "960.00",
    "Tarvieux": "3200.00",
    "Ormeval": "800.00",
    "Névelin": "1000.00",
    "Gravelot": "2000.00",
    "Cartovel": "1400.00",
    "Sélunel": "600.00",
    "Morvaine": "3100.00",
    "Halvard": "800.00",
    "Pérénia": "600.00",
    "Clairvigne": "3000.00",
    "Bocagel": "600.00",
    "Combrelle": "1900.00",
    "Lumiel": "1000.00",
}
ONE_PRICE = offer(((1, "10.00"),))


def by_name(figures: dict[str, str]) -> dict[UUID, Any]:
    return {company(name): euros(amount) for name, amount in figures.items()}


def code_of(played: Played, command: object, **asked: Any) -> str:
    with pytest.raises(AllianceError) as refused:
        played.do(command, **asked)
    return refused.value.code


def ready(quantities: dict[str, int] | None = None, **terms: Any) -> Played:
    """Collecting commitments at 10.00 a unit."""
    return Played().collect(offer(((1, "10.00"),), **terms)).commit(quantities or P2_ROLLS)


class TestStory:
    """The purchases of the story."""

    def test_the_first_purchase_is_allocated_at_equal_price_to_the_cent(self) -> None:
        rows = first_purchase().now.rows
        assert {owner: row.cost for owner, row in rows.items()} == by_name(P1_COSTS)
        assert {owner: row.benefit for owner, row in rows.items()} == by_name(P1_GAINS)
        assert rows[company("Morvaine")].quantity == 31

    def test_by_shapley_the_first_purchase_gives_the_storys_column(self) -> None:
        played = Played().collect(offer(P1_TIERS, pack_size=10)).commit(P1_PLACES)
        played.do(commands.AcceptRoundUp(company("Morvaine"), 15))
        played.do(commands.ChooseMethod(Method.SHAPLEY))
        played.do(commands.Freeze())
        costs = {owner: terms.cost for owner, terms in played.now.frozen.items()}
        assert costs == by_name(P1_SHAPLEY)

    def test_clairvigne_is_owed_by_the_sixteen_others_what_it_paid_for_them(self) -> None:
        owed = [one.event for one in first_purchase().events if isinstance(one.event, Incurred)]
        assert {event.debtor: event.amount for event in owed} == by_name(
            {name: cost for name, cost in P1_COSTS.items() if name != "Clairvigne"}
        )
        assert {event.creditor for event in owed} == {company("Clairvigne")}
        assert {event.due_on for event in owed} == {date(2025, 3, 31)}
        assert {event.money_rate for event in owed} == {Decimal("3.65")}

    def test_clairvigne_prefinanced_for_forty_days(self) -> None:
        (counted,) = first_purchase().of(events.PrefinancingCounted)
        (count,) = counted.event.counts
        assert count.value.contribution == euros("168.00")

    def test_the_second_purchase_is_allocated_by_shapley_with_delivery_by_volume(self) -> None:
        rows = second_purchase().now.rows
        assert {owner: row.cost for owner, row in rows.items()} == by_name(
            {"Sélunel": "2795.45", "Gravelot": "10956.82", "Combrelle": "16447.73"}
        )
        assert {owner: row.benefit for owner, row in rows.items()} == by_name(
            {"Sélunel": "204.55", "Gravelot": "1043.18", "Combrelle": "652.27"}
        )

    def test_all_methods_of_the_second_purchase_stand_side_by_side(self) -> None:
        comparison = second_purchase().now.comparison
        assert comparison is not None
        gains = {
            method: [
                columns.alone - cost
                for columns in comparison.columns.values()
                for cost in [columns.costs[method]]
            ]
            for method in Method
            if method is not Method.CONTRIBUTION
        }
        delivery = [euros("45.45"), euros("181.82"), euros("272.73")]
        without_delivery = {
            method: [f"{(gain + part).amount:.2f}" for gain, part in zip(column, delivery, strict=True)]
            for method, column in gains.items()
        }
        assert without_delivery == {
            Method.EQUAL: ["800.00", "800.00", "800.00"],
            Method.VOLUME: ["218.18", "872.73", "1309.09"],
            Method.STAND_ALONE: ["224.30", "897.20", "1278.50"],
            Method.EQUAL_PRICE: ["300.00", "1200.00", "900.00"],
            Method.SHAPLEY: ["250.00", "1225.00", "925.00"],
        }
        assert [method for method, stable in comparison.prospect.in_core.items() if not stable] == [
            Method.EQUAL
        ]

    def test_pallets_come_short_and_are_allocated_again_on_the_credit_note(self) -> None:
        """P3, with Bocagel's part taken by Combrelle."""
        former = {"Cartovel": "10.80", "Morvaine": "10.50", "Valbrune": "11.40"}
        pallets = {"Cartovel": 8200, "Morvaine": 4800, "Aubrelle": 2900, "Combrelle": 400}
        tiers = offer(((1, "11.00"), (20000, "9.00")))
        played = Played().collect(tiers, minimum=20000, former=former).commit(pallets)
        played.do(commands.Freeze())
        assert played.now.state is State.MINIMUM_NOT_MET
        played.do(commands.Extend(date(2025, 12, 31)))
        played.commit({"Valbrune": 3700})
        played.do(commands.Freeze())
        played.do(commands.Order())
        played.do(commands.Receive(19103, last=True))
        received = {"Cartovel": 7832, "Morvaine": 4585, "Aubrelle": 2770, "Combrelle": 382, "Valbrune": 3534}
        assert played.now.delivered.rows == {company(name): units for name, units in received.items()}
        played.do(commands.RecordInvoice(invoice(20000, "180000.00")))
        played.do(commands.Allocate())
        played.do(commands.RecordInvoice(invoice(19103, "171927.00")))
        assert code_of(played, commands.Settle(None, OBLIGATIONS)) == "allocation_outdated"
        played.do(commands.Allocate())
        assert {owner: row.benefit for owner, row in played.now.rows.items()} == by_name(
            {
                "Cartovel": "14097.60",
                "Morvaine": "6877.50",
                "Aubrelle": "5540.00",
                "Combrelle": "764.00",
                "Valbrune": "7068.00",
            }
        )

    def test_vans_lapse_by_a_maximum_price_and_the_minimum_is_missed(self) -> None:
        """P4: at nine the price exceeds Castrelle's; seven remain, and eight are the minimum."""
        played = Played().collect(offer(((1, "30200.00"), (10, "28500.00"))), minimum=8)
        played.commit({"Gravelot": 4, "Tarvieux": 3})
        played.do(commands.Commit(company("Castrelle"), commitment(2, maximum="29000.00")))
        (missed,) = played.do(commands.Freeze())
        assert {row.owner: row.value for row in missed.event.rows} == {
            company("Gravelot"): "stays",
            company("Tarvieux"): "stays",
            company("Castrelle"): "lapses",
        }
        played.do(commands.Extend(date(2025, 5, 30)))
        assert set(played.now.commitments) == {company("Gravelot"), company("Tarvieux"), company("Castrelle")}
        (cancelled,) = played.do(commands.Cancel(TEXT))
        assert cancelled.event.fallen_away == ()


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


def at(state: State) -> Played:
    """A campaign in a state."""
    played = Played()
    steps: list[tuple[State, list[object]]] = [
        (State.DRAFT, [commands.DraftCampaign(TEXT, TEXT, "place", 3, None)]),
        (State.COLLECTING_NEEDS, [commands.InviteNeeds()]),
        (
            State.COLLECTING_QUOTES,
            [commands.RecordNeed(company("Dourvel"), need(1, "9.00"), None, TEXT), commands.InviteQuotes()],
        ),
        (
            State.COLLECTING_COMMITMENTS,
            [
                commands.RecordQuote(QUOTE, TEXT, ONE_PRICE),
                commands.ChooseQuote(QUOTE),
                commands.InviteCommitments(),
            ],
        ),
        (State.MINIMUM_NOT_MET, [commands.Freeze()]),
        (State.EXTENDED, [commands.Extend(date(2025, 12, 31))]),
        (
            State.FROZEN,
            [
                *(commands.Commit(company(name), commitment(2)) for name in P2_ROLLS),
                commands.Freeze(),
            ],
        ),
        (State.ORDERED, [commands.Order()]),
        (State.PARTLY_RECEIVED, [commands.Receive(1, last=False)]),
        (State.RECEIVED, [commands.Receive(5, last=True)]),
        (State.INVOICED, [commands.RecordInvoice(invoice(6, "60.00"))]),
        (State.ALLOCATED, [commands.Allocate()]),
        (State.SETTLED, [commands.Settle(None, OBLIGATIONS)]),
    ]
    if state is State.CANCELLED:
        return_to = at(State.FROZEN)
        return_to.do(commands.Cancel(TEXT))
        return return_to
    for reached, wanted in steps:
        for command in wanted:
            played.do(command)
        assert played.now.state is reached
        if reached is state:
            return played
    raise AssertionError(state)


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


class TestPacks:
    @pytest.mark.parametrize(
        ("quantity", "tolerance", "bought"), [(5, 3, 8), (5, 2, 4), (4, 3, 4), (1, 3, 4), (3, 0, 0)]
    )
    def test_a_pack_begun_is_filled_by_tolerances(self, quantity: int, tolerance: int, bought: int) -> None:
        played = Played().collect(offer(((1, "10.00"),), pack_size=4))
        played.do(commands.Commit(company("Sélunel"), commitment(quantity, tolerance)))
        played.do(commands.Freeze())
        group = played.now.group
        assert (group.quantity if group else 0) == bought

    def test_what_fills_no_pack_is_taken_off_pro_rata(self) -> None:
        played = Played().collect(offer(((1, "10.00"),), pack_size=10)).commit({"Sélunel": 9, "Gravelot": 18})
        played.do(commands.Freeze())
        units = {owner: terms.quantity for owner, terms in played.now.frozen.items()}
        assert units == {company("Sélunel"): 7, company("Gravelot"): 13}

    def test_without_an_owner_of_the_surplus_nothing_is_rounded_up(self) -> None:
        played = Played().collect(offer(P1_TIERS, pack_size=5)).commit(P1_PLACES)
        played.do(commands.Freeze())
        assert played.now.group == events.Group(quantity=285, goods=euros("48450.00"), delivery=euros("0.00"))

    def test_a_surplus_beyond_what_its_owner_accepted_is_not_ordered(self) -> None:
        played = Played().collect(offer(P1_TIERS, pack_size=5)).commit(P1_PLACES)
        played.do(commands.AcceptRoundUp(company("Morvaine"), 14))
        played.do(commands.Freeze())
        assert played.now.group is not None
        assert played.now.group.quantity == 285

    def test_a_surplus_has_one_owner_who_may_take_it_back(self) -> None:
        played = ready()
        played.do(commands.AcceptRoundUp(company("Sélunel"), 5))
        assert code_of(played, commands.AcceptRoundUp(company("Gravelot"), 5)) == "surplus_has_owner"
        played.do(commands.AcceptRoundUp(company("Sélunel"), 0))
        played.do(commands.AcceptRoundUp(company("Gravelot"), 5))
        played.do(commands.WithdrawCommitment(company("Gravelot")))
        assert played.now.surplus is None


class TestFreezing:
    def test_one_lapse_may_bring_the_next(self) -> None:
        played = Played().collect(offer(((1, "10.00"), (6, "9.00"), (10, "8.00"))))
        for name, quantity, maximum in (
            ("Sélunel", 5, None),
            ("Gravelot", 3, "9.50"),
            ("Castrelle", 1, "8.00"),
        ):
            played.do(commands.Commit(company(name), commitment(quantity, maximum=maximum)))
        (frozen,) = played.do(commands.Freeze())
        assert frozen.event.lapsed == (company("Castrelle"),)
        played = Played().collect(offer(((1, "10.00"), (9, "9.00"), (12, "8.00"))))
        for name, quantity, maximum in (
            ("Sélunel", 5, None),
            ("Gravelot", 3, "9.50"),
            ("Castrelle", 1, "8.00"),
        ):
            played.do(commands.Commit(company(name), commitment(quantity, maximum=maximum)))
        (frozen,) = played.do(commands.Freeze())
        assert frozen.event.lapsed == (company("Gravelot"), company("Castrelle"))

    def test_a_maximum_price_includes_delivery(self) -> None:
        for maximum, lapsed in (("10.50", 0), ("10.49", 1)):
            played = ready({"Gravelot": 99}, delivery=euros("50.00"))
            played.do(commands.Commit(company("Sélunel"), commitment(1, maximum=maximum)))
            (frozen,) = played.do(commands.Freeze())
            assert len(frozen.event.lapsed) == lapsed

    def test_the_suppliers_minimum_order_counts_too(self) -> None:
        played = ready({"Sélunel": 5}, minimum_order=6)
        played.do(commands.Freeze())
        assert played.now.state is State.MINIMUM_NOT_MET

    def test_what_follows_goes_by_the_charter_of_the_freezing(self) -> None:
        where = standing(charter(), charter(2, date(2025, 2, 1)))
        played = Played(where).collect(ONE_PRICE).commit({"Sélunel": 1})
        played.do(commands.Freeze())
        played.deliver("10.00", on=date(2025, 3, 1))
        assert {one.charter_version for one in played.events} == {1}

    def test_a_method_that_would_pay_a_member_for_buying_is_refused(self) -> None:
        played = Played().collect(offer(((1, "12.00"), (10, "5.00"))), former={"Dourvel": "1.00"})
        played.commit({"Dourvel": 4, "Sélunel": 8, "Gravelot": 4})
        played.do(commands.ChooseMethod(Method.VOLUME))
        assert code_of(played, commands.Freeze()) == "method_unfit"


class TestComparison:
    def test_two_are_too_few_to_compare(self) -> None:
        assert (
            code_of(ready({"Sélunel": 1, "Gravelot": 2}), commands.CompareMethods()) == "too_few_commitments"
        )

    def test_a_column_does_not_change_with_one_or_two_commitments(self) -> None:
        played = ready()
        played.do(commands.CompareMethods())
        played.commit({"Sélunel": 301, "Gravelot": 1201})
        assert code_of(played, commands.CompareMethods()) == "too_few_changes"
        played.commit({"Combrelle": 1801})
        played.do(commands.CompareMethods())


class TestCarryingOut:
    def test_a_split_needs_figures_a_reason_and_every_participant(self) -> None:
        played = at(State.ORDERED)
        split = dict.fromkeys(played.now.frozen, 1)
        with pytest.raises(Forbidden):
            played.do(commands.Receive(3, True, split, TEXT), caller=COORDINATOR)
        assert code_of(played, commands.Receive(3, True, split)) == "split_reason_missing"
        assert code_of(played, commands.Receive(4, True, split, TEXT)) == "split_wrong"
        assert code_of(played, commands.Receive(3, False, split, TEXT)) == "split_before_last"
        played.do(commands.Receive(3, True, split, TEXT), caller=INDEPENDENT)
        assert played.now.delivered.rows == split

    def test_more_than_ordered_is_not_received(self) -> None:
        assert code_of(at(State.PARTLY_RECEIVED), commands.Receive(6, last=True)) == "more_than_ordered"
        assert code_of(at(State.ORDERED), commands.Receive(0, last=True)) == "nothing_received"

    def test_who_received_nothing_pays_nothing(self) -> None:
        played = at(State.ORDERED)
        split = {owner: 2 * (owner != company("Sélunel")) for owner in played.now.frozen}
        played.do(commands.Receive(4, True, split, TEXT))
        played.do(commands.RecordInvoice(invoice(4, "40.00", "1.00")))
        played.do(commands.Allocate())
        row = played.now.rows[company("Sélunel")]
        assert (row.cost, row.benefit) == (euros("0.00"), euros("0.00"))

    def test_an_allocation_says_what_was_expected_before_it(self) -> None:
        played = at(State.ALLOCATED)
        played.do(commands.RecordInvoice(invoice(6, "54.00")))
        played.do(commands.Allocate())
        played.do(commands.RecordInvoice(invoice(6, "48.00")))
        played.do(commands.Allocate())
        last = played.of(events.CostsAllocated)[-1].event
        assert {(row.value.expected, row.value.benefit) for row in last.rows} == {
            (euros("2.00"), euros("4.00"))
        }

    def test_a_gain_above_the_charters_is_worked_out_by_the_independent_person(self) -> None:
        terms: dict[str, Any] = {
            "gain_to_attest": {"amount": "0.00", "currency": "EUR"},
            "coordinator_independent": True,
        }
        played = at(State.INVOICED)
        played.where = standing(charter(**terms))
        played.do(commands.RecordInvoice(invoice(6, "54.00")))
        refused = code_of(played, commands.Allocate(), caller=COORDINATOR)
        assert refused == "independent_person_attests"
        played.do(commands.Allocate())

    def test_only_a_participant_that_takes_on_new_things_leads_or_pays_in_advance(self) -> None:
        for made in (commands.TakeLead, lambda one: commands.Prefinance(one, euros("1.00"))):
            assert code_of(at(State.ORDERED), made(company("Lumiel"))) == "not_participating"
            played = at(State.ORDERED)
            played.where = standing(statuses={"Sélunel": Status.NOTICE})
            assert code_of(played, made(company("Sélunel"))) == "member_not_committing"

    def test_one_company_leads_and_the_same_one_pays_in_advance(self) -> None:
        led = at(State.ORDERED)
        led.do(commands.TakeLead(company("Sélunel")))
        assert code_of(led, commands.TakeLead(company("Sélunel"))) == "lead_taken_already"
        paid = at(State.ORDERED)
        paid.do(commands.Prefinance(company("Sélunel"), euros("1.00")))
        assert code_of(paid, commands.Prefinance(company("Sélunel"), euros("1.00"))) == "prefinanced_already"
        assert code_of(paid, commands.TakeLead(company("Gravelot"))) == "prefinanced_by_another"
        paid.do(commands.TakeLead(company("Sélunel")))

    def test_prefinancing_is_attested_once_and_nothing_is_dated_before_it(self) -> None:
        played = at(State.ORDERED)
        assert code_of(played, commands.AttestPrefinancing()) == "not_prefinanced"
        for amount in ("0.00", "-1.00"):
            command = commands.Prefinance(company("Sélunel"), euros(amount))
            assert code_of(played, command) == "amount_not_positive"
        played.do(commands.Prefinance(company("Sélunel"), euros("1.00")), on=date(2025, 2, 3))
        played.do(commands.AttestPrefinancing())
        assert code_of(played, commands.AttestPrefinancing()) == "attested_already"
        early = code_of(played, commands.Receive(6, last=True), on=date(2025, 2, 2))
        assert early == "effective_on_before_last_step"

    def test_negative_amounts_are_refused(self) -> None:
        received = at(State.RECEIVED)
        for goods, delivery in (("-1.00", "0.00"), ("1.00", "-1.00")):
            command = commands.RecordInvoice(invoice(6, goods, delivery))
            assert code_of(received, command) == "amount_negative"
        quote = commands.RecordQuote(QUOTE, TEXT, offer(((1, "1.00"),), delivery=euros("-1.00")))
        assert code_of(at(State.COLLECTING_QUOTES), quote) == "amount_negative"

    def test_an_invoice_is_allocated_once(self) -> None:
        assert code_of(at(State.ALLOCATED), commands.Allocate()) == "allocated_already"

    def test_prefinancing_that_nobody_attested_is_not_settled(self) -> None:
        played = at(State.ORDERED)
        played.do(commands.Prefinance(company("Sélunel"), euros("60.00")))
        played.deliver("60.00")
        settle = commands.Settle(date(2025, 12, 31), OBLIGATIONS)
        assert code_of(played, settle) == "prefinancing_not_attested"
        played.do(commands.AttestPrefinancing())
        assert code_of(played, commands.Settle(None, OBLIGATIONS)) == "due_on_missing"
        assert code_of(played, commands.Settle(date(2025, 1, 16), OBLIGATIONS)) == "due_on_in_past"
        played.do(settle)

    def test_a_partial_advance_is_owed_in_part(self) -> None:
        played = at(State.ORDERED)
        played.do(commands.Prefinance(company("Sélunel"), euros("30.00")))
        played.do(commands.AttestPrefinancing())
        played.deliver("60.00")
        played.do(commands.Settle(date(2025, 12, 31), OBLIGATIONS))
        owed = [one.event for one in played.events if isinstance(one.event, Incurred)]
        assert {event.debtor: event.amount for event in owed} == by_name(
            {"Gravelot": "10.00", "Combrelle": "10.00"}
        )

    def test_a_lead_recharges_and_prefinances_nothing(self) -> None:
        played = at(State.ORDERED)
        played.do(commands.TakeLead(company("Sélunel")))
        other = commands.Prefinance(company("Gravelot"), euros("1.00"))
        assert code_of(played, other) == "lead_taken_already"
        played.deliver("60.00")
        played.do(commands.Settle(date(2025, 12, 31), OBLIGATIONS))
        owed = [one.event for one in played.events if isinstance(one.event, Incurred)]
        assert [event.reason for event in owed] == ["recharge", "recharge"]
        assert {event.money_rate for event in owed} == {None}
        assert played.of(events.PrefinancingCounted) == []

    def test_without_either_the_supplier_bills_each_and_nobody_owes(self) -> None:
        played = at(State.SETTLED)
        assert [one for one in played.events if isinstance(one.event, Incurred)] == []

    def test_a_cancelled_order_lets_fall_what_was_expected_and_counts_the_advance(self) -> None:
        played = (
            Played().collect(ONE_PRICE, former={"Dourvel": "9.00"}).commit({"Dourvel": 10, "Sélunel": 10})
        )
        played.do(commands.Freeze())
        played.do(commands.Order())
        played.do(commands.Prefinance(company("Sélunel"), euros("10000.00")))
        played.do(commands.AttestPrefinancing())
        cancelled, counted = played.do(commands.Cancel(TEXT), on=date(2025, 1, 27))
        assert {row.owner: row.value for row in cancelled.event.fallen_away} == by_name(
            {"Dourvel": "-10.00", "Sélunel": "0.00"}
        )
        assert [count.value.contribution for count in counted.event.counts] == [euros("10.00")]


def test_the_events_of_sixty_participants_with_long_figures_fit() -> None:
    companies = [UUID(int=(1 << 100) + number) for number in range(MOST_PARTICIPANTS)]
    base = standing()
    members = {
        one: Member(company=one, name=f"Member {one}", status=Status.ACTIVE, since=date(2025, 1, 2))
        for one in companies
    }
    where = Standing.model_validate({**base.model_dump(), "members": {**base.members, **members}})
    tiers = ((1, "999123456.123456"), (100, "998123456.123456"), (120, "997123456.654321"))
    played = Played(where).collect(offer(tiers, delivery=euros("1234567890.12")))
    for number, one in enumerate(companies):
        played.do(commands.Commit(one, commitment(101 + number)))
    played.do(commands.CompareMethods())
    played.do(commands.Freeze())
    played.do(commands.Order())
    played.do(commands.Prefinance(companies[0], euros("9999999999999.99")))
    played.do(commands.AttestPrefinancing())
    played.deliver("7654321098765.43", "1234567890.12", on=date(2025, 3, 15))
    played.do(commands.Settle(date(2025, 12, 31), OBLIGATIONS))
    masters = Masters((b"m" * 32,))
    sizes = {}
    for recorded in played.events:
        around = Context(
            "purchasing",
            AllianceId(recorded.alliance),
            recorded.time,
            PersonId(recorded.actor),
            "c" * 36,
            "d" * 36,
            recorded.effective_on,
            1,
            recorded.project,
        )
        body = encode(
            recorded.event,
            around,
            id=recorded.id,
            stream=recorded.stream,
            version=recorded.version,
            sequence=recorded.sequence,
            seal=Seal(masters, AllianceId(recorded.alliance), recorded.id),
        )
        sizes[type(recorded.event).__name__] = len(body)
    assert max(sizes.values()) > 30_000
    assert {"MethodsCompared", "CampaignFrozen", "CostsAllocated", "CampaignSettled"} <= set(sizes)
