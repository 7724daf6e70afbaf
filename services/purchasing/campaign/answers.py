"""What a campaign shows, and to whom: one's own figures, and totals where three or more share them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from money import Price
from purchasing.campaign import commands
from purchasing.campaign.domain import TAKEN_IN
from purchasing.campaign.events import (
    Columns,
    Commitment,
    Group,
    Need,
    Offer,
    Row,
    SharingMethod,
    Terms,
)
from purchasing.campaign.state import Campaign, State
from purchasing.permissions import FEWEST_IN_A_TOTAL, RULES, reads_all
from purchasing.tables import documents
from service.figures import Sealed, figure
from sharing import Method
from standing import Given, Role

ACTIONS: Final[Mapping[str, type]] = {
    "invite_needs": commands.InviteNeeds,
    "record_need": commands.RecordNeed,
    "attest_former_price": commands.AttestFormerPrice,
    "invite_quotes": commands.InviteQuotes,
    "record_quote": commands.RecordQuote,
    "choose_quote": commands.ChooseQuote,
    "invite_commitments": commands.InviteCommitments,
    "commit_quantity": commands.Commit,
    "withdraw_commitment": commands.WithdrawCommitment,
    "compare_methods": commands.CompareMethods,
    "choose_method": commands.ChooseMethod,
    "accept_round_up": commands.AcceptRoundUp,
    "freeze_campaign": commands.Freeze,
    "extend_campaign": commands.Extend,
    "cancel_campaign": commands.Cancel,
    "place_order": commands.Order,
    "take_lead": commands.TakeLead,
    "prefinance_purchase": commands.Prefinance,
    "attest_prefinancing": commands.AttestPrefinancing,
    "receive_goods": commands.Receive,
    "record_invoice": commands.RecordInvoice,
    "allocate_costs": commands.Allocate,
    "settle_campaign": commands.Settle,
}
"""By the names of the operations."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class CampaignItem(_Answer):
    id: UUID
    version: int
    state: State
    title: str | None = Field(description="Null once erased.")


class QuoteView(_Answer):
    """A supplier's quote, to those who take part."""

    id: UUID
    supplier: str | None = Field(description="Null once erased.")
    offer: Offer
    chosen: bool


class Prefinanced(_Answer):
    company: UUID
    attested: bool


class CampaignView(CampaignItem):
    """A campaign; figures of its members are read at `participants`."""

    specification: UUID = Field(description="The document.")
    unit: str
    minimum_quantity: int
    currency: str
    sharing_method: SharingMethod
    participants: int = Field(description="How many take part.")
    quotes: list[QuoteView] | None = Field(description="Null to those who do not take part.")
    compared: bool = Field(description="Whether all methods have been worked out side by side.")
    extended_until: date | None
    ordered: Group | Sealed | None = Field(
        description="What was frozen; sealed where fewer than three take part."
    )
    received: int | Sealed | None = Field(description="Units; likewise.")
    invoiced: Group | Sealed | None = Field(description="Likewise.")
    surplus_owner: UUID | None = Field(description="Who takes what is ordered beyond all quantities.")
    lead: UUID | None = Field(description="Who buys for all and recharges.")
    prefinanced: Prefinanced | None
    actions: list[str] = Field(description="What the caller may do with it now.")


class NeedView(_Answer):
    """`site` and `evidence` are documents."""

    need: Need | Sealed
    attested_price: Price | Sealed | None
    site: UUID | None
    evidence: UUID | None


class ParticipantView(_Answer):
    """One member's part in a campaign: sealed to all but the member and those who may read its figures."""

    company: UUID
    version: int = Field(description="Of the campaign.")
    need: NeedView | None
    commitment: Commitment | Sealed | None
    terms: Terms | Sealed | None = Field(description="What was frozen.")
    received: int | Sealed | None
    allocation: Row | Sealed | None


class MethodsRow(_Answer):
    company: UUID
    columns: Columns | Sealed


class MethodsView(_Answer):
    """All methods side by side, as the commitments stood when they were last compared."""

    version: int
    sharing_method: SharingMethod = Field(description="The one that counts if it is frozen now.")
    rows: list[MethodsRow] = Field(description="Empty until they are compared.")
    round_up_to: int | None = Field(
        description="A larger order that costs less than theirs; to those who take part."
    )
    in_core: dict[Method, bool] | None = Field(
        description="Whether no coalition would pay less alone; to those who take part."
    )


async def texts(connection: AsyncConnection, ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Of the documents that have not been erased."""
    table = documents.documents
    rows = await connection.execute(select(table.c.id, table.c.body).where(table.c.id.in_(list(ids))))
    return {row.id: row.body.decode() for row in rows}


def takes_part(campaign: Campaign, given: Given) -> bool:
    """Who may see what suppliers offer the group."""
    own = bool(campaign.participants & given.companies)
    return own or given.has(Role.COORDINATOR) or reads_all(given)


def campaign_view(
    campaign: Campaign, version: int, given: Given, written: Mapping[UUID, str]
) -> CampaignView:
    open_totals = reads_all(given) or len(campaign.frozen) >= FEWEST_IN_A_TOTAL
    paid = campaign.prefinancing
    received = campaign.delivered.quantity
    return CampaignView(
        id=campaign.id,
        version=version,
        state=campaign.state,
        title=written.get(campaign.title.document),
        specification=campaign.specification.document,
        unit=campaign.unit,
        minimum_quantity=campaign.minimum_quantity,
        currency=campaign.currency,
        sharing_method=campaign.sharing_method,
        participants=len(campaign.participants),
        quotes=_quotes(campaign, written) if takes_part(campaign, given) else None,
        compared=campaign.comparison is not None,
        extended_until=campaign.extended_until,
        ordered=campaign.group and figure(open_totals, campaign.id, campaign.group),
        received=figure(open_totals, campaign.id, received) if received else None,
        invoiced=campaign.invoiced and figure(open_totals, campaign.id, campaign.invoiced),
        surplus_owner=campaign.surplus[0] if campaign.surplus else None,
        lead=campaign.lead,
        prefinanced=Prefinanced(company=paid.company, attested=paid.attested) if paid else None,
        actions=actions(campaign, given),
    )


def _quotes(campaign: Campaign, written: Mapping[UUID, str]) -> list[QuoteView]:
    return [
        QuoteView(
            id=one,
            supplier=written.get(quote.supplier.document),
            offer=quote.offer,
            chosen=one == campaign.chosen,
        )
        for one, quote in campaign.quotes.items()
    ]


class _Of:
    """Stands for a command of one of the caller's companies."""

    def __init__(self, company: UUID | None) -> None:
        self.company = company


def actions(campaign: Campaign, given: Given) -> list[str]:
    stand_ins = [_Of(company) for company in (*sorted(given.companies), None)]
    return [
        name
        for name, kind in ACTIONS.items()
        if campaign.state in TAKEN_IN[kind]
        and any(RULES[kind].test(given, campaign, command) for command in stand_ins)
    ]


def participant_view(campaign: Campaign, version: int, company: UUID, given: Given) -> ParticipantView:
    readable = given.may_read(company)
    recorded = campaign.needs.get(company)
    need = recorded and NeedView(
        need=figure(readable, company, recorded.need),
        attested_price=recorded.attested and figure(readable, company, recorded.attested),
        site=recorded.site.document if recorded.site else None,
        evidence=recorded.evidence.document if recorded.evidence else None,
    )
    commitment, terms = campaign.commitments.get(company), campaign.frozen.get(company)
    received, row = campaign.delivered.rows.get(company), campaign.rows.get(company)
    return ParticipantView(
        company=company,
        version=version,
        need=need,
        commitment=commitment and figure(readable, company, commitment),
        terms=terms and figure(readable, company, terms),
        received=None if received is None else figure(readable, company, received),
        allocation=row and figure(readable, company, row),
    )


def methods_view(campaign: Campaign, version: int, given: Given) -> MethodsView:
    compared = campaign.comparison
    prospect = compared.prospect if compared and takes_part(campaign, given) else None
    return MethodsView(
        version=version,
        sharing_method=campaign.sharing_method,
        rows=[
            MethodsRow(company=company, columns=figure(given.may_read(company), company, columns))
            for company, columns in (compared.columns.items() if compared else ())
        ],
        round_up_to=prospect.round_up_to if prospect else None,
        in_core=prospect.in_core if prospect else None,
    )
