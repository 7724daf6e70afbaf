"""Calling dues."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from events.ids import AllianceId
from events.store import Transaction
from members.charter import views as charters
from members.dues import domain
from members.membership import views as memberships
from service.commands import Acknowledged, AlliancePath, Body, Command, alliance_router, answer
from standing import Given

router: APIRouter = alliance_router("dues")


class DuesBody(Body):
    """A call; `effective_on` is its date."""

    year: int = Field(ge=1900, le=9998, description="The calendar year they are for.", examples=[2025])
    due_on: date
    companies: list[UUID] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="All active members that have not been called for the year, unless given.",
    )


@router.post("/dues/calls", status_code=201, response_model=Acknowledged)
async def call_dues(asked: Command, body: DuesBody, alliance: AlliancePath) -> Response:
    """The coordinator calls dues: each company then owes the charter's tier for its staff to the purse."""

    async def load(transaction: Transaction, state: Any, given: Given) -> Given:
        terms = await charters.terms_numbered(
            transaction.connection, AllianceId(alliance), given.charter.version
        )
        staff = await memberships.staff(transaction.connection, alliance)
        new = {company: uuid7() for company in given.standing.members}
        return given.with_more(domain.Rests(terms.dues, staff, new))

    command = domain.CallDues(body.year, body.due_on, body.companies)
    receipt = await asked.service.commands.execute(asked.on(body), domain.DUES, alliance, command, load=load)
    return answer(asked, receipt, location=f"/alliances/{alliance}/obligations", created=True)
