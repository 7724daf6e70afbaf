"""Calling the dues of a calendar year: command, state, decision. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from events.decision import Aggregate, Placed
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, Refused
from members.charter.events import DuesTier
from members.dues.events import DuesCalled
from money import Money
from obligations.domain import incurred
from obligations.events import Reason
from standing import COMMITTING, Given, Status


@dataclass(frozen=True)
class CallDues:
    """Calls these companies, or all active ones that have not been called for the year."""

    year: int
    due_on: date
    companies: Sequence[UUID] | None


@dataclass(frozen=True)
class Rests:
    """What a call rests on beyond `Given` (`given.more`)."""

    tiers: Sequence[DuesTier]
    staff: Mapping[UUID, int]
    """By company, of those that have filled in their card."""
    new: Mapping[UUID, UUID]
    """The id of the obligation that each company would get."""


@dataclass(frozen=True)
class Dues:
    called: frozenset[tuple[int, UUID]] = frozenset()
    """(year, company)."""


def decide(dues: Dues | None, command: Any, given: Given, now: datetime) -> Sequence[Event | Placed]:
    match command:
        case CallDues():
            return _called(dues or Dues(), command, given)
    raise TypeError(command)


def _called(dues: Dues, command: CallDues, given: Given) -> Sequence[Event | Placed]:
    if not given.standing.founded_on.year <= command.year <= given.today.year + 1:
        raise Invalid("dues_year_wrong", pointer="/year")
    if command.due_on < given.effective_on:
        raise Invalid("due_before_call", pointer="/due_on")
    rests: Rests = given.more
    events: list[Event | Placed] = []
    for company in _companies(dues, command, given):
        staff = rests.staff.get(company)
        if staff is None:
            raise Refused("card_not_filled_in", name=given.member(company).name)
        amount = _amount(rests.tiers, staff)
        obligation = rests.new[company] if amount.amount else None
        events.append(
            DuesCalled(
                year=command.year,
                company=company,
                staff=staff,
                due_on=command.due_on,
                obligation=obligation,
            )
        )
        if obligation is not None:
            events.append(
                incurred(
                    "members",
                    obligation,
                    debtor=company,
                    creditor=None,
                    amount=amount,
                    reason=Reason.DUES,
                    due_on=command.due_on,
                    project=LIFE,
                )
            )
    return events


def _companies(dues: Dues, command: CallDues, given: Given) -> Sequence[UUID]:
    if command.companies is None:
        companies = [
            member.company
            for member in given.standing.members.values()
            if member.status is Status.ACTIVE and (command.year, member.company) not in dues.called
        ]
        if not companies:
            raise Refused("dues_nobody_to_call")
        return companies
    for index, company in enumerate(command.companies):
        pointer = f"/companies/{index}"
        if company in command.companies[:index]:
            raise Invalid("company_twice", pointer=pointer)
        status = given.member(company).status
        if status not in COMMITTING:
            raise Refused("status_forbids", pointer=pointer, status=status)
        if (command.year, company) in dues.called:
            raise Refused("dues_called_already", pointer=pointer)
    return command.companies


def _amount(tiers: Sequence[DuesTier], staff: int) -> Money:
    reached = [tier for tier in tiers if tier.from_staff <= staff]
    if not reached:
        raise Refused("charter_without_dues")
    return max(reached, key=lambda tier: tier.from_staff).amount


def evolve(dues: Dues | None, recorded: Recorded[Any]) -> Dues:
    event: DuesCalled = recorded.event
    called = dues.called if dues else frozenset()
    return Dues(called | {(event.year, event.company)})


DUES: Aggregate[Dues, Given] = Aggregate("dues", evolve, decide, project=lambda stream: LIFE)
"""One stream an alliance, under its id: a company is called at most once a year."""
