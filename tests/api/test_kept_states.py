"""What a service keeps of a stream from command to command is what its recorded bytes say."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from events.decision import Aggregate, Call
from events.execute import Commands, Receipt
from rigs.product import Product
from rigs.walk import walked
from rigs.walks import PARTS

execute = Commands.execute
compared: Counter[str] = Counter()


async def compare(
    self: Commands[Any], call: Call, aggregate: Aggregate[Any, Any], id: UUID, command: object, **more: Any
) -> Receipt:
    receipt = await execute(self, call, aggregate, id, command, **more)
    stream = aggregate.stream(id)
    kept = self._states.get((receipt.alliance, stream))
    if kept is not None:
        async with self.store.single() as transaction:
            bodies = await transaction.stream(receipt.alliance, stream)
        read = self._evolve(aggregate, None, bodies[: kept.version])
        assert kept == read, f"{aggregate.name} after {type(command).__name__}"
        compared[aggregate.name] += 1
    return receipt


async def test_what_is_kept_after_a_commit_equals_what_is_read_from_the_bytes(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Commands, "execute", compare)
    await walked(product, PARTS)
    assert {"alliance", "campaign", "opportunity", "consortium", "bid", "contract"} <= set(compared)
