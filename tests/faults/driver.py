"""Sends commands from several alliances at once, whatever befalls the pieces, and keeps every answer."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import httpx

from faults.orders import Alliance, Order, Orders
from rigs.pieces import Pieces

CLIENTS: Final = 2
"""An alliance."""
SECONDS: Final = 8.0
"""For an answer; then the client gives it up and does not know."""

IN_FLIGHT: Final = "idempotency_key_in_flight"
NOT_NOW: Final = frozenset({IN_FLIGHT, "database_unavailable", "restoring"})
"""Codes that say nothing about the command: it is to be repeated under its key."""


@dataclass(frozen=True)
class Attempt:
    """One sending of an order; `request` is its id, which its events carry. `status` is None where the
    connection was lost.
    """

    order: Order
    request: str
    status: int | None = None
    code: str = ""
    body: Any = None
    position: int = 0
    replayed: bool = False
    alone: bool = False
    """Sent when the order's only attempt had been answered: nobody else can be at work on it."""

    @property
    def taken(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def final(self) -> bool:
        """Whether it tells what became of the command."""
        return self.status is not None and self.code not in NOT_NOW

    @property
    def may_have_written(self) -> bool:
        return self.status is None or self.taken or self.code == "database_unavailable"


class Driver:
    """`sent` counts the commands sent, repetitions included."""

    def __init__(self, pieces: Pieces, client: httpx.AsyncClient, alliances: Sequence[Alliance]) -> None:
        self._pieces = pieces
        self.client = client
        self._alliances = alliances
        self._tokens: dict[str, str] = {}
        self.sent = 0
        self.most = 0
        """How many are sent before the clients wait for whoever moves this on."""
        self.attempts: dict[Order, list[Attempt]] = defaultdict(list)
        self._numbers = itertools.count(1)

    async def round(self, seed: int, number: int, over: Callable[[], bool]) -> None:
        """Until `over`: every client sends what the seed says."""
        async with asyncio.TaskGroup() as group:
            for place, alliance in enumerate(self._alliances):
                for client in range(CLIENTS):
                    random = Random(f"{seed} {number} {place} {client}")
                    group.create_task(self._client(Orders(alliance, random), over))

    async def _client(self, orders: Orders, over: Callable[[], bool]) -> None:
        while not over():
            if self.sent >= self.most:
                await asyncio.sleep(0.01)
                continue
            new = orders.next()
            if len(new) == 1 and orders.random.random() < 0.1:
                new *= 2  # the same, under the same key, while the first is on its way
            repeats = orders.random.choice((0, 0, 1, 3))
            check = orders.random.random() < 0.2
            async with asyncio.TaskGroup() as group:
                sending = [group.create_task(self._send(order, repeats)) for order in new]
            if taken := next((one for task in sending if (one := task.result()).taken), None):
                orders.taken(taken.order, taken.body["id"])
                if check and len(self.attempts[taken.order]) == 1:
                    await self.attempt(taken.order, alone=True)

    async def _send(self, order: Order, repeats: int) -> Attempt:
        for _ in range(repeats + 1):
            attempt = await self.attempt(order)
            if attempt.final:
                break
            await asyncio.sleep(0.05)
        return attempt

    async def attempt(self, order: Order, *, alone: bool = False) -> Attempt:
        self.sent += 1
        request = f"{order.key}.{next(self._numbers)}"
        attempt = replace(await self._answered(order, request), alone=alone)
        self.attempts[order].append(attempt)
        return attempt

    async def _answered(self, order: Order, request: str) -> Attempt:
        url = f"{self._pieces.base(order.service)}/v1/alliances/{order.alliance.id}/{order.path}"
        headers = {
            "Authorization": f"Bearer {self._token(order.caller)}",
            "Idempotency-Key": order.key,
            "X-Request-Id": request,
        }
        try:
            answer = await self.client.post(url, json=order.body, headers=headers)
        except httpx.TransportError:
            return Attempt(order, request)
        said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        position = answer.headers.get("alliance-position", "=0").partition("=")[2]
        replayed = "idempotent-replayed" in answer.headers
        return Attempt(
            order, request, answer.status_code, said.get("code", ""), said, int(position), replayed
        )

    def _token(self, subject: str) -> str:
        if subject not in self._tokens:
            self._tokens[subject] = self._pieces.token(subject)
        return self._tokens[subject]
