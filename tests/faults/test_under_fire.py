"""Whatever is killed, stopped, cut or delayed: what was answered is there once, and the books agree.

FAULTS_KILLS and FAULTS_SEED (a number, or `random`) choose a run; unless given, it is a short one, always the
same. What befalls which piece while which command is sent follows from the seed; what was on its way at that
moment does not. FAULTS_ROUND begins with another round than the first, to see that one alone again.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import httpx
import pytest

from faults.alliances import Preparing
from faults.driver import SECONDS, Driver
from faults.judging import Findings
from faults.player import Player
from faults.schedule import faults_of
from faults.seals import Seals
from faults.settling import Settling
from rigs.pieces import started

KILLS: Final = int(os.environ.get("FAULTS_KILLS", "5"))
_SEED: Final = os.environ.get("FAULTS_SEED", "128")
SEED: Final = Random().randrange(10**6) if _SEED == "random" else int(_SEED)
FIRST: Final = int(os.environ.get("FAULTS_ROUND", "1"))
A_ROUND: Final = 20
"""Kills at most."""
ALLIANCES: Final = 4
LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=50)


@pytest.mark.timeout(300 + 30 * KILLS)
async def test_what_was_answered_is_there_once_whatever_befalls_the_pieces(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async with started() as pieces, httpx.AsyncClient(timeout=SECONDS, limits=LIMITS) as client:
        alliances = [await Preparing(pieces, client).prepare() for _ in range(ALLIANCES)]
        driver = Driver(pieces, client, alliances)
        seals = Seals(pieces, client, alliances)
        settling = Settling(pieces, driver, seals, alliances)
        done: Counter[tuple[str, str]] = Counter()
        began = time.monotonic()
        for number, before in enumerate(range(0, KILLS, A_ROUND)):
            player = Player(pieces, driver)
            faults = faults_of(SEED, FIRST + number, min(A_ROUND, KILLS - before))
            async with asyncio.TaskGroup() as group:
                group.create_task(player.round(faults))
                group.create_task(driver.round(SEED, FIRST + number, player.is_over))
                group.create_task(seals.watch(player.is_over))
            done += player.done
            found = await settling.round()
            line = _line(number + 1, done, driver, seals, found)
            with capsys.disabled():
                sys.stdout.write(f"\n{line}, {time.monotonic() - began:.0f} seconds")
            if wrong := [*found.all(), *pieces.ended]:
                said = pieces.copy_logs(tmp_path)
                wrong = [f"after round {FIRST + number} (logs: {tmp_path}):", *wrong, said]
                pytest.fail("\n".join(wrong))


def _line(rounds: int, done: Counter[tuple[str, str]], driver: Driver, seals: Seals, found: Findings) -> str:
    kills, others = Counter[str](), Counter[str]()
    for (kind, target), count in done.items():
        if kind in ("kill", "backend"):
            kills[target if kind == "kill" else "one backend"] += count
        else:
            others[kind] += count
    attempts = [one for each in driver.attempts.values() for one in each]
    unknown = sum(attempt.status is None for attempt in attempts)
    sizes = sum(map(len, seals.shown.values()))
    return (
        f"seed {SEED}: {rounds} rounds, {kills.total()} kills ({_counts(kills)}), {_counts(others)};"
        f" {len(driver.attempts)} commands sent {len(attempts)} times, {unknown} without an answer;"
        f" {sizes} checkpoints;"
        f" lost {len(found.lost)}, doubled {len(found.doubled)}, unsettled {len(found.unsettled)},"
        f" otherwise wrong {len(found.wrong)}"
    )


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))
