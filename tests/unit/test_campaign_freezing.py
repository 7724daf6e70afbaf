"""What freezing comes to: packs, round-ups, lapses, minima, and the comparison before it."""

from datetime import date

import pytest

from purchasing.campaign import commands, events
from purchasing.campaign.state import State
from samples.campaign_states import ONE_PRICE, code_of, ready
from samples.campaigns import (
    P1_PLACES,
    P1_TIERS,
    Played,
    charter,
    commitment,
    company,
    euros,
    offer,
    standing,
)
from sharing import Method


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

    def test_other_tolerances_and_highest_prices_hide_nobodys_quantity(self) -> None:
        played = ready()
        played.do(commands.CompareMethods())
        asked = {one: played.now.commitments[company(one)].quantity for one in ("Sélunel", "Gravelot")}
        played.do(commands.Commit(company("Sélunel"), commitment(asked["Sélunel"], 7)))
        played.do(commands.Commit(company("Gravelot"), commitment(asked["Gravelot"], maximum="99.00")))
        played.commit({"Combrelle": 1801})
        assert code_of(played, commands.CompareMethods()) == "too_few_changes"
