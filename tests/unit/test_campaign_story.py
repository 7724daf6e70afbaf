"""The story's purchases to the cent, and the largest campaign."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from events.envelope import Context, encode
from events.ids import AllianceId, PersonId
from events.sealing import Masters, Seal
from obligations.events import Incurred
from purchasing.campaign import commands, events
from purchasing.campaign.domain import MOST_PARTICIPANTS
from purchasing.campaign.state import State
from samples.campaign_states import by_name, code_of
from samples.campaigns import (
    OBLIGATIONS,
    P1_PLACES,
    P1_SHAPLEY,
    P1_TIERS,
    TEXT,
    Played,
    commitment,
    company,
    euros,
    first_purchase,
    invoice,
    offer,
    second_purchase,
    standing,
)
from sharing import Method
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
