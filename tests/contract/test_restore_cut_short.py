"""A service that looks where it last read its own topic, while its database does not answer in time."""

import asyncio
from uuid import uuid4

import pytest

from rigs.postgres import Postgres
from rigs.restoring import connected, guarded, prepared, topic_in_postgres


async def test_a_position_whose_reading_was_cut_short_is_read_again(
    postgres: Postgres, database: str
) -> None:
    await prepared(postgres, database)
    async with (
        topic_in_postgres(postgres) as topic,
        guarded(postgres, database, topic) as service,
        connected(postgres, database) as other,
    ):
        place = (topic.name, 0, uuid4())
        async with other.transaction():
            await other.execute("LOCK TABLE positions IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(service.restoration._start(*place), 0.1)
        assert await service.restoration._start(*place) == 0
