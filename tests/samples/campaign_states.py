"""A campaign in any of its states, and how its refusals are told apart."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from events.errors import AllianceError
from purchasing.campaign import commands
from purchasing.campaign.state import State
from samples.campaigns import (
    OBLIGATIONS,
    P2_ROLLS,
    QUOTE,
    TEXT,
    Played,
    commitment,
    company,
    euros,
    invoice,
    need,
    offer,
)

ONE_PRICE = offer(((1, "10.00"),))


def by_name(figures: dict[str, str]) -> dict[UUID, Any]:
    return {company(name): euros(amount) for name, amount in figures.items()}


def code_of(played: Played, command: object, **asked: Any) -> str:
    with pytest.raises(AllianceError) as refused:
        played.do(command, **asked)
    return refused.value.code


def ready(quantities: dict[str, int] | None = None, **terms: Any) -> Played:
    """Collecting commitments at 10.00 a unit."""
    return Played().collect(offer(((1, "10.00"),), **terms)).commit(quantities or P2_ROLLS)


def at(state: State) -> Played:
    """A campaign in a state."""
    played = Played()
    steps: list[tuple[State, list[object]]] = [
        (State.DRAFT, [commands.DraftCampaign(TEXT, TEXT, "place", 3, None)]),
        (State.COLLECTING_NEEDS, [commands.InviteNeeds()]),
        (
            State.COLLECTING_QUOTES,
            [commands.RecordNeed(company("Dourvel"), need(1, "9.00"), None, TEXT), commands.InviteQuotes()],
        ),
        (
            State.COLLECTING_COMMITMENTS,
            [
                commands.RecordQuote(QUOTE, TEXT, ONE_PRICE),
                commands.ChooseQuote(QUOTE),
                commands.InviteCommitments(),
            ],
        ),
        (State.MINIMUM_NOT_MET, [commands.Freeze()]),
        (State.EXTENDED, [commands.Extend(date(2025, 12, 31))]),
        (
            State.FROZEN,
            [
                *(commands.Commit(company(name), commitment(2)) for name in P2_ROLLS),
                commands.Freeze(),
            ],
        ),
        (State.ORDERED, [commands.Order()]),
        (State.PARTLY_RECEIVED, [commands.Receive(1, last=False)]),
        (State.RECEIVED, [commands.Receive(5, last=True)]),
        (State.INVOICED, [commands.RecordInvoice(invoice(6, "60.00"))]),
        (State.ALLOCATED, [commands.Allocate()]),
        (State.SETTLED, [commands.Settle(None, OBLIGATIONS)]),
    ]
    if state is State.CANCELLED:
        return_to = at(State.FROZEN)
        return_to.do(commands.Cancel(TEXT))
        return return_to
    for reached, wanted in steps:
        for command in wanted:
            played.do(command)
        assert played.now.state is reached
        if reached is state:
            return played
    raise AssertionError(state)
