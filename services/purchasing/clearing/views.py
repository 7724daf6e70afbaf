"""Which notices were given, and what of a company is still open here."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Executable, Table, Text, Uuid, cast, exists, literal, select
from sqlalchemy.dialects.postgresql import insert

from events.deadlines import DEADLINES
from events.envelope import Recorded
from events.ids import AllianceId
from events.projection import Projectors
from events.store import Transaction
from obligations.events import Between, vocabulary
from purchasing.campaign.events import CampaignCancelled, CampaignSettled
from purchasing.campaign.views import bound
from purchasing.clearing.domain import Standing
from purchasing.tables import metadata, obligations

DEADLINE: Final = "clearing"

notices = Table(
    "notices",
    metadata,
    Column("alliance_id", Uuid, primary_key=True),
    Column("company", Uuid, primary_key=True),
    Column("notice", Uuid, nullable=False),
)


def noted(alliance: AllianceId, company: UUID, notice: UUID) -> Executable:
    new = insert(notices).values(alliance_id=alliance, company=company, notice=notice)
    return new.on_conflict_do_update(
        index_elements=["alliance_id", "company"], set_={"notice": new.excluded.notice}
    )


async def standing(transaction: Transaction, alliance: AllianceId, company: UUID) -> Standing:
    """Under the alliance's lock. Open: a campaign from its freezing to its end, and what is owed."""
    notice = select(notices.c.notice).where(notices.c.alliance_id == alliance, notices.c.company == company)
    campaigns = exists().where(bound.c.alliance_id == alliance, bound.c.company == company)
    query = select(notice.scalar_subquery().label("notice"), campaigns.label("bound"))
    row = (await transaction.execute(query)).mappings().one()
    owes = await obligations.any_open(transaction.connection, alliance, company)
    return Standing(row["notice"], row["bound"] or owes)


def _asked_again(recorded: Recorded[Any], companies: Collection[UUID]) -> Sequence[Executable]:
    """Something of these has ended: a deadline that is due at once asks for whichever gave notice."""
    due = select(
        notices.c.alliance_id,
        literal("member/").concat(cast(notices.c.company, Text)),
        literal(DEADLINE),
        literal(recorded.time),
    ).where(notices.c.alliance_id == recorded.alliance, notices.c.company.in_(companies))
    new = insert(DEADLINES).from_select(["alliance_id", "stream", "name", "due_at"], due)
    return [
        new.on_conflict_do_update(
            index_elements=["alliance_id", "stream", "name"], set_={"due_at": new.excluded.due_at}
        )
    ]


def campaign_ended(recorded: Recorded[CampaignSettled | CampaignCancelled]) -> Sequence[Executable]:
    match recorded.event:
        case CampaignSettled(rows=rows):
            return _asked_again(recorded, [row.owner for row in rows])
        case CampaignCancelled(fallen_away=fallen_away):
            return _asked_again(recorded, [one.owner for one in fallen_away])


def obligation_ended(recorded: Recorded[Between]) -> Sequence[Executable]:
    parties = (recorded.event.debtor, recorded.event.creditor)
    return _asked_again(recorded, [party for party in parties if party is not None])


_words: Final = vocabulary("purchasing")

PROJECTORS: Final[Projectors] = {
    CampaignSettled: [campaign_ended],
    CampaignCancelled: [campaign_ended],
    _words.payment_attested: [obligation_ended],
    _words.cancelled: [obligation_ended],
}
