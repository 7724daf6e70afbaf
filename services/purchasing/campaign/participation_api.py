"""What a member does in a campaign, and what attests it."""

from starlette.responses import Response

from purchasing.campaign import bodies, commands
from purchasing.campaign.api import CampaignPath, done
from purchasing.campaign.events import Commitment, Need
from purchasing.tables import documents
from service.commands import Acknowledged, AlliancePath, Body, Command, alliance_router
from service.texts import Texts

router = alliance_router("campaigns")


@router.post("/campaigns/{campaign}/needs", response_model=Acknowledged)
async def record_need(
    asked: Command, body: bodies.NeedBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """What the caller's company expects to buy and what it pays now; replaces what it said before."""
    texts = Texts(documents, asked.call)
    command = commands.RecordNeed(
        body.company,
        Need(expected_quantity=body.expected_quantity, former_price=body.former_price),
        texts.keep_if("site", body.site, body.company),
        texts.keep_if("evidence", body.evidence, body.company),
    )
    return await done(asked, body, campaign, command, texts)


@router.post("/campaigns/{campaign}/needs/attestations", response_model=Acknowledged)
async def attest_former_price(
    asked: Command, body: bodies.AttestedPriceBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """What the evidence shows of a company's former price: it counts in place of what that recorded."""
    return await done(asked, body, campaign, commands.AttestFormerPrice(body.company, body.price))


@router.post("/campaigns/{campaign}/commitments", response_model=Acknowledged)
async def commit_quantity(
    asked: Command, body: bodies.CommitmentBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The caller's company commits; freely changed, by another one, until the campaign is frozen."""
    commitment = Commitment(
        quantity=body.quantity, tolerance=body.tolerance, maximum_price=body.maximum_price
    )
    return await done(asked, body, campaign, commands.Commit(body.company, commitment))


@router.post("/campaigns/{campaign}/commitments/withdrawals", response_model=Acknowledged)
async def withdraw_commitment(
    asked: Command, body: bodies.CompanyBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The caller's company takes no part after all."""
    return await done(asked, body, campaign, commands.WithdrawCommitment(body.company))


@router.post("/campaigns/{campaign}/round-ups", response_model=Acknowledged)
async def accept_round_up(
    asked: Command, body: bodies.RoundUpBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The caller's company owns the surplus where buying more costs less [effet de seuil], at its own
    baseline; how much that is freezing says.
    """
    return await done(asked, body, campaign, commands.AcceptRoundUp(body.company, body.at_most))


@router.post("/campaigns/{campaign}/lead", response_model=Acknowledged)
async def take_lead(
    asked: Command, body: bodies.CompanyBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The caller's company buys for all and recharges. Without a lead the supplier bills each member."""
    return await done(asked, body, campaign, commands.TakeLead(body.company))


@router.post("/campaigns/{campaign}/prefinancing", response_model=Acknowledged)
async def prefinance_purchase(
    asked: Command, body: bodies.PrefinancingBody, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """The caller's company has paid the supplier in advance, for all, on the effective date."""
    return await done(asked, body, campaign, commands.Prefinance(body.company, body.amount))


@router.post("/campaigns/{campaign}/prefinancing/attestations", response_model=Acknowledged)
async def attest_prefinancing(
    asked: Command, body: Body, alliance: AlliancePath, campaign: CampaignPath
) -> Response:
    """It has been paid indeed."""
    return await done(asked, body, campaign, commands.AttestPrefinancing())
