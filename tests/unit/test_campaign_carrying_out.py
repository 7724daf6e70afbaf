"""From freezing to settlement: advances, deliveries, invoices, allocations, obligations."""

from datetime import date
from typing import Any

import pytest

from events.errors import Forbidden
from obligations.events import Incurred
from purchasing.campaign import commands, events
from purchasing.campaign.state import State
from samples.campaign_states import ONE_PRICE, at, by_name, code_of
from samples.campaigns import (
    COORDINATOR,
    INDEPENDENT,
    OBLIGATIONS,
    QUOTE,
    TEXT,
    Played,
    charter,
    company,
    euros,
    invoice,
    offer,
    standing,
)
from standing import Status


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
