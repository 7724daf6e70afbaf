"""Balances of all members, by project, and by form and nature: figures to those alone who may read them.

Nothing here adds up over members but for those who read everything: a total that moves with one member's
command would give its figure away. (Totals of closed periods come with the periods.)
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ledger.balances import views
from ledger.balances.figures import Figures
from ledger.posting.legs import Seen
from ledger.snapshot import AsOf, AtSize, Sealed, Shown, snapshot
from money import Money
from service.auth import Authenticated
from service.commands import AlliancePath, Running, alliance_router
from service.paging import Cursor, CursorText, Page, PageLimit

router = alliance_router("balances")

_projects = Cursor("projects", str)


class MemberBalance(BaseModel):
    member: UUID
    name: str
    figures: Figures | Sealed


class BalancesView(Shown):
    """Who is or was a member, by id, with what it gave and got."""

    as_of: date | None
    at_size: int | None
    members: list[MemberBalance]
    totals: Figures | None = Field(description="Of the alliance; to those alone who may read every member's.")


class FormSum(BaseModel):
    """A sum of one side, by form of alliance and nature."""

    side: Seen
    form: str
    nature: str
    amount: Money


class MemberForms(BaseModel):
    member: UUID
    sums: list[FormSum] | Sealed


class FormsView(Shown):
    as_of: date | None
    at_size: int | None
    members: list[MemberForms]
    totals: list[FormSum] | None = Field(description="To those alone who may read every member's.")


class Party(BaseModel):
    member: UUID
    figures: Figures


class ProjectView(BaseModel):
    """A project, with those of its parties that the caller may read."""

    project: str = Field(examples=["campaign/0199f6e4-6f1c-7c3a-9b1e-2f6d8a4c5b7e", "life"])
    parties: list[Party]
    totals: Figures | None = Field(description="To those alone who may read every member's.")


class ProjectsPage(Page[ProjectView], Shown):
    pass


@router.get("/balances", response_model=BalancesView)
async def read_balances(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    as_of: AsOf = None,
    at_size: AtSize = None,
) -> BalancesView | Response:
    """What each member contributed and received, its net and ratio, and apart what is pending."""
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        currency, readable = books.commodity, books.readable
        sums = await views.sums(
            books.transaction,
            alliance,
            currency,
            readable,
            until=books.until(as_of),
            size=books.size(at_size),
        )
        return BalancesView(
            log_size=books.log_size,
            complete=books.complete,
            as_of=as_of,
            at_size=at_size,
            members=[
                MemberBalance(
                    member=member,
                    name=books.given.standing.members[member].name,
                    figures=Figures.summing(
                        ((one.side, one.amount) for one in sums if one.member == member), currency
                    )
                    if books.may_read(member)
                    else Sealed(owner=member),
                )
                for member in books.members
            ],
            totals=Figures.summing(((one.side, one.amount) for one in sums), currency)
            if readable is None
            else None,
        )


@router.get("/forms", response_model=FormsView)
async def read_forms(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    as_of: AsOf = None,
    at_size: AtSize = None,
) -> FormsView | Response:
    """What each member contributed and received, by form of alliance and nature."""
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        currency, readable = books.commodity, books.readable
        sums = await views.sums(
            books.transaction,
            alliance,
            currency,
            readable,
            until=books.until(as_of),
            size=books.size(at_size),
        )
        return FormsView(
            log_size=books.log_size,
            complete=books.complete,
            as_of=as_of,
            at_size=at_size,
            members=[
                MemberForms(
                    member=member,
                    sums=_by_form([one for one in sums if one.member == member], currency)
                    if books.may_read(member)
                    else Sealed(owner=member),
                )
                for member in books.members
            ],
            totals=_by_form(sums, currency) if readable is None else None,
        )


def _by_form(sums: Sequence[views.Sum], currency: str) -> list[FormSum]:
    added: dict[tuple[Seen, str, str], Decimal] = defaultdict(Decimal)
    for one in sums:
        if one.side is not Seen.PENDING:
            added[(one.side, one.form, one.nature)] += one.amount
    return [
        FormSum(side=side, form=form, nature=nature, amount=Money.of(amount, currency))
        for (side, form, nature), amount in sorted(added.items())
    ]


@router.get("/projects", response_model=ProjectsPage)
async def list_projects(
    request: Request,
    caller: Authenticated,
    service: Running,
    alliance: AlliancePath,
    limit: PageLimit,
    cursor: CursorText = None,
) -> ProjectsPage | Response:
    """What each party gave to and got from each project, by the project's name."""
    after = _projects.decode(cursor)[0] if cursor else ""
    async with snapshot(service, caller, alliance) as books:
        if unchanged := books.unchanged(request):
            return unchanged
        currency, readable = books.commodity, books.readable
        names = await views.projects(books.transaction, alliance, readable, after, limit + 1)
        page, following = _projects.cut(names, limit, lambda name: (name,))
        sums = await views.project_sums(books.transaction, alliance, currency, readable, within=page)
        return ProjectsPage(
            items=[
                _project(name, [one for one in sums if one.project == name], currency, readable is None)
                for name in page
            ],
            next=following,
            log_size=books.log_size,
            complete=books.complete,
        )


def _project(name: str, sums: Sequence[views.ProjectSum], currency: str, everything: bool) -> ProjectView:
    return ProjectView(
        project=name,
        parties=[
            Party(
                member=member,
                figures=Figures.summing(
                    ((one.side, one.amount) for one in sums if one.member == member), currency
                ),
            )
            for member in sorted({one.member for one in sums})
        ],
        totals=Figures.summing(((one.side, one.amount) for one in sums), currency) if everything else None,
    )
