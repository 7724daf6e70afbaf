"""Commands on a campaign from its freezing on."""

from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.errors import Invalid
from money import Money
from purchasing.campaign import bodies, commands
from purchasing.campaign.allocation import allot
from purchasing.campaign.api import CampaignPath, done, work_out
from purchasing.campaign.domain import MOST_PARTICIPANTS
from purchasing.campaign.events import Group
from purchasing.tables import documents
from service.commands import Acknowledged, AlliancePath, Body, Command, alliance_router
from service.texts import Texts

router = alliance_router("campaigns")


@router.post("/campaigns/{campaign}/order", response_model=Acknowledged)
async def place_order(asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath) -> Response:
    """What was frozen is ordered of the supplier."""
    return await done(asked, body, campaign, commands.Order())


@router.post("/campaigns/{campaign}/receipts", response_model=Acknowledged)
async def receive_goods(
    asked: Command, body: bodies.ReceiptBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """A delivery. With the last one it is known who has how much: pro rata, unless a split is given."""
    split = None
    if body.split is not None:
        split = {part.company: part.quantity for part in body.split}
        if len(split) < len(body.split):
            raise Invalid("split_wrong", pointer="/split")
    texts = Texts(documents, asked.call)
    reason = texts.keep_if("reason", body.split_reason)
    command = commands.Receive(body.quantity, body.last, split, reason)
    return await done(asked, body, campaign, command, texts)


@router.post("/campaigns/{campaign}/invoices", response_model=Acknowledged)
async def record_invoice(
    asked: Command, body: bodies.InvoiceBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """What the supplier asks in all. Recorded again, for a credit note, it is allocated again."""
    delivery = body.delivery or Money.zero(body.goods.currency)
    invoiced = Group(quantity=body.quantity, goods=body.goods, delivery=delivery)
    return await done(asked, body, campaign, commands.RecordInvoice(invoiced))


@router.post("/campaigns/{campaign}/allocations", response_model=Acknowledged)
async def allocate_costs(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Works out what each member pays, by the method that freezing pinned."""
    await work_out(asked, campaign, commands.Allocate, lambda state, companies: allot(state))
    return await done(asked, body, campaign, commands.Allocate())


@router.post("/campaigns/{campaign}/settlement", response_model=Acknowledged)
async def settle_campaign(
    asked: Command, body: bodies.SettlementBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """Benefits are recognised; members owe their costs to who bought or paid in advance."""
    obligations = [uuid7() for _ in range(MOST_PARTICIPANTS)]
    return await done(asked, body, campaign, commands.Settle(body.due_on, obligations))
