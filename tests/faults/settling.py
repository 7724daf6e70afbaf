"""After a round: everything comes to rest, what nobody knows is asked again, and all is compared."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import httpx

from embedded.databases import SERVICES
from events.log import topic_of
from faults.driver import Driver
from faults.judging import Findings, Stored, both_passed, by_request, given, judge
from faults.orders import Alliance, Order
from faults.seals import Seals
from faults.topics import Topics
from processes.rights import READS
from rigs.pieces import PIECES, Pieces

SETTLES: Final = 180.0
"""Seconds."""
AT_ONCE: Final = 8


class Settling:
    """`round` finds what is wrong with everything commanded since the beginning."""

    def __init__(self, pieces: Pieces, driver: Driver, seals: Seals, alliances: Sequence[Alliance]) -> None:
        self._pieces = pieces
        self._driver = driver
        self._seals = seals
        self._alliances = {alliance.id: alliance for alliance in alliances}
        self._topics = Topics(pieces.brokers, [topic_of(service) for service in SERVICES])
        self._asked_again: set[Order] = set()
        self._frozen: list[str] = []
        self.found = Findings()

    async def round(self) -> Findings:
        self.found = Findings()
        for piece in PIECES:
            await self._pieces.up(piece)
        await self._ask_again()
        if await self._at_rest():
            await self._compare()
        return self.found

    async def _ask_again(self) -> None:
        """What has no final answer, until it has one; and once more what has: the answer is the same."""
        places = asyncio.Semaphore(AT_ONCE)

        async def again(order: Order) -> None:
            attempts = self._driver.attempts[order]
            async with places:
                with suppress(TimeoutError):
                    async with asyncio.timeout(SETTLES):
                        while not any(attempt.final for attempt in attempts):
                            await self._driver.attempt(order)
                            await asyncio.sleep(0.05)
                        await self._driver.attempt(order)

        orders = [order for order in self._driver.attempts if order not in self._asked_again]
        self._asked_again.update(orders)
        async with asyncio.TaskGroup() as group:
            for order in orders:
                group.create_task(again(order))
        self.found.unsettled += [
            f"{order.service} {order.path} {order.key} has no final answer"
            for order in orders
            if not any(attempt.final for attempt in self._driver.attempts[order])
        ]

    async def _at_rest(self) -> bool:
        """Whether all is relayed, followed and ready within the time. What is frozen stays so."""
        waiting: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES):
                while waiting := [*await self._waiting(), *await self._unready()]:
                    if self._frozen:
                        break
                    await asyncio.sleep(0.1)
        self.found.unsettled += [*waiting, *self._frozen]
        return not self.found.unsettled

    async def _waiting(self) -> list[str]:
        followed, heads = {}, {}
        for service in SERVICES:
            async with self._pieces.connected(service) as connection:
                rows = await connection.fetch("SELECT source, alliance_id, sequence FROM followed")
                followed.update(
                    {(service, row["source"], str(row["alliance_id"])): row["sequence"] for row in rows}
                )
        for service in SERVICES:
            async with self._pieces.connected(service) as connection:
                for row in await connection.fetch("SELECT * FROM heads"):
                    heads[service, str(row["alliance_id"])] = row["last_sequence"], row["relayed_sequence"]
        unrelayed = [
            f"{key} is relayed up to {at[1]} of {at[0]}" for key, at in heads.items() if at[0] > at[1]
        ]
        behind = [
            f"{reader} has {followed.get((reader, source, alliance))} of {last} from {source}, {alliance}"
            for (source, alliance), (last, _) in heads.items()
            for reader in SERVICES
            if last and source in READS[reader] and followed.get((reader, source, alliance)) != last
        ]
        unsealed = [
            f"{alliance.id} is sealed up to {size} of {last}"
            for alliance in self._alliances.values()
            if (size := await self._seals.look(alliance)) != (last := heads["ledger", alliance.id][0])
        ]
        return unrelayed + behind + unsealed

    async def _unready(self) -> list[str]:
        found = []
        for service in SERVICES:
            try:
                answer = await self._driver.client.get(f"{self._pieces.address(service)}/readyz")
            except httpx.TransportError as error:
                found.append(f"{service} is not ready: {error!r}")
                continue
            shown = answer.json()
            details = shown.get("details", {})
            good = (
                answer.status_code == 200
                and shown["dependencies"] == {"log": "ok"}
                and details["outbox"]["pending"] == 0
                and details["restoration"] == {"done": True, "not_restored": {}}
            )
            self._frozen += [f"{service} is frozen: {at}" for at in details.get("frozen", ())]
            if not good:
                found.append(f"{service} is not ready: {shown}")
        return found

    async def _compare(self) -> None:
        await self._topics.read()
        stored = {service: await self._stored(service) for service in SERVICES if service != "ledger"}
        for service, lines in stored.items():
            for alliance in self._alliances:
                self._in_topic(service, service, alliance, lines[alliance])
        await self._in_ledger(stored)
        written = {
            service: {alliance: by_request(lines[alliance]) for alliance in self._alliances}
            for service, lines in stored.items()
        }
        for order, attempts in self._driver.attempts.items():
            judge(attempts, written[order.service][order.alliance.id], self.found)
        self.found.wrong += both_passed(self._driver.attempts)
        for one in self._alliances.values():
            await self._balances(one)

    async def _stored(self, service: str) -> dict[str, list[Stored]]:
        """By alliance, in order; that there is no hole is looked at here."""
        found: dict[str, list[Stored]] = defaultdict(list)
        versions: Counter[tuple[str, str]] = Counter()
        async with self._pieces.connected(service) as connection:
            rows = await connection.fetch(
                "SELECT alliance_id::text, sequence, stream, version, sha256(body) AS digest,"
                " convert_from(body, 'UTF8')::json ->> 'correlationid' AS request"
                " FROM events ORDER BY alliance_id, sequence"
            )
            heads = await connection.fetch("SELECT alliance_id::text, last_sequence FROM heads")
        for row in rows:
            alliance, at = row["alliance_id"], f"{service}, {row['alliance_id']}, {row['sequence']}"
            versions[alliance, row["stream"]] += 1
            if row["sequence"] != len(found[alliance]) + 1:
                self.found.lost.append(f"{at}: the store has a hole before it")
            if row["version"] != versions[alliance, row["stream"]]:
                self.found.wrong.append(f"{at}: version {row['version']} of {row['stream']}")
            found[alliance].append(Stored(row["sequence"], row["digest"], row["request"]))
        for alliance, sequence in heads:
            if sequence != len(found[alliance]):
                self.found.lost.append(f"{service}, {alliance}: {len(found[alliance])} events of {sequence}")
        return found

    def _in_topic(self, topic: str, source: str, alliance: str, events: Sequence[Stored]) -> None:
        line = self._topics.lines[topic_of(topic), source, alliance]
        where = f"topic of {topic}, {source}, {alliance}"
        self.found.wrong += [f"{where}: {fault}" for fault in line.faults]
        if line.digests != [event.digest for event in events]:
            kind = self.found.lost if len(line.digests) < len(events) else self.found.wrong
            kind.append(f"{where}: {len(line.digests)} events, and not the {len(events)} of the store")

    async def _in_ledger(self, stored: dict[str, dict[str, list[Stored]]]) -> None:
        """Each event of each source once, in its order, byte for byte; and so again in the ledger's topic."""
        async with self._pieces.connected("ledger") as connection:
            rows = await connection.fetch(
                "SELECT alliance_id::text, split_part(stream, '/', 2) AS source, sha256(body) AS digest"
                " FROM events ORDER BY alliance_id, sequence"
            )
            for one in self._alliances.values():
                bodies = await connection.fetch(
                    "SELECT body FROM events WHERE alliance_id::text = $1 ORDER BY sequence", one.id
                )
                self._seals.judge(one, [row["body"] for row in bodies])
            unbalanced = await connection.fetch(
                "SELECT FROM postings GROUP BY alliance_id, entry, commodity HAVING sum(amount) <> 0"
            )
        entries: dict[tuple[str, str], list[bytes]] = defaultdict(list)
        for row in rows:
            entries[row["source"], row["alliance_id"]].append(row["digest"])
        for service, lines in stored.items():
            for alliance in self._alliances:
                entered, wanted = entries[service, alliance], [event.digest for event in lines[alliance]]
                where = f"ledger, {service}, {alliance}"
                if len(set(entered)) < len(entered):
                    self.found.doubled.append(f"{where}: an event is entered twice")
                if set(wanted) - set(entered):
                    self.found.lost.append(f"{where}: {len(set(wanted) - set(entered))} are not entered")
                if entered != wanted:
                    self.found.wrong.append(f"{where}: the entries are not the events, in their order")
                self._in_topic("ledger", service, alliance, lines[alliance])
        self.found.wrong += self._seals.wrong
        if unbalanced:
            self.found.wrong.append(f"{len(unbalanced)} entries do not balance")

    async def _balances(self, alliance: Alliance) -> None:
        model = given(alliance, self._driver.attempts)
        answer = await self._driver.client.get(
            f"{self._pieces.base('ledger')}/v1/alliances/{alliance.id}/balances",
            headers={"Authorization": f"Bearer {self._pieces.token(alliance.reader)}"},
        )
        shown: Any = answer.json()
        assert answer.status_code == 200, shown
        books = {one["member"]: one["figures"] for one in shown["members"]}
        for company, amount in model.items():
            seen = [books[company][name]["amount"] for name in ("contributed", "received", "pending")]
            if seen != [f"{amount:.2f}", "0.00", "0.00"] or not shown["complete"]:
                self.found.wrong.append(
                    f"{alliance.id}, {company}: the ledger shows {seen}, the model {amount}"
                )
