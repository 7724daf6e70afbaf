"""A walk on which everything private that is typed in is recognisable, and every answer is looked through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx

from rigs.figures import OPEN, Figures
from rigs.operations import Json, Operation
from rigs.privacy import Secrets, seen_in, significant
from rigs.product import Product
from rigs.walk import Call, Onlooker, Walk

PUBLIC = frozenset(
    {
        # Names and seats of companies, as public as their register.
        ("members.found_alliance", "name"),
        ("members.found_alliance", "companies"),
        ("members.apply_for_membership", "name"),
        ("members.fill_in_card", "name"),
        ("members.fill_in_card", "town"),
        ("tenders.form_consortium", "subcontractors"),
        ("tenders.recompose_consortium", "subcontractors"),
        # A number that its issuer alone can look up.
        ("tenders.record_payment", "invoice_number"),
        # What a buyer asks for in public, or a client of all members.
        ("tenders.type_in_opportunity", "title"),
        ("tenders.type_in_opportunity", "client"),
    }
)
"""Texts that events show to everybody: about companies, not about people."""

CONTACT = ("Camille Aubépin", "camille.aubepin", "+33 1 99 00 12 34")
"""Of the buyer, in the public notice that is imported."""

UNTOLD = frozenset({"content-length", "date"})
"""Headers that count bytes and seconds."""


@dataclass(frozen=True)
class Answered:
    """What could be private in one answer. `by` is empty for who has no token."""

    by: str
    outside: bool
    """Whether `by` had no role in the alliance then."""
    operation: str
    address: str
    status: int
    seen: frozenset[str]


class RecognisableWalk(Walk):
    """`typed` are the figures and texts as they were typed in, whatever the product makes of them."""

    def __init__(self, product: Product, onlooker: Onlooker | None = None) -> None:
        super().__init__(product, onlooker)
        self.typed = Secrets()
        self.answered: list[Answered] = []
        """Answers in which anything could be private, to whomever."""
        self.asked: set[str] = set()
        """Operations that were answered with success."""
        self.pried: set[str] = set()
        """Views and feeds that others asked for with every id."""
        self.outside = {"delegate", "outsider", "stranger", ""}
        self.figures = Figures(lambda: self.companies)

    async def ask(self, name: str, by: str, body: Json = None, **more: Any) -> Any:
        operation = self.operations[name]
        if isinstance(body, bytes):
            for text in CONTACT:
                body = body.replace(text.encode(), self._mark(f"{name} contact", by).encode())
        elif operation.body is not None:
            body = body or {}
            if make := getattr(self.figures, operation.id, None):
                body = make(body)
                self._note(operation, body)
            body = self._marked(operation, by, operation.body, body)
        return await super().ask(name, by, body, **more)

    async def send(self, call: Call, *, authorization: str | None = None) -> httpx.Response:
        answer = await super().send(call, authorization=authorization)
        self.saw(call.by if authorization is None else "", call.operation.name, call.address, answer)
        return answer

    def saw(self, by: str, operation: str, address: str, answer: httpx.Response) -> None:
        if answer.is_success:
            self.asked.add(operation)
        headers = [f"{name}: {value}" for name, value in answer.headers.items() if name not in UNTOLD]
        if seen := seen_in("\n".join(headers).encode() + b"\n" + answer.content):
            outside = by in self.outside
            self.answered.append(Answered(by, outside, operation, address, answer.status_code, seen))

    def _note(self, operation: Operation, body: Json) -> None:
        owners = self.figures.owners(operation.id, body)
        for name, value in body.items():
            rows = value if name == "received" else [value]
            for row in rows if name not in OPEN else ():
                own = [row["company"]] if name == "received" else owners
                for figure in figures_in(row):
                    self.typed.add(figure, own, f"{operation.name} {name}")

    def _mark(self, what: str, by: str, owner: str | None = None) -> str:
        """A text of its own, recognised wherever it comes up."""
        mark = "intime" + sha256(f"{self.unique} {len(self.typed.known)}".encode()).hexdigest()[:16]
        self.typed.add(mark, [owner or self.companies.get(by, by)], what)
        return mark

    def _marked(self, operation: Operation, by: str, schema: Json, value: Json, name: str = "") -> Json:
        """The value with a mark in place of every free text. What is free the schema says."""
        parts = [operation.resolved(one) for one in schema.get("anyOf", [schema])]
        patterns = [str(part.get("pattern")) for part in parts]
        if (operation.name, name) in PUBLIC:
            return value
        if isinstance(value, str) and r"\S" in patterns:
            return self._mark(f"{operation.name} {name}", by)
        if isinstance(value, str) and any("@" in pattern for pattern in patterns):
            return f"{self._mark(f'{operation.name} {name}', by)}@example.org"
        for part in parts:
            if isinstance(value, dict) and "properties" in part:
                inner = part["properties"]
                return {
                    one: self._marked(operation, by, inner.get(one, {}), text, one)
                    for one, text in value.items()
                }
            if isinstance(value, list) and "items" in part:
                return [self._marked(operation, by, part["items"], one, name) for one in value]
        return value


def figures_in(value: Json) -> Iterator[str]:
    """The digits of every number in it that is long enough to be recognised."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from figures_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from figures_in(inner)
    elif isinstance(value, str | int) and significant(str(value)) in seen_in(str(value).encode()):
        yield significant(str(value))


async def between_two(walk: Walk) -> None:
    """A part of a walk: purchases of two members, whose totals would tell each the other's figures."""
    await _frozen_by_two(walk)
    await walk.ask("purchasing.cancel_campaign", "coordinator", {"reason": "No van."})
    await _frozen_by_two(walk)
    await walk.ask("purchasing.place_order", "coordinator")
    ordered = (await walk.ask("purchasing.read_campaign", "accountant"))["ordered"]["quantity"]
    company = walk.companies["aubrelle"]
    await walk.ask("purchasing.prefinance_purchase", "aubrelle", {"company": company})
    await walk.ask("purchasing.attest_prefinancing", "accountant")
    later = {"effective_on": "2025-06-20"}  # by then it has cost something
    received = {"quantity": ordered, "last": True, **later}
    await walk.ask("purchasing.receive_goods", "accountant", received)
    await walk.ask("purchasing.record_invoice", "accountant", {"quantity": ordered, **later})
    await walk.ask("purchasing.allocate_costs", "accountant", later)
    await walk.ask("purchasing.settle_campaign", "coordinator", {"due_on": "2025-06-30", **later})


async def _frozen_by_two(walk: Walk) -> None:
    ask, two = walk.ask, {name: walk.companies[name] for name in ("aubrelle", "dourvel")}
    drafted = {"title": "Vans", "specification": "Electric.", "unit": "van", "minimum_quantity": 1}
    await ask("purchasing.draft_campaign", "coordinator", drafted, save="campaign")
    await ask("purchasing.invite_needs", "coordinator")
    former = {"price": {"amount": "1.00", "currency": "EUR"}, "invoiced_on": "2024-11-04"}
    for name, company in two.items():
        need = {"company": company, "expected_quantity": 1, "former_price": former}
        await ask("purchasing.record_need", name, {**need, "evidence": "An invoice.", "site": "Here"})
    await ask("purchasing.invite_quotes", "coordinator")
    await ask("purchasing.record_quote", "coordinator", {"supplier": "Garage"})
    quote = (await ask("purchasing.read_campaign", "aubrelle"))["quotes"][0]["id"]
    await ask("purchasing.choose_quote", "coordinator", quote=quote)
    await ask("purchasing.invite_commitments", "coordinator")
    for name, company in two.items():
        await ask("purchasing.commit_quantity", name, {"company": company})
    await ask("purchasing.freeze_campaign", "coordinator")
