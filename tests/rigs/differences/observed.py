"""Readers beside a year of an alliance, and what each of them must not find out."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import httpx

from events.ids import AllianceId, PersonId
from rigs.differences.attacker import Attacker, Finding, Secret
from rigs.differences.figures import Figure, Kind, figures
from rigs.differences.ids import Ids, lists_of
from rigs.differences.parts import Part
from rigs.differences.reader import Reader
from rigs.differences.year import BODIES, EVERYBODY, TERMS, Year
from rigs.product import Product
from rigs.walk import Call, Onlooker, Walk

SERVICES: Final = ("members", "purchasing", "tenders", "ledger")
DAY: Final = timedelta(days=1)
PUBLIC: Final = frozenset(
    {"members.propose_charter", "members.found_alliance", "members.fill_in_card", "members.grant_role"}
)
"""What is typed in with these is for every member to read."""


class Observed(Onlooker):
    """A year with its readers: after each command, each of them reads and tries all that it may."""

    def __init__(
        self, product: Product, readers: Sequence[str], services: Collection[str] = SERVICES
    ) -> None:
        self.walk = Walk(product, self)
        self.walk.members, self.walk.terms = EVERYBODY, TERMS
        self.walk.founded_on = "2024-12-16"
        self.services = services
        self.year = Year(self.walk)
        self.ids = Ids()
        self.names = readers
        self.readers: list[Reader] = []
        self.typed: list[Secret] = []
        self._stood: dict[str, object] = {}

    async def live(self, parts: Iterable[Part]) -> None:
        await self.walk.found()
        self.readers = [self.reader(by) for by in self.names]
        for part in parts:
            await part(self.year)

    def reader(self, by: str) -> Reader:
        return Reader(self.walk, by, self.ids, BODIES)

    async def after(self, walk: Walk, call: Call, answer: httpx.Response) -> None:
        if not walk.founded:
            return
        if call.operation.method == "GET":
            self.ids.learn(call.operation, answer.json(), lists_of(walk.operations))
            return
        if call.operation.name not in PUBLIC:
            self._type(call)
        await self.look(call.operation.name)

    def _type(self, call: Call) -> None:
        own = self.walk.companies.get(call.by)
        for figure in figures(call.body, parties=frozenset({own} if own else ())):
            if figure.parties:
                self.typed.append(_secret(figure, f"{call.operation.name} {figure.path[-1]}"))

    async def look(self, command: str, *, everything: bool = False) -> None:
        await self.walk.caught_up()
        for parameter, value in self.walk.known.items():
            self.ids.add(parameter, value)
        moved = await self._moved()
        if everything:
            moved = {*self.services}
            log = await self.walk.ask("ledger.read_log", "auditor")
            for index in range(log["log_size"]):
                self.ids.add("index", index)
            self.ids.add("path", "0/000.p/1")
            self.ids.add("old", 1)
        async with asyncio.TaskGroup() as reading:
            for reader in self.readers:
                reading.create_task(reader.read(command, moved, self.year.day, everything=everything))

    async def look_back(self) -> None:
        """All that takes a day or a filter, by each of its values; the first reader by each log size too."""
        await self.look("the end", everything=True)
        async with asyncio.TaskGroup() as reading:
            for reader in self.readers:
                reading.create_task(self._look_back(reader))

    async def _look_back(self, reader: Reader) -> None:
        days = {*self.year.days, *(str(date.fromisoformat(day) - DAY) for day in self.year.days)}
        await reader.slide("as_of", sorted(days))
        if reader is self.readers[0]:
            await reader.slide("at_size", self.ids.of["index"])
        for parameter in reader.filters():
            await reader.slide(parameter, reader.choices(parameter))

    async def _moved(self) -> set[str]:
        """The services whose answers may be others than before: they follow from what a service recorded, and
        from how the alliance stands there.
        """
        found = set()
        alliance = UUID(self.walk.known["alliance"])
        for name in self.services:
            service = self.walk.product.services[name]
            given = await service.given(PersonId(self.walk.person("auditor")), alliance)
            now = (await service.store.last_sequence(AllianceId(alliance)), given.standing)
            if self._stood.get(name) != now:
                self._stood[name] = now
                found.add(name)
        return found

    async def secrets(self) -> list[Secret]:
        """Of everybody: what was typed in, what events keep sealed, and the lines of the ledger."""
        auditor = self.reader("auditor")
        found = list(self.typed)
        for name in ("ledger.read_events", "ledger.read_statement"):
            operation = self.walk.operations[name]
            for answer in await auditor.all_of(operation):
                found += [
                    _secret(figure, f"{name} {figure.path[-1]}")
                    for figure in figures(answer)
                    if figure.parties and (name != "ledger.read_events" or "open" in figure.path)
                ]
        public = {(one.kind, abs(one.value)) for one in figures(TERMS)}
        return [one for one in found if one.value and (one.kind, one.value) not in public]


def _secret(figure: Figure, what: str) -> Secret:
    return Secret(figure.kind, abs(figure.value), figure.parties, what)


def kept_from(reader: Reader, secrets: Iterable[Secret]) -> list[Secret]:
    """Those of others that the reader is no party to, each value once."""
    own = {(one.kind, one.value) for one in secrets if reader.company in one.owners}
    return list({(one.kind, one.value): one for one in secrets if (one.kind, one.value) not in own}.values())


def shown_to(reader: Reader, secrets: Iterable[Secret]) -> dict[tuple[Kind, int], set[str]]:
    """Where a secret stood as what it is, in the name of whose it is."""
    found: dict[tuple[Kind, int], set[str]] = {}
    for secret in secrets:
        for (operation, kind, value), parties in reader.seen.items():
            if (kind, value) == (secret.kind, secret.value) and parties & secret.owners:
                found.setdefault((kind, value), set()).add(operation)
    return found


def found_out(reader: Reader, secrets: Iterable[Secret]) -> list[Finding]:
    return Attacker(list(secrets)).findings(reader.steps)
