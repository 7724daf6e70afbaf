"""Decisions on a campaign from its freezing on: order, prefinancing, goods, invoice, allocation, settlement.
Pure. What is recorded here goes by the charter that freezing pinned.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from events.decision import Placed
from events.envelope import Event
from events.errors import Forbidden, Invalid, Refused
from events.sealing import Confidential
from money import Money, Quantity, apportion
from obligations.domain import incurred
from obligations.events import Reason
from purchasing.campaign.allocation import allot, counted, owed_to
from purchasing.campaign.commands import (
    Allocate,
    AttestPrefinancing,
    Cancel,
    Order,
    Prefinance,
    Receive,
    RecordInvoice,
    Settle,
    TakeLead,
)
from purchasing.campaign.events import (
    CampaignCancelled,
    CampaignSettled,
    CostsAllocated,
    Count,
    GoodsReceived,
    Group,
    Inputs,
    InvoiceRecorded,
    LeadTaken,
    PrefinancingAttested,
    PrefinancingCounted,
    PurchaseOrdered,
    PurchasePrefinanced,
    Row,
)
from purchasing.campaign.packs import ONE_UNIT
from purchasing.campaign.state import Campaign, Prefinancing
from standing import COMMITTING, Given, Role

SERVICE: Final = "purchasing"


def _pinned(campaign: Campaign, event: Event) -> Placed:
    return Placed(event, charter_version=campaign.charter_version)


def _cancellation(campaign: Campaign, command: Cancel, given: Given) -> Sequence[Placed]:
    fallen_away = tuple(
        Confidential[Money](owner=company, open=amount) for company, amount in campaign.expected.items()
    )
    event = CampaignCancelled(reason=command.reason, fallen_away=fallen_away)
    counts = []
    if campaign.prefinancing is not None and campaign.prefinancing.attested:
        paid = campaign.prefinancing
        counts = [counted(paid, paid.amount, paid.from_day, given.effective_on)]
    return [_pinned(campaign, event), *_counted(campaign, counts)]


def _order(campaign: Campaign, command: Order, given: Given) -> Sequence[Placed]:
    return [_pinned(campaign, PurchaseOrdered())]


def _require_part(campaign: Campaign, company: UUID, given: Given) -> None:
    if given.member(company).status not in COMMITTING:
        raise Refused("member_not_committing")
    if company not in campaign.frozen:
        raise Refused("not_participating")


def _lead(campaign: Campaign, command: TakeLead, given: Given) -> Sequence[Placed]:
    _require_part(campaign, command.company, given)
    if campaign.lead is not None:
        raise Refused("lead_taken_already")
    if campaign.prefinancing is not None and campaign.prefinancing.company != command.company:
        raise Refused("prefinanced_by_another")
    return [_pinned(campaign, LeadTaken(company=command.company))]


def _prefinancing(campaign: Campaign, command: Prefinance, given: Given) -> Sequence[Event]:
    _require_part(campaign, command.company, given)
    if campaign.prefinancing is not None:
        raise Refused("prefinanced_already")
    if campaign.lead not in (None, command.company):
        raise Refused("lead_taken_already")
    if command.amount.currency != campaign.currency:
        raise Invalid("wrong_currency", pointer="/amount", currency=campaign.currency)
    if command.amount.amount <= 0:
        raise Invalid("amount_not_positive", pointer="/amount")
    return [
        PurchasePrefinanced(
            company=command.company,
            amount=Confidential[Money](owner=command.company, open=command.amount),
            money_rate=given.charter.money_rate,
        )
    ]


def _prefinancing_attested(campaign: Campaign, command: AttestPrefinancing, given: Given) -> Sequence[Event]:
    paid = campaign.prefinancing
    if paid is None:
        raise Refused("not_prefinanced")
    if paid.attested:
        raise Refused("attested_already")
    amount = Confidential[Money](owner=paid.company, open=paid.amount)
    return [PrefinancingAttested(company=paid.company, amount=amount)]


def _receipt(campaign: Campaign, command: Receive, given: Given) -> Sequence[Placed]:
    assert campaign.group is not None
    received = campaign.delivered.quantity + command.quantity
    if received > campaign.group.quantity:
        raise Refused("more_than_ordered")
    last = command.last or received == campaign.group.quantity
    if last and received == 0:
        # Nothing came and nothing will: such a campaign is cancelled.
        raise Refused("nothing_received")
    event = GoodsReceived(
        quantity=Confidential[Quantity](owner=campaign.id, open=command.quantity),
        last=last,
        rows=tuple(
            Confidential[Quantity](owner=company, open=units)
            for company, units in _split(campaign, command, given, received, last).items()
        ),
        split_reason=command.split_reason,
    )
    return [_pinned(campaign, event)]


def _split(
    campaign: Campaign, command: Receive, given: Given, received: int, last: bool
) -> Mapping[UUID, int]:
    """Who has how much of all that came: pro rata by largest remainder, or as documented."""
    if command.split is None:
        if not last:
            return {}
        ordered = [terms.quantity for terms in campaign.frozen.values()]
        shares = apportion(Decimal(received), ordered, ONE_UNIT)
        return {company: int(share) for company, share in zip(campaign.frozen, shares, strict=True)}
    if not all(given.may_read(company) for company in campaign.frozen):
        raise Forbidden("split_needs_figures")
    if not last:
        raise Invalid("split_before_last", pointer="/split")
    if command.split_reason is None:
        raise Invalid("split_reason_missing", pointer="/split_reason")
    if command.split.keys() != campaign.frozen.keys() or sum(command.split.values()) != received:
        raise Invalid("split_wrong", pointer="/split")
    return command.split


def _invoice(campaign: Campaign, command: RecordInvoice, given: Given) -> Sequence[Placed]:
    for name, amount in (("goods", command.invoiced.goods), ("delivery", command.invoiced.delivery)):
        if amount.currency != campaign.currency:
            raise Invalid("wrong_currency", pointer=f"/{name}", currency=campaign.currency)
        if amount.amount < 0:
            raise Invalid("amount_negative", pointer=f"/{name}")
    invoiced = Confidential[Group](owner=campaign.id, open=command.invoiced)
    return [_pinned(campaign, InvoiceRecorded(invoiced=invoiced))]


def _allocation(campaign: Campaign, command: Allocate, given: Given) -> Sequence[Placed]:
    assert campaign.invoiced is not None
    assert campaign.chosen is not None
    if campaign.allocated_on is not None:
        raise Refused("allocated_already")
    rows = allot(campaign)
    largest = given.standing.charter_numbered(campaign.charter_version).gain_to_attest
    attested = given.has(Role.INDEPENDENT)
    if largest is not None and not attested and any(row.benefit > largest for row in rows.values()):
        raise Refused("independent_person_attests")
    inputs = Inputs(offer=campaign.offer, invoiced=campaign.invoiced)
    event = CostsAllocated(
        quote=campaign.chosen,
        sharing_method=campaign.sharing_method,
        inputs=Confidential[Inputs](owner=campaign.id, open=inputs),
        rows=_rows(rows),
    )
    return [_pinned(campaign, event)]


def _rows(rows: Mapping[UUID, Row]) -> tuple[Confidential[Row], ...]:
    return tuple(Confidential[Row](owner=company, open=row) for company, row in rows.items())


def _settlement(campaign: Campaign, command: Settle, given: Given) -> Sequence[Placed]:
    if campaign.allocated_on is None:
        raise Refused("allocation_outdated")
    paid = campaign.prefinancing
    if paid is not None and not paid.attested:
        raise Refused("prefinancing_not_attested")
    settled = CampaignSettled(sharing_method=campaign.sharing_method, rows=_rows(campaign.rows))
    creditor = paid.company if paid is not None else campaign.lead
    owed: Mapping[UUID, Money] = {}
    if creditor is not None:
        owed = owed_to(creditor, campaign.rows, paid.amount if paid is not None else None)
    return [
        _pinned(campaign, settled),
        *_counted(campaign, _until_settled(campaign, paid, owed, campaign.allocated_on, given)),
        *_owed(campaign, command, creditor, owed, given),
    ]


def _until_settled(
    campaign: Campaign,
    paid: Prefinancing | None,
    owed: Mapping[UUID, Money],
    allocated_on: date,
    given: Given,
) -> Sequence[Count | None]:
    """The whole amount until allocation, then what is still owed; what is owed from the settlement on is
    counted when it is paid, obligation by obligation.
    """
    if paid is None:
        return []
    still_owed = sum(owed.values(), Money.zero(campaign.currency))
    return [
        counted(paid, paid.amount, paid.from_day, allocated_on),
        counted(paid, still_owed, allocated_on, given.effective_on),
    ]


def _counted(campaign: Campaign, counts: Sequence[Count | None]) -> Sequence[Placed]:
    paid = campaign.prefinancing
    found = [count for count in counts if count is not None]
    if paid is None or not found:
        return []
    event = PrefinancingCounted(
        company=paid.company,
        money_rate=paid.money_rate,
        counts=tuple(Confidential[Count](owner=paid.company, open=count) for count in found),
    )
    return [_pinned(campaign, event)]


def _owed(
    campaign: Campaign,
    command: Settle,
    creditor: UUID | None,
    owed: Mapping[UUID, Money],
    given: Given,
) -> Sequence[Placed]:
    if not owed:
        return []
    if command.due_on is None:
        raise Invalid("due_on_missing", pointer="/due_on")
    if command.due_on < given.effective_on:
        raise Invalid("due_on_in_past", pointer="/due_on")
    paid = campaign.prefinancing
    return [
        incurred(
            SERVICE,
            obligation,
            debtor=debtor,
            creditor=creditor,
            amount=amount,
            reason=Reason.REPAYMENT if paid is not None else Reason.RECHARGE,
            due_on=command.due_on,
            project=f"campaign/{campaign.id}",
            money_rate=paid.money_rate if paid is not None else None,
            charter_version=campaign.charter_version,
        )
        for obligation, (debtor, amount) in zip(command.obligations, owed.items(), strict=False)
    ]


DECISIONS: Final[Mapping[type, Callable[[Campaign, Any, Given], Sequence[Event | Placed]]]] = {
    Cancel: _cancellation,
    Order: _order,
    TakeLead: _lead,
    Prefinance: _prefinancing,
    AttestPrefinancing: _prefinancing_attested,
    Receive: _receipt,
    RecordInvoice: _invoice,
    Allocate: _allocation,
    Settle: _settlement,
}
