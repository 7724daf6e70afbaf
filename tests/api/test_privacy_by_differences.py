"""What another may read, taken after each command and for each date, gives away no line by differences.

Three look on while an alliance lives through a year of private figures: a member that takes part in all of it
and leads the tender, one that takes part in nothing and leaves in the end, and a coordinator who need not be
independent. After each command each of them reads all that it may and tries, dry, what it may do; at the end
also by each date, log size and filter. An attacker then looks for the others' figures in what they saw: in
each number, its difference to the one before, these beside any other number, by each price and percentage.

It does not solve equations in several unknowns. A total over three or more is no line. The half-years in
which anything happens stay open: in a closed one, what each gave and got in all is for everybody to see.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from ledger.snapshot import Snapshot
from purchasing.campaign import answers
from purchasing.campaign.events import Group
from rigs.differences.common_life import common_life
from rigs.differences.observed import Observed, found_out, kept_from, shown_to
from rigs.differences.parts import PARTS, Part
from rigs.differences.purchase import collecting, committing
from rigs.differences.reader import Reader
from rigs.differences.tender import bidding, losing
from rigs.differences.year import BUYERS
from rigs.product import Product
from rigs.trespass import OPEN_TO_STRANGERS
from service import commands
from tenders.bid import api as bids

pytestmark = pytest.mark.timeout(1200)

_SERVICES: Final = ("members", "purchasing", "tenders", "ledger")
_FEED: Final = frozenset({"tenders.read_events", "ledger.read_events", "ledger.read_entry"})
SHOWN: Final[Mapping[str, frozenset[str]]] = {
    # The shares, to all members of the consortium.
    "dourvel": _FEED | {"tenders.read_consortium", "tenders.read_contract", "tenders.set_shares"},
    "lumiel": frozenset(),
    # Hours, to who attests them.
    "coordinator": frozenset(
        f"{service}.{name}_{what}"
        for service in _SERVICES
        for name, what in (("list", "declarations"), ("read", "declaration"), ("attest", "declaration"))
    ),
}
"""Where a figure of another stands as what it is, and may, since its counterparty reads it."""
NOT_TRIED: Final = frozenset(
    f"members.{name}"
    for name in (
        "activate_member",
        "admit_member",
        "apply_for_membership",
        "correct_person",
        "expel_member",
        "put_charter_in_force",
        "reject_application",
        "withdraw_role",
    )
)
"""Commands about people and membership: they have no figures and the year does not come to them."""
COMMON: Final = ("share", "turnover")
"""What members of a consortium know of one another: the shares, hence the parts of the contract's amount."""


@pytest.fixture(scope="module")
async def year(product: Product) -> Observed:
    observed = Observed(product, list(SHOWN))
    await observed.live(PARTS)
    await observed.look_back()
    return observed


def _reader(observed: Observed, by: str) -> Reader:
    return next(one for one in observed.readers if one.by == by)


@pytest.mark.parametrize("by", SHOWN)
async def test_no_difference_of_what_another_may_read_is_a_line(year: Observed, by: str) -> None:
    reader = _reader(year, by)
    secrets = kept_from(reader, await year.secrets())
    assert len(secrets) > 80
    shown = shown_to(reader, secrets)
    assert {operation for where in shown.values() for operation in where} <= SHOWN[by]
    hidden = [one for one in secrets if (one.kind, one.value) not in shown]
    if by == "dourvel":
        hidden = [one for one in hidden if not one.what.endswith(COMMON)]
    assert len(hidden) > 80
    found = found_out(reader, hidden)
    assert not found, "\n".join(map(str, found))


async def test_a_stranger_reads_nothing_at_all(year: Observed) -> None:
    stranger = year.reader("stranger")
    await stranger.read("the end", _SERVICES, year.year.day, everything=True)
    assert stranger.answered <= OPEN_TO_STRANGERS
    assert {operation for operation, *_ in stranger.seen} <= OPEN_TO_STRANGERS


async def test_every_operation_is_read_and_every_command_is_tried(year: Observed) -> None:
    operations = year.walk.operations.values()
    reads = {one.name for one in operations if one.method == "GET"}
    tries = {one.name for one in operations if "dry_run" in one.parameters("query")}
    assert reads - {name for reader in year.readers for name in reader.answered} == set()
    assert tries - {name for reader in year.readers for name in reader.tried} == NOT_TRIED


async def _found(
    product: Product, parts: Sequence[Part], services: tuple[str, ...]
) -> tuple[Observed, list[str]]:
    """What dourvel finds out, in the words of the attacker, where only these services are looked at."""
    observed = Observed(product, ["dourvel"], services)
    await observed.live(parts)
    (reader,) = observed.readers
    await reader.slide("as_of", ["2025-09-07", "2025-09-08"])
    secrets = kept_from(reader, await observed.secrets())
    return observed, [str(one) for one in found_out(reader, secrets)]


async def test_totals_of_commitments_would_give_each_of_them_away_if_they_were_shown_live(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    withheld = answers.campaign_view

    def live(campaign: Any, version: int, given: Any, written: Any) -> answers.CampaignView:
        units = sum(one.quantity for one in campaign.commitments.values())
        nothing = campaign.offer.delivery if campaign.commitments else None
        group = Group(quantity=units, goods=nothing, delivery=nothing) if nothing else None
        return withheld(campaign, version, given, written).model_copy(update={"ordered": group})

    monkeypatch.setattr(answers, "campaign_view", live)
    observed, found = await _found(product, [collecting, committing], ("purchasing",))
    others = [observed.walk.companies[name] for name in BUYERS if name != "dourvel"]
    for company in others:
        assert [one for one in found if f"quantity of {company}" in one and "ordered/quantity" in one]


async def test_totals_of_the_books_would_give_away_what_a_member_gave_after_each_command_and_by_each_date(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snapshot, "readable", property(lambda snapshot: None))
    observed, found = await _found(product, [common_life], ("ledger",))
    hours = f"amount of {observed.walk.companies['valbrune']} after "
    for when in ("members.attest_declaration", "as_of 2025-09-08"):
        assert [one for one in found if f"{hours}{when}: ledger.read_balances" in one and "totals" in one], (
            when
        )


async def test_one_s_own_part_of_a_lost_lot_would_give_the_others_hours_away_if_it_were_shown_beforehand(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bids, "answer_unseen", commands.answer)
    observed, found = await _found(product, [bidding, losing], ("tenders",))
    for name in ("valbrune", "castrelle"):
        hours = f"amount of {observed.walk.companies[name]} after tenders.attest_declaration: dry"
        assert [one for one in found if f"{hours}/tenders.lose_bid" in one], name
