"""Following a topic that was lost, or with a reader that stopped: seen, and healed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from events import follow as follow_module
from events.errors import Frozen
from events.freezing import resume
from events.ids import AllianceId
from rigs.counting import TOPIC, Tiny, new_alliance
from rigs.following import OTHER, Rig, followed_by, running, until
from rigs.postgres import Postgres


@pytest.fixture
async def tiny(postgres: Postgres, database: str) -> AsyncIterator[Tiny]:
    async with followed_by(postgres, database) as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "RETRY_SECONDS", 0.02)


@pytest.fixture
def rig(tiny: Tiny) -> Rig:
    return Rig(tiny)


async def test_a_topic_made_again_stands_still_until_its_source_sends_again(rig: Rig) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2, 3)
    rig.put(them, 1, 2)
    rig.put(us, 1, topic=OTHER)
    async with running(rig.follower):
        await rig.follower.wait("tiny", us, 3, 10)
        await rig.follower.wait("tiny", them, 2, 10)
        await rig.follower.wait("other", us, 1, 10)
        rig.put(us, 4)
        rig.log.make_again(TOPIC)  # whether or not 4 was read
        rig.put(us, 5)
        for _ in range(9):
            rig.put(new_alliance(), 1)  # it has grown beyond the old position
        rig.put(us, 2, topic=OTHER)
        await until(lambda: rig.stands(us))
        assert await rig.stands(us) in (("tiny", 4, "topic_lost"), ("tiny", 5, "topic_lost"))
        assert await rig.stands(them) == ("tiny", 3, "topic_lost")
        with pytest.raises(Frozen):
            await rig.follower.wait("tiny", us, 5, 10)
        rig.put(them, 1, 2)  # the relay was rewound for one of them
        await until(lambda: goes_on(rig, them))
        assert (await rig.stands(us) or ("",))[-1] == "topic_lost"
        rig.put(us, 1, 2, 3, 4, 5)
        await until(lambda: goes_on(rig, us))
        await rig.follower.wait("tiny", us, 5, 10)
        await rig.follower.wait("other", us, 2, 10)
    assert await rig.applied(us) == [1, 2, 3, 4, 5]
    assert await rig.applied(us, "other") == [1, 2]
    assert await rig.applied(them) == [1, 2]


async def goes_on(rig: Rig, alliance: AllianceId) -> bool:
    return await rig.stands(alliance) is None


async def test_a_topic_made_again_while_nobody_followed_is_noticed_at_the_start(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2)
    await rig.read()
    rig.log.make_again(TOPIC)
    rig.put(us, 1, 2, 3)  # and the relay rewound already
    rig.put(us, 4)
    await rig.read(6)
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3, 4]


async def test_a_topic_that_lost_its_end_stands_still_until_its_source_sends_again(rig: Rig) -> None:
    us, them = new_alliance(), new_alliance()
    rig.put(us, 1, 2, 3)
    rig.put(them, 1)
    await rig.read()
    del rig.log.records[TOPIC][2:]
    await rig.read()
    rig.put(us, 5)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 4, "topic_lost"), "its beginning, read again, is no proof"
    rig.put(us, 1, 2, 3, 4, 5)
    await rig.read(6)
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3, 4, 5]
    assert await rig.stands(them) == ("tiny", 2, "topic_lost")


async def test_of_two_topics_lost_both_have_to_be_sent_again(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2)
    rig.put(us, 1, topic=OTHER)
    await rig.read()
    for topic in (TOPIC, OTHER):
        rig.log.make_again(topic)
    await rig.read()
    rig.put(us, 1, 2, 3)
    await rig.read(6)
    assert await rig.stands(us) == ("other", 2, "topic_lost")
    rig.put(us, 1, 2, topic=OTHER)
    await rig.read(6)
    assert await rig.stands(us) is None
    assert await rig.applied(us) == [1, 2, 3]
    assert await rig.applied(us, "other") == [1, 2]


async def test_what_stood_still_for_another_cause_does_so_again_after_a_lost_topic(rig: Rig) -> None:
    us = new_alliance()
    rig.faults[us, 1] = ZeroDivisionError()  # nothing of it was ever applied
    rig.put(us, 1, 2)
    await rig.read()
    rig.log.make_again(TOPIC)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 1, "topic_lost")
    rig.put(us, 1, 2)
    await rig.read(6)
    assert await rig.stands(us) == ("tiny", 1, "cannot_apply")
    rig.faults.clear()
    assert await resume(rig.store, us)
    await rig.read()
    assert await rig.applied(us) == [1, 2]


async def test_an_operator_who_knows_that_nothing_is_missing_resumes_a_lost_topic(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2)
    await rig.read()
    rig.log.make_again(TOPIC)
    rig.put(us, 3)
    await rig.read()
    assert await rig.applied(us) == [1, 2]
    assert await resume(rig.store, us)
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3]


async def test_positions_kept_before_topics_had_ids_stay_as_they_are(rig: Rig) -> None:
    us = new_alliance()
    rig.put(us, 1, 2)
    await rig.read()
    async with rig.tiny.connect() as connection:
        await connection.execute("UPDATE positions SET topic_id = NULL")
    rig.put(us, 3)
    await rig.read()
    assert await rig.applied(us) == [1, 2, 3]
    assert await rig.stands(us) is None
    rig.log.make_again(TOPIC)
    await rig.read()
    assert await rig.stands(us) == ("tiny", 4, "topic_lost")


class Stuck:
    """A reader that gives nothing although there is something, or none at all: it hangs."""

    def __init__(self, reader: Any, *, hangs: bool) -> None:
        self._reader = reader
        self._hangs = hangs

    async def poll(self, seconds: float, limit: int) -> Sequence[Any]:
        await self._reader.poll(0, 0)  # it has its partitions
        if self._hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def __aenter__(self) -> "Stuck":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_reader_that_stopped_is_noticed_and_made_anew(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    for name in ("POLL_SECONDS", "LOOK_SECONDS", "STUCK_SECONDS"):
        monkeypatch.setattr(follow_module, name, 0.1)
    us = new_alliance()
    rig.put(us, 1, 2)
    whole = rig.log.reader

    def reader(*arguments: Any) -> Any:
        made = whole(*arguments)
        return Stuck(made, hangs=hangs) if rig.log.readers <= 2 else made

    monkeypatch.setattr(rig.log, "reader", reader)
    async with running(rig.follower):
        await rig.follower.wait("tiny", us, 2, 20)
    assert rig.log.readers == 3
    assert await rig.applied(us) == [1, 2]


async def test_an_idle_follower_is_not_taken_for_stuck(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_SECONDS", "STUCK_SECONDS"):
        monkeypatch.setattr(follow_module, name, 0.01)
    us = new_alliance()
    rig.put(us, 1)
    async with running(rig.follower):
        looked = rig.log.ends_asked
        await until(lambda: looked_often(rig, looked + 10))
        rig.put(us, 2)
        await rig.follower.wait("tiny", us, 2, 10)
    assert rig.log.readers == 1


async def looked_often(rig: Rig, times: int) -> bool:
    return rig.log.ends_asked >= times
