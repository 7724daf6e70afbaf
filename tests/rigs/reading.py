"""Who may read what of a walk: the design's rules, said once more, without asking what is tested."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from rigs.operations import Json
from rigs.privacy import Secret, Secrets
from rigs.prying import filters
from rigs.recognisable import Answered, RecognisableWalk, figures_in
from rigs.records import Recorded
from rigs.walk import Call

READS_ALL = ("accountant", "auditor")
"""The independent person, and who audits."""
CONCERNED: Mapping[str, tuple[str, ...]] = {
    "members": ("aubrelle",),
    "purchasing": ("aubrelle", "valbrune"),
    "tenders": ("aubrelle", "dourvel"),
}
"""By service: whose obligations and declarations the walk's are. They may read the texts about them."""

OPEN_TEXTS = frozenset(
    {
        "members.found_alliance preamble",
        "members.propose_charter preamble",
        "members.draft_decision title",
        "members.draft_decision discussion",
        "members.fill_in_card offers",
        "members.fill_in_card seeks",
        "members.fill_in_card goals",
        "members.register_person name",
        "members.register_person email",
        "members.correct_person name",
        "members.correct_person email",
        "purchasing.draft_campaign title",
        "purchasing.draft_campaign specification",
        "purchasing.cancel_campaign reason",
        "tenders.type_in_opportunity description",
        "tenders.import_notice contact",
        "tenders.no_go reason",
        "tenders.dissolve_consortium reason",
        "tenders.withdraw_bid reason",
        "tenders.cancel_bid reason",
        "tenders.terminate_contract reason",
        "tenders.withdraw_contract_payment reason",
        "tenders.reverse_contract_payment reason",
    }
)
"""Meant for everybody in the alliance, the directory included: by operation and field."""

ALL = "all members"
CLOSED = "a total of a closed half-year"
SHOW_CLOSED = {
    f"ledger.{name}" for name in ("read_period_balances", "prove_period_balance", "list_imbalances")
}
"""Where all members see what each of them gave and got in it; that of all together in an account too."""
SUBJECT = "the subject of a token"
"""Nobody's to read: the id of a person stands in place of it everywhere."""


@dataclass(frozen=True)
class Told:
    """A walk, all that was answered on it, and all that it left."""

    walk: RecognisableWalk
    left: Recorded
    secrets: Secrets

    @property
    def alliance(self) -> UUID:
        return UUID(self.walk.known["alliance"])

    @cached_property
    def taking_part(self) -> Mapping[str, set[str]]:
        """By campaign: the companies with a part in it."""
        found = defaultdict(set)
        for leaf in self.left.leaves:
            if leaf.place.startswith("alliance.purchasing.quantity_committed."):
                found[leaf.subject.removeprefix("campaign/")].add(leaf.owner)
        return found


async def add_sums(walk: RecognisableWalk, secrets: Secrets) -> None:
    """What the books come to for each member, as who reads all is shown it now; `ALL` owns the rest."""
    for name in ("read_balances", "read_forms", "list_projects"):
        view = walk.operations[f"ledger.{name}"]
        for query in filters(walk, view):
            shown = await walk.send(Call(view, "accountant", {"alliance": walk.known["alliance"]}, query))
            for owner, figure in _owned(shown.json(), ALL):
                secrets.add(figure, [owner], f"a sum of {view.name}")


async def add_closed(walk: RecognisableWalk, secrets: Secrets) -> None:
    """What each member gave and got in all in the half-year that the walk has closed."""
    view = walk.operations["ledger.read_period_balances"]
    shown = await walk.send(
        Call(view, "accountant", {one: walk.known[one] for one in ("alliance", "period")})
    )
    for owner, figure in _owned(shown.json(), ALL):
        secrets.add(figure, [owner], CLOSED if owner != ALL else f"{CLOSED}, of all")


def _owned(value: Json, owner: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        owner = value.get("member", owner)
        for inner in value.values():
            yield from _owned(inner, owner)
    elif isinstance(value, list):
        for inner in value:
            yield from _owned(inner, owner)
    else:
        yield from ((owner, figure) for figure in figures_in(value))


def faults(told: Told, answers: Iterable[Answered]) -> list[str]:
    """What somebody was shown that it may not read; an error may name nothing private to anybody."""
    return sorted(
        {
            f"{one.operation} {one.status} by {one.by or 'anonymous'}: {sorted(secret.fields)}"
            for one in answers
            for secret in told.secrets.among(one.seen).values()
            if one.status >= 400 or not may_read(told, one, secret)
        }
    )


def may_read(told: Told, one: Answered, secret: Secret) -> bool:
    """What the design says, said once more: not by asking what is tested."""
    if SUBJECT in secret.fields:
        return False
    name = {"assistant": "castrelle", "delegate": "dourvel"}.get(one.by, one.by)
    own = told.walk.companies.get(name, name)
    if one.outside or own in secret.owners:
        return own in secret.owners
    if one.by in READS_ALL:
        return True
    return any(_shown_to(told, one, own, field, secret.owners) for field in secret.fields)


def _shown_to(told: Told, one: Answered, own: str, field: str, owners: set[str]) -> bool:
    service, _, operation = one.operation.partition(".")
    coordinates = one.by == "coordinator"
    if field in OPEN_TEXTS:
        return True
    if field.startswith(CLOSED):
        return one.operation in SHOW_CLOSED or (field != CLOSED and operation == "read_account")
    if " reason" in field or " evidence" in field:
        concerned = {told.walk.companies[member] for member in CONCERNED.get(service, ())}
        about = operation.removeprefix("read_")
        # The coordinator attests hours, and acts for the purse.
        attests = coordinates and (about == "declaration" or (service, about) == ("members", "obligation"))
        return about in {"declaration", "obligation", "document"} and (own in concerned or attests)
    if "contribution_" in field:  # who attests it is its counterparty
        return coordinates and operation in {"read_declaration", "list_declarations"}
    campaigns = told.taking_part.keys() if field.endswith(" supplier") else owners
    takes_part = coordinates or any(own in told.taking_part.get(campaign, ()) for campaign in campaigns)
    if "/offer/" in field or field.endswith(" supplier"):
        return operation in {"read_campaign", "read_quote"} and takes_part
    if "/prospect/" in field:
        return operation == "read_methods" and takes_part
    # Totals over three and more, of what will not change with what one of them does.
    totals = "/group/" in field or "/invoiced/" in field or "goods_received.v1/quantity" in field
    return (
        totals
        and operation == "read_campaign"
        and all(len(told.taking_part[campaign]) >= 3 for campaign in owners)
    )
