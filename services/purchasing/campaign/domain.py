"""Decisions on a campaign: which command is taken in which state, and what it comes to. Pure."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from events.decision import Aggregate, Placed
from events.envelope import Event
from events.errors import Invalid, NotFound, Refused
from events.sealing import Confidential
from money import Money, Price, Quantity
from purchasing.campaign import carrying_out as after
from purchasing.campaign.allocation import Part, compare
from purchasing.campaign.commands import (
    AcceptRoundUp,
    Allocate,
    AttestFormerPrice,
    AttestPrefinancing,
    Cancel,
    ChooseMethod,
    ChooseQuote,
    Commit,
    CompareMethods,
    DraftCampaign,
    Extend,
    Freeze,
    InviteCommitments,
    InviteNeeds,
    InviteQuotes,
    Order,
    Prefinance,
    Receive,
    RecordInvoice,
    RecordNeed,
    RecordQuote,
    Settle,
    TakeLead,
    WithdrawCommitment,
)
from purchasing.campaign.events import (
    CampaignDrafted,
    CampaignExtended,
    CampaignFrozen,
    Columns,
    Commitment,
    CommitmentsInvited,
    CommitmentWithdrawn,
    FormerPriceAttested,
    Group,
    MethodChosen,
    MethodsCompared,
    MinimumMissed,
    Need,
    NeedRecorded,
    NeedsInvited,
    Offer,
    Outcome,
    Prospect,
    QuantityCommitted,
    QuoteChosen,
    QuoteRecorded,
    QuotesInvited,
    RoundUpAccepted,
    Terms,
)
from purchasing.campaign.freezing import standing_commitments, weigh
from purchasing.campaign.packs import round_up, rounded_up
from purchasing.campaign.quote import baseline, schedule
from purchasing.campaign.state import BEFORE_FREEZING, Campaign, State, evolve
from sharing import Method
from standing import COMMITTING, Given

MOST_PARTICIPANTS: Final = 60
"""So that the rows of all fit into one event of 60,000 bytes."""
MOST_QUOTES: Final = 20
FEWEST_TO_COMPARE: Final = 3
"""What a column is worked out from are figures of at least two others, at once and by difference."""

_COLLECTING: Final = frozenset({State.COLLECTING_COMMITMENTS, State.EXTENDED})
_ASKING: Final = _COLLECTING | {State.COLLECTING_QUOTES}
_UNDER_WAY: Final = frozenset({State.ORDERED, State.PARTLY_RECEIVED, State.RECEIVED, State.INVOICED})

TAKEN_IN: Final[Mapping[type, frozenset[State]]] = {
    InviteNeeds: frozenset({State.DRAFT}),
    RecordNeed: _ASKING | {State.COLLECTING_NEEDS},
    AttestFormerPrice: _ASKING | {State.COLLECTING_NEEDS},
    InviteQuotes: frozenset({State.COLLECTING_NEEDS}),
    RecordQuote: _ASKING,
    ChooseQuote: _ASKING,
    InviteCommitments: frozenset({State.COLLECTING_QUOTES}),
    Commit: _COLLECTING,
    WithdrawCommitment: _COLLECTING,
    CompareMethods: _COLLECTING,
    ChooseMethod: _ASKING,
    AcceptRoundUp: _COLLECTING,
    Freeze: _COLLECTING,
    Extend: frozenset({State.MINIMUM_NOT_MET}),
    Cancel: BEFORE_FREEZING | {State.FROZEN, State.ORDERED},
    Order: frozenset({State.FROZEN}),
    TakeLead: _UNDER_WAY | {State.FROZEN},
    Prefinance: _UNDER_WAY,
    AttestPrefinancing: _UNDER_WAY | {State.ALLOCATED},
    Receive: frozenset({State.ORDERED, State.PARTLY_RECEIVED}),
    RecordInvoice: frozenset({State.RECEIVED, State.INVOICED, State.ALLOCATED}),
    Allocate: frozenset({State.INVOICED, State.ALLOCATED}),
    Settle: frozenset({State.ALLOCATED}),
}


def decide(campaign: Campaign | None, command: Any, given: Given, now: datetime) -> Sequence[Event | Placed]:
    if isinstance(command, DraftCampaign):
        return [_drafted(command, given)]
    if campaign is None:
        raise NotFound("campaign_unknown")
    _require_state(campaign, command)
    if given.effective_on < campaign.since:
        raise Invalid("effective_on_before_last_step", pointer="/effective_on", since=campaign.since)
    return _DECISIONS[type(command)](campaign, command, given)


def _require_state(campaign: Campaign, command: object) -> None:
    states = TAKEN_IN[type(command)]
    if campaign.state in states:
        return
    if campaign.state is State.CANCELLED:
        raise Refused("campaign_cancelled")
    if campaign.state is State.SETTLED:
        raise Refused("campaign_settled")
    if campaign.state not in BEFORE_FREEZING and states <= BEFORE_FREEZING:
        raise Refused("campaign_frozen")
    raise Refused("campaign_state", state=campaign.state)


def _require_currency(given: Given, amount: Money | Price, pointer: str, currency: str) -> None:
    if amount.currency != currency:
        raise Invalid("wrong_currency", pointer=pointer, currency=currency)


def _require_committing(given: Given, company: UUID) -> None:
    """On notice, suspended or gone: no new commitment (domain.md, "Membership")."""
    if given.member(company).status not in COMMITTING:
        raise Refused("member_not_committing")


def _require_room(campaign: Campaign, company: UUID) -> None:
    others = (campaign.needs.keys() | campaign.commitments.keys()) - {company}
    if len(others) >= MOST_PARTICIPANTS:
        raise Refused("campaign_full", most=MOST_PARTICIPANTS)


def _drafted(command: DraftCampaign, given: Given) -> Event:
    method = command.sharing_method or Method(given.charter.purchase_sharing)
    return CampaignDrafted.model_validate(
        {
            "title": command.title,
            "specification": command.specification,
            "unit": command.unit,
            "minimum_quantity": command.minimum_quantity,
            "currency": given.currency,
            "sharing_method": method,
        }
    )


def _need(campaign: Campaign, command: RecordNeed, given: Given) -> Sequence[Event]:
    _require_committing(given, command.company)
    _require_room(campaign, command.company)
    former = command.need.former_price
    if former is not None:
        _require_currency(given, former.price, "/former_price/price", campaign.currency)
        if command.evidence is None:
            raise Invalid("former_price_unproven", pointer="/evidence")
        if former.invoiced_on > given.effective_on:
            raise Invalid("invoice_in_future", pointer="/former_price/invoiced_on")
        if former.invoiced_on < _a_year_before(given.effective_on):
            raise Invalid("invoice_too_old", pointer="/former_price/invoiced_on")
    return [
        NeedRecorded(
            company=command.company,
            need=Confidential[Need](owner=command.company, open=command.need),
            site=command.site,
            evidence=command.evidence,
        )
    ]


def _a_year_before(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap_day else day.day)


def _former_price(campaign: Campaign, command: AttestFormerPrice, given: Given) -> Sequence[Event]:
    need = campaign.needs.get(command.company)
    if need is None:
        raise NotFound("need_unknown")
    if need.need.former_price is None:
        raise Refused("former_price_missing")
    _require_currency(given, command.price, "/price", campaign.currency)
    price = Confidential[Price](owner=command.company, open=command.price)
    return [FormerPriceAttested(company=command.company, price=price)]


def _quote(campaign: Campaign, command: RecordQuote, given: Given) -> Sequence[Event]:
    offer = command.offer
    if len(campaign.quotes) >= MOST_QUOTES:
        raise Refused("too_many_quotes", most=MOST_QUOTES)
    for number, tier in enumerate(offer.tiers):
        _require_currency(given, tier.price, f"/tiers/{number}/price", campaign.currency)
    _require_currency(given, offer.delivery, "/delivery", campaign.currency)
    if offer.delivery.amount < 0:
        raise Invalid("amount_negative", pointer="/delivery")
    try:
        schedule(offer)
    except ValueError:
        raise Invalid("tiers_invalid", pointer="/tiers") from None
    return [
        QuoteRecorded(
            quote=command.quote,
            supplier=command.supplier,
            offer=Confidential[Offer](owner=campaign.id, open=offer),
        )
    ]


def _choice(campaign: Campaign, command: ChooseQuote, given: Given) -> Sequence[Event]:
    if command.quote not in campaign.quotes:
        raise NotFound("quote_unknown")
    if campaign.commitments:
        # They were made at the prices of the quote that was chosen then.
        raise Refused("quote_has_commitments")
    _require_valid(campaign.quotes[command.quote].offer, given)
    return [QuoteChosen(quote=command.quote)]


def _require_valid(offer: Offer, given: Given) -> None:
    if offer.valid_until is not None and offer.valid_until < given.effective_on:
        raise Refused("quote_expired", until=offer.valid_until)


def _commitments_invited(campaign: Campaign, command: InviteCommitments, given: Given) -> Sequence[Event]:
    if campaign.chosen is None:
        raise Refused("quote_not_chosen")
    return [CommitmentsInvited()]


def _commitment(campaign: Campaign, command: Commit, given: Given) -> Sequence[Event]:
    _require_committing(given, command.company)
    _require_room(campaign, command.company)
    if command.commitment.maximum_price is not None:
        _require_currency(given, command.commitment.maximum_price, "/maximum_price", campaign.currency)
    commitment = Confidential[Commitment](owner=command.company, open=command.commitment)
    return [QuantityCommitted(company=command.company, commitment=commitment)]


def _withdrawal(campaign: Campaign, command: WithdrawCommitment, given: Given) -> Sequence[Event]:
    _require_commitment(campaign, command.company)
    return [CommitmentWithdrawn(company=command.company)]


def _require_commitment(campaign: Campaign, company: UUID) -> None:
    if company not in campaign.commitments:
        raise Refused("commitment_missing")


def committing(given: Given) -> frozenset[UUID]:
    """The companies whose commitments count."""
    return frozenset(
        company for company, member in given.standing.members.items() if member.status in COMMITTING
    )


def compared_parts(campaign: Campaign, companies: frozenset[UUID]) -> tuple[tuple[UUID, Part], ...]:
    """What a comparison rests on: quantities as they are committed, the surplus that one has accepted counted
    with it, at their own baselines.
    """
    commitments = standing_commitments(campaign, companies)
    units = rounded_up(commitments, campaign.offer, campaign.surplus)
    return tuple(
        (company, Part(units[company], baseline(campaign, company, commitment.quantity)))
        for company, commitment in commitments.items()
    )


def _comparison(campaign: Campaign, command: CompareMethods, given: Given) -> Sequence[Event]:
    """Not over fewer than three, nor again before three have changed: a column tells its member something of
    the total, and two columns would tell the difference that one other member made.
    """
    parts = compared_parts(campaign, committing(given))
    if len(parts) < FEWEST_TO_COMPARE:
        raise Refused("too_few_commitments", fewest=FEWEST_TO_COMPARE)
    if campaign.comparison is not None:
        before, now = _quantities(campaign.comparison.commitments), _quantities(campaign.commitments)
        # Another tolerance or highest price moves no column: it hides nobody's change of quantity.
        if len({company for company, _ in before ^ now}) < FEWEST_TO_COMPARE:
            raise Refused("too_few_changes", fewest=FEWEST_TO_COMPARE)
    columns, in_core = compare(parts, campaign.offer)
    demand = sum(one.quantity for one in standing_commitments(campaign, committing(given)).values())
    prospect = Prospect(round_up_to=round_up(campaign.offer, demand), in_core=dict(in_core))
    return [
        MethodsCompared(
            rows=tuple(Confidential[Columns](owner=company, open=own) for company, own in columns.items()),
            prospect=Confidential[Prospect](owner=campaign.id, open=prospect),
        )
    ]


def _quantities(commitments: Mapping[UUID, Commitment]) -> Set[tuple[UUID, int]]:
    return {(company, one.quantity) for company, one in commitments.items()}


def _round_up(campaign: Campaign, command: AcceptRoundUp, given: Given) -> Sequence[Event]:
    _require_committing(given, command.company)
    _require_commitment(campaign, command.company)
    if campaign.surplus is not None and campaign.surplus[0] != command.company:
        raise Refused("surplus_has_owner")
    at_most = Confidential[Quantity](owner=command.company, open=command.at_most)
    return [RoundUpAccepted(company=command.company, at_most=at_most)]


def _freezing(campaign: Campaign, command: Freeze, given: Given) -> Sequence[Event]:
    _require_valid(campaign.offer, given)
    weighed = weigh(campaign, committing(given))
    if not weighed.met:
        outcomes = tuple(
            Confidential[Outcome](owner=company, open="lapses" if company in weighed.lapsed else "stays")
            for company in campaign.commitments
        )
        return [MinimumMissed(rows=outcomes)]
    assert campaign.chosen is not None
    rows = tuple(Confidential[Terms](owner=company, open=terms) for company, terms in weighed.terms.items())
    return [
        CampaignFrozen(
            quote=campaign.chosen,
            sharing_method=campaign.sharing_method,
            rows=rows,
            lapsed=weighed.lapsed,
            group=Confidential[Group](owner=campaign.id, open=weighed.group),
        )
    ]


def _extension(campaign: Campaign, command: Extend, given: Given) -> Sequence[Event]:
    if command.until < given.effective_on:
        raise Invalid("until_in_past", pointer="/until")
    return [CampaignExtended(until=command.until)]


_DECISIONS: Final[Mapping[type, Callable[[Campaign, Any, Given], Sequence[Event | Placed]]]] = {
    InviteNeeds: lambda campaign, command, given: [NeedsInvited()],
    RecordNeed: _need,
    AttestFormerPrice: _former_price,
    InviteQuotes: lambda campaign, command, given: [QuotesInvited()],
    RecordQuote: _quote,
    ChooseQuote: _choice,
    InviteCommitments: _commitments_invited,
    Commit: _commitment,
    WithdrawCommitment: _withdrawal,
    CompareMethods: _comparison,
    ChooseMethod: lambda campaign, command, given: [MethodChosen(sharing_method=command.sharing_method)],
    AcceptRoundUp: _round_up,
    Freeze: _freezing,
    Extend: _extension,
    **after.DECISIONS,
}

CAMPAIGN: Final[Aggregate[Campaign, Given]] = Aggregate("campaign", evolve, decide)
