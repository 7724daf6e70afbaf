"""A whole product whose keys are rotated between two runs, while a witness looks on."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from processes.keys import rotate
from rigs.product import Client, Founded, Product, guarded_folder, started_on
from rigs.witnesses import cosigner, witness
from tlog.notes import Note, Verifier

W1 = cosigner("w1").verifier


async def declare(product: Product, founded: Founded, director: Client) -> None:
    """Four hours of coordination: 180.00 EUR, under the limit up to which a declaration is enough."""
    line = {"person": "5" * 32, "first_day": "2025-01-02", "last_day": "2025-06-30", "hours": "4"}
    body = {"company": str(founded.companies[0]), "kind": "coordination", "lines": [line]}
    answer = await director.post(founded.path("members", "/declarations/hours"), json=body)
    assert answer.status_code == 201, answer.text
    await product.quiet()


async def seen(founded: Founded, director: Client) -> tuple[str, Note, list[Verifier]]:
    """What the first company gave; the checkpoint, and the log's keys that signed it."""
    balances = (await director.get(founded.path("ledger", "/balances"))).json()
    [own] = [one for one in balances["members"] if one["member"] == str(founded.companies[0])]
    log = (await director.get(founded.path("ledger", "/log"))).json()
    note = Note.parse((await director.get(founded.path("ledger", "/log/checkpoint"))).content)
    keys = [Verifier.parse(key) for key in log["keys"]]
    assert set(note.times(keys)) == set(keys)
    return own["figures"]["contributed"]["amount"], note, keys


async def until_cosigned(founded: Founded, director: Client) -> None:
    async with asyncio.timeout(30):
        while not (await seen(founded, director))[1].times([W1]):  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.05)


async def rotations(product: Product, founded: Founded) -> list[Mapping[str, Any]]:
    rows = await product.rows(
        "ledger",
        "SELECT body FROM events WHERE alliance_id = $1 AND type = 'alliance.ledger.key_rotated.v1'"
        " ORDER BY sequence",
        founded.id,
    )
    return [json.loads(row["body"])["data"] for row in rows]


async def test_rotated_keys_lose_nothing_that_was_sealed_and_nobody_who_knew_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[Verifier] = []
    async with witness(tmp_path / "w1", "w1", lambda: known) as address:
        monkeypatch.setenv("LEDGER_WITNESSES", f"{W1.name}={address}")
        with guarded_folder() as (path, guard):
            async with started_on(path, guard) as product:
                founded = await product.found(2, terms={"witnesses": [str(W1)], "witness_quorum": 1})
                director = founded.directors[0]
                await declare(product, founded, director)
                amount, note, known[:] = await seen(founded, director)
                assert amount == "180.00"
                assert not note.times([W1])  # it did not know the log
                await until_cosigned(founded, director)
                assert await rotations(product, founded) == []
            for source in ("members", "ledger"):
                rotate(path / "data", source)
            async with started_on(path, guard) as product:
                director = product.as_(director.name)
                async with asyncio.timeout(30):
                    while not await rotations(product, founded):  # noqa: ASYNC110 - it is in a database
                        await asyncio.sleep(0.05)
                await declare(product, founded, director)
                amount, note, keys = await seen(founded, director)
                assert amount == "360.00"  # sealed with the old key, and with the new one
                assert keys[1:] == known
                assert await rotations(product, founded) == [
                    {"service": "members", "epoch": 1, "verifier_key": None},
                    {"service": "ledger", "epoch": 1, "verifier_key": str(keys[0])},
                ]
                # The witness knows the old key alone.
                await until_cosigned(founded, director)
                ready = (await product.anonymous.get("/ledger/readyz")).json()
                assert ready["details"]["checkpoints_without_quorum"] == []
